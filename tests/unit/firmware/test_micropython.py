"""The very files that run on the microcontroller, on MicroPython's own interpreter: it tells the same story as ours."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fakes import node_story

ROOT = Path(__file__).parents[3]
MICROPYTHON = ROOT / "tests/vendor/micropython"


def node_program() -> str | None:
    own = ROOT / ".venv-node/bin/node"
    return shutil.which("node") or (str(own) if own.exists() else None)


def test_the_core_tells_the_same_story_on_micropython(capsys: pytest.CaptureFixture[str]) -> None:
    program = node_program()
    if program is None or not MICROPYTHON.exists():
        pytest.skip("MicroPython is not here: `make assets` installs it from npm")
    node_story.main()
    here = capsys.readouterr().out

    firmware = sorted((ROOT / "firmware_bridges/firmware/badge_node").glob("*.py"))
    files = [*firmware, ROOT / "firmware_bridges/__init__.py", ROOT / "firmware_bridges/firmware/__init__.py"]
    files += [ROOT / "tests/fakes/node_words.py", ROOT / "tests/fakes/node_story.py"]
    ran = subprocess.run(
        [program, "tests/micropython.mjs", str(MICROPYTHON), "tests.fakes.node_story",
         *(str(path.relative_to(ROOT)) for path in files)],
        cwd=ROOT, capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == here.splitlines()
    assert "drive=True face=('granted', 'granted')" in here
