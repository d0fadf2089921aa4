"""A day of a node, told line by line: CPython and MicroPython must tell the same."""

import json

from firmware_bridges.firmware.badge_node import console, readers, running
from firmware_bridges.firmware.badge_node import flash as flash_files
from firmware_bridges.firmware.badge_node.node import Node
from firmware_bridges.firmware.badge_node.wire import iso, opened, seconds_of
from tests.fakes import node_words as words


class Flash:
    def __init__(self) -> None:
        self.files = {}

    def names(self):
        return list(self.files)

    def read(self, name):
        if name not in self.files:
            raise OSError(2)
        return self.files[name]

    def append(self, name, data):
        self.files[name] = self.files.get(name, b"") + data

    def replace(self, name, data):
        self.files[name] = data

    def delete(self, name):
        self.files.pop(name, None)


def tell(node: Node, what: str) -> None:
    for channel, payload, _qos in node.take():
        value = json.loads(payload.split(b"\n")[0].decode())
        body = value["body"]
        for name in ("badge", "on_s", "wall_s", "active_s", "paused_s"):
            body.pop(name, None)
        told = " ".join(sorted(f"{key}={body[key]}" for key in body))
        good = opened(payload, words.topic(channel), words.KEY) is not None
        print("   {} {} {} {} {}".format(channel, value["seq"], value["kind"], told, good))
    print(f"{what}: {node.power.phase} drive={node.drive} face={node.face}")


def compiled() -> None:
    """What needs a microcontroller can at least be read here."""
    for name in ("board", "display", "main", "mqtt"):
        path = "firmware_bridges/firmware/badge_node/" + name + ".py"
        with open(path) as file:  # noqa: PTH123  (MicroPython)
            compile(file.read(), path, "exec")
    print(console.STEP_MS, flash_files.Flash.__name__, readers.crc_a(b"\x93\x20"), len(running.status(True)))


def main() -> None:
    compiled()
    flash = Flash()
    node = Node(words.settings(), flash, "000001")
    node.start(0)
    tell(node, "start")
    node.tapped(words.ADA, 100)
    tell(node, "without a list")
    node.linked(True, 200)
    node.tick(210)
    tell(node, "linked")
    node.heard("list", words.list_of(), 220)
    node.heard("list", words.said("list", "clock_told", {"nonce": "000001-1", "now_ms": 1000 * words.NOW}), 230)
    tell(node, "told the hour")
    node.linked(False, 300)
    node.tapped(words.BOB, 400)
    tell(node, "a stranger")
    node.tapped(words.ADA, 500)
    node.reads_back(True, 520)
    node.tick(2100)
    tell(node, "alone")
    node.runs(True, 2200)
    node.tick(400000)
    tell(node, "runs on")
    node.runs(False, 500000)
    node.tick(506000)
    tell(node, "has stopped")
    node.tick(630000)
    node.reads_back(False, 630010)
    node.tick(630020)
    tell(node, "quiet")
    node.linked(True, 640000)
    node.tick(640010)
    tell(node, "back")
    node.heard("receipt", words.said("receipt", "receipt", {"boot": "000001", "ranges": [[1, 5]]}), 640020)
    last = max(flash.files)
    names = [name for name in flash.names() if name.startswith("facts.")]
    flash.files[names[-1]] = flash.files[names[-1]][:-9]
    print(last, len(names))
    node = Node(words.settings(), flash, "000002")
    node.start(0)
    node.linked(True, 10)
    node.tick(20)
    tell(node, "another start")
    for bad in (words.list_of(version=6), words.list_of(version=8, key=b"x" * 32)):
        node.heard("list", bad, 30)
        print(node.listing.version)
    for text in (
        "2026-03-02T09:00:05.250000+00:00",
        "2024-02-29T23:59:59+00:00",
        "nonsense",
        "1970-01-01T00:00:00+00:00",
    ):
        seconds = seconds_of(text)
        print(text, seconds, iso(1000 * seconds) if seconds is not None else None)


if __name__ == "__main__":
    main()
