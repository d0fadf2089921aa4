"""A PostgreSQL of our own for the tests: a private cluster in a temporary folder, on a socket nobody else sees."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

READY_S = 30.0
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}
"""For tests: what they write need not outlive a power cut."""
_numbers = count(1)


def _program(name: str) -> Path | None:
    newest = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4].split(".")[0])
    )
    if newest:
        return newest[-1]
    found = shutil.which(name)
    return Path(found) if found else None


def _account() -> str | None:
    """Who may run it: never root; then the account that Debian's package made."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        pytest.skip("PostgreSQL will not run as root, and there is no account `postgres`")


@dataclass(frozen=True)
class PostgresServer:
    """A running cluster: ``url(name)`` is the address of a database in it."""

    folder: Path
    port: int
    pid: int

    def url(self, database: str) -> str:
        """The address of a database."""
        return f"postgresql://etabli@/{database}?host={self.folder}&port={self.port}"

    def create(self) -> str:
        """A new, empty database; its address."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        self._say(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def drop(self, url: str) -> None:
        """Away with a database, whoever is connected."""
        name = url.split("?", maxsplit=1)[0].rsplit("/", 1)[1]
        self._say(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _say(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A cluster for the whole run; skips where PostgreSQL is not installed."""
    with cluster(FAST) as server:
        yield server


@contextmanager
def cluster(manner: Mapping[str, str]) -> Iterator[PostgresServer]:
    """A cluster with these settings until the block ends."""
    initdb, postgres = _program("initdb"), _program("postgres")
    if initdb is None or postgres is None:
        pytest.skip("PostgreSQL is not installed (neither /usr/lib/postgresql/*/bin nor PATH)")
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="etabli-pg-", dir="/tmp"))
    try:
        if account:
            shutil.chown(folder, account)
        data = folder / "data"
        subprocess.run(
            [initdb, "-D", data, "-U", "etabli", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True, user=account, cwd=folder, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        settings = {
            "listen_addresses": "", "unix_socket_directories": str(folder), "shared_buffers": "32MB",
            "max_connections": "60", **manner,
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [postgres, "-D", data, *options], user=account, cwd=folder, stdout=log, stderr=log
            )
        try:
            yield _ready(PostgresServer(folder, 5432, server.pid), server)
        finally:
            # A fast shutdown: whoever is still connected is sent away.
            server.send_signal(signal.SIGINT)
            try:
                server.wait(READY_S)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ready(cluster: PostgresServer, server: "subprocess.Popen[bytes]") -> PostgresServer:
    deadline = time.monotonic() + READY_S
    while True:
        try:
            psycopg.connect(cluster.url("postgres")).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"PostgreSQL did not start:\n{(cluster.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)
        else:
            return cluster


@pytest.fixture(scope="module")
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty database for this test module."""
    url = postgres_server.create()
    yield url
    postgres_server.drop(url)
