"""The pinned sets: every package has a hash, none an address, and each licence is one we may build upon."""

import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ["build", "app", "dev", "octoprint", "node"]
# Written in parts, so that this file does not hold what it forbids.
ADDRESSES = re.compile(
    "|".join(
        [
            "--(extra-)?index" + "-url",
            "--find" + "-links",
            r"pypi\." + "org",
            "python" + "hosted",
            r"registry\.npm" + "js",
            r"https?://[^\s\"']+/" + "simple/",
            r"""["']resolved["']\s*:\s*["']""" + "http",
            r"proxy\.go" + "lang",
            "debian" + r"\.org/debian",
        ]
    )
)
ALLOWED = re.compile(
    r"\b(0BSD|MIT|MIT-0|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla Public|LGPL|Lesser General Public|EPL|Eclipse|Unlicense|Zlib|CC0)",
    re.IGNORECASE,
)
FORBIDDEN = re.compile(r"AGPL|Affero|\bGPL|SSPL|Proprietary|Commercial", re.IGNORECASE)


def pins(lock):
    """{name: (version, marker, hashes)} of one lock."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    found = {}
    for block in re.split(r"\n(?=[a-z0-9])", text):
        head = re.match(r"([a-z0-9._-]+)==([^\s;\\]+)(?: ; (.*?))?\s*(?:\\|$)", block, re.MULTILINE)
        if head:
            found.setdefault(head[1], []).append((head[2], head[3], re.findall(r"--hash=sha256:[0-9a-f]{64}", block)))
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_each_pin_has_a_hash(lock):
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    found = pins(lock)
    assert sum(map(len, found.values())) == len(re.findall(r"^[A-Za-z]", text, re.MULTILINE))
    assert [name for name, versions in found.items() for _, _, hashes in versions if not hashes] == []


def test_every_dependency_is_pinned_as_asked():
    found = pins("app")
    for line in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]:
        wanted = Requirement(line)
        ((version, _, _),) = found[wanted.name.lower()]
        assert wanted.specifier.contains(version), line


def test_development_uses_the_very_versions_of_the_application():
    app, dev = pins("app"), pins("dev")
    assert {n: [v[0] for v in app[n]] for n in app} == {n: [v[0] for v in dev[n]] for n in app}


def test_no_file_holds_the_address_of_a_package_index():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if not path.is_file() or path.suffix in {".png", ".ico", ".woff2"}:
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if ADDRESSES.search(line):
                found.append(f"{name}:{number}")
    assert found == []


def licence_of(name):
    about = metadata.metadata(name)
    words = [about.get("License-Expression") or "", (about.get("License") or "").split("\n")[0]]
    words += [c for c in about.get_all("Classifier") or [] if c.startswith("License ::")]
    return "; ".join(filter(None, words))


@pytest.mark.parametrize("name", sorted(pins("app")))
def test_the_licence_of_each_dependency_lets_us_ship_it(name):
    if all(marker and not Marker(marker).evaluate() for _, marker, _ in pins("app")[name]):
        return  # another platform's
    licence = licence_of(name)
    assert ALLOWED.search(licence), f"{name}: {licence!r}"
    assert not FORBIDDEN.search(licence), f"{name}: {licence!r}"
