"""How long a stranger waits for the demo, cold and warm, and what an idle lab weighs.

Cold is a fresh clone on a machine that has only Python, make and git: no uv on the PATH, no cache of packages.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from bench.figures import Figure, middle
from bench.running import RESOURCES, free_port, run, wait_ready

ROOT = Path(__file__).parent.parent
WARM_RUNS, COLD_LIMIT_S, SETTLE_S = 3, 300.0, 8.0


def measure() -> list[Figure]:
    """Ready times of ``make demo`` and the resident memory of ``etabli run``."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "etabli"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        cold = _demo(clone, COLD_LIMIT_S)
        warm = middle([_demo(clone, 60.0) for _ in range(WARM_RUNS)])
    with tempfile.TemporaryDirectory() as folder, run(Path(folder)) as running:
        time.sleep(SETTLE_S)
        rss = _rss_mb(running.pid)
    return [
        Figure("demo_ready_cold_s", cold, "s", "make demo in a fresh clone, pip without a cache, until it is ready",
               "≤ 90"),
        Figure("demo_ready_warm_s", warm, "s", f"the second time, median of {WARM_RUNS}", "≤ 5"),
        Figure("rss_idle_mb", rss, "MB",
               f"etabli run with {RESOURCES} resources, 18 bridges, idle for {SETTLE_S:g} s; without the broker's own",
               "≤ 150"),
    ]  # fmt: skip


def _bare_path(folder: Path) -> str:
    """A PATH with what a fresh machine has, and no uv."""
    folder.mkdir(exist_ok=True)
    found = {name: shutil.which(name) for name in ("python3", "make", "git", "mosquitto")}
    for name, target in found.items():
        link = folder / name
        if target and not link.exists():
            link.symlink_to(os.path.realpath(target) if name == "python3" else target)
    return f"{folder}:/usr/bin:/bin:/usr/sbin"


def _demo(clone: Path, limit_s: float) -> float:
    port = free_port()
    environment = {
        "PATH": _bare_path(clone.parent / "bin"), "HOME": str(clone.parent), "LANG": "C.UTF-8",
        "PIP_NO_CACHE_DIR": "1", **{key: value for key, value in os.environ.items() if key.startswith("PIP_")},
    }  # fmt: skip
    began = time.perf_counter()
    process = subprocess.Popen(
        ["make", "demo", f"PORT={port}"], cwd=clone, env=environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        wait_ready(port, limit_s)
        return time.perf_counter() - began
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=15)


def _rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024
