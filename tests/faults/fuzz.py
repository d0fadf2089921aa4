"""Mutated input for every parser: only its documented error may come out, and never after more than 50 ms."""

import gc
import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from tarfile import TarInfo
from tarfile import open as open_tar

from devices.messages import AlarmRaised
from etabli.bootstrap.archive import FORMAT, MANIFEST
from firmware_bridges.outbox import Outbox
from tests.faults.mutate import Mutator
from tests.faults.parsers import AT, Parser, parsers_of_files, parsers_without_files

SLOW_S = 0.05
"""Of the processor's time: a machine that is busy with something else is no fault of a parser's."""
AGAIN = 3


@dataclass(kw_only=True)
class Fuzzed:
    """What became of one parser's inputs."""

    name: str
    inputs: int = 0
    refused: int = 0
    crashes: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    slowest_s: float = 0.0


def fuzz(folder: Path, *, inputs: int, seed: int) -> list[Fuzzed]:
    """So many inputs, each parser its share of them."""
    with _all(folder) as parsers:
        return [fuzz_one(parser, inputs=inputs * parser.share // 1000, seed=seed) for parser in parsers]


@contextmanager
def _all(folder: Path) -> Iterator[tuple[Parser, ...]]:
    with parsers_of_files(_outbox(folder), _archive()) as of_files:
        yield (*parsers_without_files(), *of_files)


def fuzz_one(parser: Parser, *, inputs: int, seed: int) -> Fuzzed:
    """Every input is made from the seed and its number, so that a failure can be had again."""
    found, mutator = Fuzzed(name=parser.name), Mutator(parser.seeds, Random(seed))
    gc.collect()
    gc.freeze()  # the collector's round over all that the tests have loaded is not the parser's time
    try:
        for _ in range(inputs):
            _one(parser, mutator.next(), found)
    finally:
        gc.unfreeze()
    return found


def _one(parser: Parser, data: bytes, found: Fuzzed) -> None:
    found.inputs += 1
    began = time.thread_time()
    try:
        parser.read(data)
    except parser.refuses:
        found.refused += 1
    except Exception as error:
        found.crashes.append(f"{parser.name}: {error!r:.200} for {data[:300]!r}")
    took = time.thread_time() - began
    if took > SLOW_S:
        took = min(_seconds(parser, data) for _ in range(AGAIN))
        if took > SLOW_S:
            found.slow.append(f"{parser.name}: {took:.3f} s for {data[:300]!r}")
    found.slowest_s = max(found.slowest_s, took)


def _seconds(parser: Parser, data: bytes) -> float:
    began = time.thread_time()
    try:
        parser.read(data)
    except Exception:
        pass
    return time.thread_time() - began


def _outbox(folder: Path) -> bytes:
    opened = Outbox(folder / "seed.db")
    for number in range(40):
        opened.append("d1", AlarmRaised(code="x", text=f"{number}"), at=AT, mono_s=number)
    opened.close()
    return (folder / "seed.db").read_bytes()


def _archive() -> bytes:
    """A small whole backup: one file, and what is said of it."""
    buffer, files = io.BytesIO(), {"data/badge.key": b"k" * 64, "configuration/etabli.toml": b"[lab]\n"}
    told = {
        "format": FORMAT, "site": "lyon", "made_at": AT.isoformat(), "revision": "0001",
        "files": {name: sha256(data).hexdigest() for name, data in files.items()}, "rows": {"members": 1},
    }  # fmt: skip
    with open_tar(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for name, data in {**files, MANIFEST: json.dumps(told).encode()}.items():
            entry = TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()
