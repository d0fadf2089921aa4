"""The rules of the house that no import contract can say, read from the code itself."""

import ast
import re
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ["etabli", "dashboard", "firmware_bridges", "gateway", "devices"]
PURE = ["devices", "gateway/domain"]

CLOCKS = {"now", "utcnow", "today"}
CLOCK_OWNERS = {"datetime", "date", "dt"}
BANNED_MODULES = {"time", "random", "secrets"}
BANNED_NAMES = {("uuid", "uuid1"), ("uuid", "uuid4"), ("os", "environ"), ("os", "getenv"), ("os", "urandom")}

SQL = re.compile(
    r"^\s*(SELECT\b[\s\S]+\bFROM\b|INSERT\s+(OR\s+\w+\s+)?INTO\b|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\b"
    r"|(CREATE|DROP|ALTER)\s+(UNIQUE\s+)?(TABLE|INDEX|TRIGGER|VIEW)\b|PRAGMA\s+\w+|BEGIN\s+IMMEDIATE)"
)
# The store, the series, the bridge's own outbox; and InfluxQL, which only looks like SQL.
SQL_PLACES = (
    "gateway/adapters/sql/",
    "gateway/adapters/sql.py",
    "gateway/adapters/timeseries_sql",
    "firmware_bridges/outbox",
    "gateway/adapters/timeseries_influx",
    "gateway/adapters/grafana",
)


def sources(*folders):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text()


def imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, None, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                yield node.module, alias.name, node.lineno


def foreign_imports(text, own):
    """Lines that import anything but the standard library and the room itself."""
    allowed = sys.stdlib_module_names | {own}
    return [line for module, _, line in imports(ast.parse(text)) if module.split(".")[0] not in allowed]


def clocks_and_dice(text):
    """Lines that read a clock, an environment or chance."""
    tree, found = ast.parse(text), []
    for module, name, line in imports(tree):
        if module.split(".")[0] in BANNED_MODULES or (module, name) in BANNED_NAMES:
            found.append(line)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", None)
            if (node.attr in CLOCKS and owner in CLOCK_OWNERS) or (owner, node.attr) in BANNED_NAMES:
                found.append(node.lineno)
    return found


def publishes(text):
    """Lines that call anything's `.publish(`."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "publish"
    ]


def sql_texts(text):
    """Lines with a string that is an SQL statement."""
    tree = ast.parse(text)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
        and SQL.match(node.value)
    ]


def told(check, files):
    return [f"{name}:{line}" for name, text in files for line in check(text)]


def test_devices_import_only_the_standard_library():
    assert told(lambda text: foreign_imports(text, "devices"), sources("devices")) == []


def test_pure_rooms_read_no_clock_and_throw_no_dice():
    assert told(clocks_and_dice, sources(*PURE)) == []


def test_only_deliver_publishes():
    files = [(n, t) for n, t in sources("gateway/service") if not n.startswith("gateway/service/deliver")]
    assert told(publishes, files) == []


def test_sql_stands_in_its_adapters_only():
    assert told(sql_texts, [(n, t) for n, t in sources(*ROOMS) if not n.startswith(SQL_PLACES)]) == []


@pytest.mark.parametrize(
    ("check", "bad", "good"),
    [
        (
            lambda t: foreign_imports(t, "devices"),
            "import paho.mqtt.client",
            "from devices.topics import ROOT\nimport json",
        ),
        (lambda t: foreign_imports(t, "devices"), "from gateway import ports", "from . import codec"),
        (clocks_and_dice, "x = datetime.now(UTC)", "def f(now): return now"),
        (clocks_and_dice, "x = datetime.datetime.utcnow()", "x = datetime.fromisoformat(s)"),
        (clocks_and_dice, "from time import monotonic", "from datetime import time"),
        (clocks_and_dice, "import random", "chance = rng.random()"),
        (clocks_and_dice, "a = uuid.uuid4()", "a = uuid.UUID(s)"),
        (publishes, "self.bus.publish(topic, b'')", "publish = 1"),
        (sql_texts, "q = 'SELECT a FROM b'", "q = 'Select a machine from the list'"),
        (sql_texts, "q = '''\n  INSERT INTO t VALUES (1)'''", "def f():\n  'SELECT a FROM b'"),
        (sql_texts, "q = f'DELETE FROM {t}'", "q = 'UPDATE'"),
    ],
)
def test_each_rule_bites_and_only_where_it_should(check, bad, good):
    assert check(textwrap.dedent(bad)) != []
    assert check(textwrap.dedent(good)) == []
