"""A node on a bench: the same core, coil, contact and flash, but a script gives the time, the badges and the messages.

``badge_node.console.main()`` on the board, or ``python -m firmware_bridges.firmware.badge_node.console FOLDER`` on a desk.
One JSON object a line in, one out. Nothing here serves a machine in use.
"""

import json
import sys

from .node import Node

try:
    from typing import Any
except ImportError:
    pass  # MicroPython reads no annotations

STEP_MS = 100


class Console:
    """One node, driven by lines. ``board`` has ``coil`` and ``reads_back``; ``pretended`` stands for a contact at fault."""

    def __init__(self, settings: "dict[str, Any]", board: "Any", flash: "Any") -> None:
        self._board, self._flash, self._ms = board, flash, 0
        self._pretended: bool | None = None
        self.node = Node(settings, flash, flash.boot())
        self.node.start(0)

    def obey(self, order: "dict[str, Any]") -> "dict[str, Any]":
        """Do what a line says, let its time pass, and tell what is."""
        node, do = self.node, order["do"]
        if do == "tap":
            node.tapped(order["number"], self._ms)
        elif do == "runs":
            node.runs(order["busy"], self._ms)
        elif do == "link":
            node.linked(order["up"], self._ms)
        elif do == "hear":
            node.heard(order["channel"], order["payload"].encode(), self._ms)
        elif do == "hour":
            node.clock.set(order["now_ms"], self._ms)
        elif do == "pretend":
            self._pretended = order["contact"]
        elif do == "tear":
            self._tear(order["lost"])
        until = self._ms + order.get("ms", 0)
        self._step()
        while self._ms < until:
            self._ms = min(until, self._ms + STEP_MS)
            self._step()
        said = [[channel, payload.decode()] for channel, payload, _qos in node.take()]
        return {"drive": node.drive, "face": list(node.face), "contact": self._contact(), "said": said}

    def _contact(self) -> bool:
        return bool(self._board.reads_back()) if self._pretended is None else self._pretended

    def _step(self) -> None:
        self._board.coil(self.node.drive)
        self.node.reads_back(self._contact(), self._ms)
        self.node.tick(self._ms)
        self._board.coil(self.node.drive)

    def _tear(self, lost: int) -> None:
        names = [name for name in self._flash.names() if name.startswith("facts.")]
        if names:
            data = self._flash.read(max(names))
            self._flash.replace(max(names), data[: max(0, len(data) - lost)])


def serve(make: "Any", restart: "Any") -> None:
    """Answer lines until one says ``reset``: that is a power cut."""
    console = make()
    print(json.dumps({"hello": "badge_node"}))
    for line in sys.stdin:
        if not line.strip():
            continue
        order = json.loads(line)
        if order["do"] == "reset":
            restart()
            return
        print(json.dumps(console.obey(order)))


class _Desk:
    """A relay that does as it is told."""

    def __init__(self) -> None:
        self._on = False

    def coil(self, on: bool) -> None:
        self._on = on

    def reads_back(self) -> bool:
        return self._on


def main() -> None:
    """On the board: with its own pins, its own flash, and the keys of the script."""
    import machine

    from .board import Board
    from .flash import Flash
    from .main import told

    settings = told()
    serve(lambda: Console(bench(settings), Board(settings["pins"], {}), Flash("bench")), machine.reset)


def bench(settings: "dict[str, Any]") -> "dict[str, Any]":
    """Names and keys that everybody knows: a bench opens no machine."""
    known = {"site": "lab", "device": "laser-node", "key": bytes(range(32)), "badge_key": bytes(range(32, 64))}
    told = dict(settings)
    told.update(known)
    return told


def desk() -> None:
    """On a desk: a process that starts itself anew is the power cut."""
    import os

    from .flash import Flash

    def again() -> None:
        os.execv(sys.executable, [sys.executable, "-m", "firmware_bridges.firmware.badge_node.console", sys.argv[1]])

    serve(lambda: Console(bench({}), _Desk(), Flash(sys.argv[1])), again)


if __name__ == "__main__":
    desk()
