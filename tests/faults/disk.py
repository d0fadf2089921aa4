"""What a disk may hold after a power cut: a program's writes, recorded by strace, and every image they allow.

What was synced is there. Of what was written since, any part may be there: none, all, some writes and not those before
them, some sectors of a write. A file that was made or removed is so for certain once its folder was synced.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, pairwise
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[2]
SECTOR = 512
ONLY_IN_MEMORY = "-shm"
"""SQLite's index of its log: shared memory, which no power cut leaves behind."""
CALLS = "pwrite64,write,ftruncate,fsync,fdatasync,unlink,openat,rename,pwritev,writev,fallocate"
_LINE = re.compile(r"^(?P<pid>\d+) +(?P<resumed><\.\.\. )?(?P<call>\w+)(?: resumed>|\()(?P<rest>.*)$")
_FD = re.compile(r"^(?P<fd>\d+)<(?P<path>[^>]*)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a program did: ``made``, ``removed``, ``written``, ``cut``, ``synced`` or ``told`` (on its output)."""

    what: str
    name: str = ""
    offset: int = 0
    data: bytes = b""


def record(folder: Path, *arguments: str, inject: str = "") -> list[Step]:
    """Run this Python module with strace, and what it did to files in ``folder`` and said, in order.

    ``inject`` are calls that fail, in strace's words: ``fdatasync:error=EIO:when=5+7``.
    """
    trace = folder.parent / f"{folder.name}.trace"
    command = [
        "strace", "-f", "--seccomp-bpf", "-y", "-xx", "-s", "10000000", "-e", f"trace={CALLS}", "-o", str(trace),
        *(["-e", f"inject={inject}"] if inject else []), sys.executable, "-m",
    ]  # fmt: skip
    subprocess.run([*command, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with trace.open() as lines:
        steps = list(_steps(lines, folder))
    trace.unlink()
    return steps


def _steps(lines: Iterator[str], folder: Path) -> Iterator[Step]:
    begun: dict[str, str] = {}
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        pid, call, rest = match["pid"], match["call"], match["rest"]
        if match["resumed"]:
            rest = begun.pop(pid) + rest
            if call not in {"fsync", "fdatasync", "openat", "unlink"}:
                continue  # it counted from the moment it was begun
        elif rest.endswith("<unfinished ...>"):
            begun[pid] = rest.removesuffix("<unfinished ...>")
            if call in {"fsync", "fdatasync", "openat", "unlink"}:
                continue  # it counts once it is done
        yield from _step(call, rest, folder)


def _step(call: str, rest: str, folder: Path) -> Iterator[Step]:
    if re.search(r"\) += -1 ", rest[-200:]):
        return
    if call in {"openat", "unlink"}:
        path = Path(_bytes(_TEXT.search(rest)[1]).decode())
        if path.parent == folder and not path.name.endswith(ONLY_IN_MEMORY):
            if call == "unlink":
                yield Step("removed", path.name)
            elif "O_CREAT" in rest:
                yield Step("made", path.name)
        return
    target = _FD.match(rest)
    path = Path(_bytes(target["path"]).decode())
    if call == "write" and target["fd"] == "1":
        yield Step("told", data=_bytes(_TEXT.search(rest)[1]))
    elif call in {"fsync", "fdatasync"}:
        if folder in {path, path.parent}:
            yield Step("synced", "" if path == folder else path.name)
    elif path.parent == folder and not path.name.endswith(ONLY_IN_MEMORY):
        if call == "ftruncate":
            yield Step("cut", path.name, int(re.search(r", (\d+)", rest)[1]))
        elif call == "pwrite64":
            text = _TEXT.search(rest)
            assert not text[2], "strace left some of it out"
            yield Step("written", path.name, int(re.search(r", \d+, (\d+)", rest[text.end() :])[1]), _bytes(text[1]))
        else:
            raise NotImplementedError(f"{call} on {path}")


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


@dataclass(slots=True)
class _File:
    synced: bytearray = field(default_factory=bytearray)
    since: list[Step] = field(default_factory=list)


class Disk:
    """A folder as it is for certain, and what was done to it since."""

    def __init__(self, folder: Path) -> None:
        self._numbers = count()
        self._files: dict[int, _File] = {}
        self._synced: dict[str, int] = {}
        self._since: list[dict[str, int]] = []
        """The folder after each change that it has not been synced since."""
        for path in folder.iterdir():
            self._synced[path.name] = self._new(path.read_bytes())

    def _new(self, data: bytes = b"") -> int:
        number = next(self._numbers)
        self._files[number] = _File(bytearray(data))
        return number

    @property
    def _now(self) -> dict[str, int]:
        return self._since[-1] if self._since else self._synced

    def do(self, step: Step) -> None:
        """One step of the program."""
        if step.what == "made":
            if step.name not in self._now:
                self._since.append(self._now | {step.name: self._new()})
        elif step.what == "removed":
            self._since.append({name: number for name, number in self._now.items() if name != step.name})
        elif step.what == "synced" and not step.name:
            self._synced, self._since = self._now, []
        elif step.what == "synced":
            file = self._files[self._now[step.name]]
            for each in file.since:
                _apply(file.synced, each)
            file.since.clear()
        elif step.what in {"written", "cut"}:
            self._files[self._now[step.name]].since.append(step)

    def image(self, chance: Random) -> dict[str, bytes]:
        """One of the many things that a power cut now may leave."""
        names = chance.choice([self._synced, *self._since])
        return {name: _left_of(self._files[number], chance) for name, number in names.items()}


def _apply(data: bytearray, step: Step) -> None:
    size = step.offset if step.what == "cut" else max(len(data), step.offset + len(step.data))
    if size < len(data):
        del data[size:]
    else:
        data.extend(bytes(size - len(data)))
    data[step.offset : step.offset + len(step.data)] = step.data


def _left_of(file: _File, chance: Random) -> bytes:
    data, since = bytearray(file.synced), file.since
    way = chance.randrange(6)
    if way == 1:
        kept = list(since)
    elif way == 2:
        kept = since[: chance.randint(0, len(since))]
        kept += [part for part in _sectors(since[len(kept)]) if chance.random() < 0.5] if len(kept) < len(since) else []
    elif way == 3:
        kept = [step for step in since if chance.random() < 0.5]
    elif way == 4:
        kept = [part for step in since for part in _sectors(step) if chance.random() < 0.5]
    elif way == 5:
        kept = since[chance.randint(0, len(since)) :]
    else:
        kept = []
    for step in kept:
        _apply(data, step)
    return bytes(data)


def _sectors(step: Step) -> list[Step]:
    """A write in the pieces that a disk writes as one."""
    if step.what == "cut":
        return [step]
    edges = [0, *range(SECTOR - step.offset % SECTOR, len(step.data), SECTOR), len(step.data)]
    return [Step("written", step.name, step.offset + first, step.data[first:last]) for first, last in pairwise(edges)]


def without_syncs(steps: list[Step]) -> list[Step]:
    """The same, on a disk that says it has written and has not."""
    return [step for step in steps if step.what != "synced"]


def cuts(steps: list[Step], folder: Path, *, images: int, seed: int) -> Iterator[tuple[int, dict[str, bytes]]]:
    """So many power cuts, spread over the steps: how many steps were done, and what is left."""
    chance, disk = Random(seed), Disk(folder)
    points = sorted(chance.randint(0, len(steps)) for _ in range(images))
    done = 0
    for point in points:
        for step in steps[done:point]:
            disk.do(step)
        done = point
        yield point, disk.image(chance)


def lay(image: dict[str, bytes], folder: Path) -> None:
    """Put an image into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, data in image.items():
        (folder / name).write_bytes(data)
