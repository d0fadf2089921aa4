"""The whole program, killed with ``kill -9`` and started again: how long nobody is served."""

import os
import subprocess
import sys
import time
from pathlib import Path

from bench.running import configuration, wait_ready
from tests.ports import free_port

ROOT = Path(__file__).parents[2]


def ready_again(folder: Path, *, kills: int) -> list[float]:
    """Seconds from each kill until it is ready, on a lab of twelve machines with its own broker."""
    port, took = free_port(), []
    config = folder / "etabli.toml"
    config.write_text(configuration(port, free_port()))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began = None
    with (folder / "log").open("wb") as log:
        for _ in range(kills + 1):
            process = subprocess.Popen(
                [sys.executable, "-m", "etabli", "-c", str(config), "run"], env=environment, stdout=log, stderr=log
            )
            try:
                wait_ready(port)
                if began is not None:
                    took.append(time.monotonic() - began)
                began = time.monotonic()
            finally:
                process.kill() if len(took) < kills else process.terminate()
                process.wait(timeout=10)
    return took
