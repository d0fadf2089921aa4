"""A lab in one file and back: while it runs, with its keys and its outbox; and nothing is put back that is not whole."""

import io
import json
import shutil
import sqlite3
import tarfile
import threading

import pytest

from etabli.bootstrap.archive import MANIFEST, read
from gateway.ports.errors import BadConfiguration
from tests.system.conftest import get_json
from tests.system.test_real_lab import eventually, post

pytestmark = pytest.mark.slow


@pytest.fixture
def lab(etabli, start, tmp_path, free_port):
    """A lab that runs, with a member of its own."""
    web = free_port()
    assert etabli("init")[0] == 0
    file = tmp_path / "etabli.toml"
    file.write_text(file.read_text().replace("8080", str(web)).replace("1883", str(free_port())))
    (tmp_path / "secrets").mkdir(mode=0o700)
    (tmp_path / "secrets" / "smtp").write_text("hidden\n")
    running = start("run")
    running.line_with("Prêt", 30)
    token = json.loads(etabli("token", "create", "--role", "manager", "--json")[1])["token"]
    root = f"http://127.0.0.1:{web}"
    post(f"{root}/api/v1/members", token, first_name="Ada")
    return running, root, token


def test_a_lab_is_backed_up_while_it_runs_and_is_put_back_elsewhere_as_it_was(lab, etabli, start, tmp_path):
    running, root, token = lab
    stop, written = threading.Event(), []

    def write():
        while not stop.is_set():
            written.append(post(f"{root}/api/v1/members", token, first_name=f"M{len(written)}")["id"])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        eventually("somebody writes", lambda: len(written) > 5)
        before = len(written)
        code, out, err = etabli("backup", "lab.tar.gz", "--json")
    finally:
        stop.set()
        writer.join()
    assert code == 0, err
    told = json.loads(out)
    assert told["rows"]["members"] >= before + 1
    assert etabli("backup", "lab.tar.gz")[0] == 1, "a backup is never written over"
    assert etabli("backup", "var/lab.tar.gz")[0] == 1, "nor into the folder that it holds"
    assert not list((tmp_path / "var").glob("lab.tar.gz*"))
    key = (tmp_path / "var" / "badge.key").read_text()
    assert etabli("restore", "lab.tar.gz")[0] == 1, "never over a lab that is there"
    assert running.end()[0] == 0

    shutil.rmtree(tmp_path / "var")
    shutil.rmtree(tmp_path / "secrets")
    (tmp_path / "etabli.toml").unlink()
    code, out, err = etabli("restore", "lab.tar.gz")
    assert code == 0, err
    assert (tmp_path / "var" / "badge.key").read_text() == key
    assert (tmp_path / "secrets" / "smtp").read_text() == "hidden\n"
    assert (tmp_path / "var" / "etabli.db").stat().st_mode & 0o077 == 0
    start("run").line_with("Prêt", 30)
    names = set()
    address = f"{root}/api/v1/members?limit=200"
    names |= {member["first_name"] for member in get_json(address, token)["items"]}
    assert {"Ada", "M0", f"M{before - 1}"} <= names or told["rows"]["members"] > 200


@pytest.fixture
def archive(etabli, tmp_path):
    """A backup of a lab that was only set up."""
    assert etabli("init")[0] == 0
    assert etabli("migrate")[0] == 0
    code, _, err = etabli("backup", "lab.tar.gz")
    assert code == 0, err
    shutil.rmtree(tmp_path / "var")
    return tmp_path / "lab.tar.gz"


def rewritten(archive, change):
    """The same archive with one file in it changed."""
    other = archive.with_name("other.tar.gz")
    with tarfile.open(archive) as old, tarfile.open(other, "w:gz") as new:
        for entry in old.getmembers():
            data = change(entry.name, old.extractfile(entry).read())
            entry.size = len(data)
            new.addfile(entry, io.BytesIO(data))
    return other


def test_a_backup_that_is_not_whole_is_refused_and_changes_nothing(archive, etabli, tmp_path):
    data = archive.read_bytes()
    for name, broken in {"cut": data[: len(data) // 2], "empty": b"", "no archive": b"hello" * 100}.items():
        archive.with_name("broken.tar.gz").write_bytes(broken)
        code, _, err = etabli("restore", "broken.tar.gz")
        assert code == 1, name
        assert "sauvegarde entière" in err, name
    flipped = rewritten(archive, lambda name, old: old[:-1] + b"x" if name.endswith("badge.key") else old)
    with pytest.raises(BadConfiguration, match=r"badge\.key"):
        read(flipped)
    for said in (lambda told: {name: each for name, each in told.items() if name != "made_at"}, lambda told: [told]):
        odd = rewritten(
            archive,
            lambda name, old, said=said: json.dumps(said(json.loads(old))).encode() if name == MANIFEST else old,
        )
        with pytest.raises(BadConfiguration, match="manifest"):
            read(odd)
    assert not (tmp_path / "var").exists()


def test_a_backup_of_a_newer_version_is_refused_with_what_helps(archive, etabli, tmp_path):
    def newer(name, old):
        return json.dumps(json.loads(old) | {"revision": "9999"}).encode() if name == MANIFEST else old

    code, _, err = etabli("restore", rewritten(archive, newer).name)
    assert code == 1
    assert "git pull" in err
    assert not (tmp_path / "var").exists()


def test_a_database_that_is_damaged_is_not_backed_up_in_silence(etabli, tmp_path):
    assert etabli("init")[0] == 0
    assert etabli("migrate")[0] == 0
    database = tmp_path / "var" / "etabli.db"
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with database.open("r+b") as opened:
        opened.seek(8192)
        opened.write(b"\xff" * 8192)
    code, _, err = etabli("backup", "lab.tar.gz")
    assert code == 1
    assert err
    assert not list(tmp_path.glob("*.tar.gz*"))
