import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from firmware_bridges import registry
from firmware_bridges.registry import BRIDGES, BridgeKind, load
from gateway.ports.errors import BadConfiguration

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("kind", BRIDGES)
def test_each_kind_has_its_settings_and_its_maker(kind):
    settings, build = load(kind)
    assert issubclass(settings, BaseModel)
    assert callable(build)
    assert BRIDGES[kind].reaches


def test_an_unknown_kind_is_answered_with_those_there_are():
    with pytest.raises(BadConfiguration) as error:
        load("grbl-serail")
    assert "grbl-serail" in str(error.value)
    for kind in BRIDGES:
        assert kind in str(error.value)


def test_a_library_that_is_missing_is_named(monkeypatch, tmp_path):
    (tmp_path / "needs_much.py").write_text("import a_library_nobody_has\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(registry.BRIDGES, "needs-much", BridgeKind(module="needs_much", reaches="nothing"))
    with pytest.raises(BadConfiguration, match="a_library_nobody_has"):
        load("needs-much")


def test_nothing_heavy_is_imported_for_a_bridge_nobody_configured():
    code = "import sys, firmware_bridges.registry; sys.exit(any(n in sys.modules for n in ('serial', 'octorest', 'requests')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_every_module_that_makes_a_bridge_is_in_the_list():
    makers = {
        f"firmware_bridges.{path.stem}"
        for path in (ROOT / "firmware_bridges").glob("*.py")
        if "\ndef build(" in path.read_text()
    }
    assert makers <= {row.module for row in BRIDGES.values()}
