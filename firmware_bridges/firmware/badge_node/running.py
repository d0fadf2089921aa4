"""The loop around the core, the same on the microcontroller and on a desk: ``board`` and ``net`` are handed in."""

import json

from .node import Node
from .wire import VERSION

try:
    from typing import Any
except ImportError:
    pass  # MicroPython reads no annotations

CHANNELS = ("command", "receipt", "list")


def status(online: bool) -> bytes:
    """Presence, also the will."""
    return json.dumps({"v": VERSION, "kind": "status", "body": {"online": online}}).encode()


class Running:
    """One node at work. ``connect(will, topics, hear, linked)`` gives the way to the broker."""

    def __init__(self, settings: "dict[str, Any]", board: "Any", flash: "Any", connect: "Any") -> None:
        self.node = Node(settings, flash, flash.boot())
        self._board, self._ms = board, 0
        self._topics = {self.node.out.topic(channel): channel for channel in CHANNELS}
        self._status = self.node.out.topic("status")
        self._net = connect((self._status, status(False)), sorted(self._topics), self._hear, self._linked)
        self._face: tuple[str, str] | None = None
        board.coil(False)
        self.node.start(0)

    def step(self, ms: int) -> None:
        """Once around; at least ten times a second."""
        node, board = self.node, self._board
        self._ms = ms
        self._net.poll(ms)
        read_back = board.reads_back()
        if read_back is not None:
            node.reads_back(read_back, ms)
        node.runs(board.runs(), ms)
        try:
            number = board.badge(ms)
        except OSError:
            number = None  # a reader with a loose wire reads nothing; the machine goes on
        if number is not None:
            node.tapped(number, ms)
        node.tick(ms)
        board.coil(node.drive)
        for channel, payload, _qos in node.take():
            self._net.publish(node.out.topic(channel), payload)
        if node.face != self._face:
            self._face = node.face
            board.show(node.face[0], node.face[1], node.clock.gateway_there(ms))
        board.play(ms)

    def _hear(self, topic: str, payload: bytes) -> None:
        channel = self._topics.get(topic)
        if channel is not None:
            self.node.heard(channel, payload, self._ms)
            self._board.coil(self.node.drive)

    def _linked(self, up: bool) -> None:
        self.node.linked(up, self._ms)
        if up:
            self._net.publish(self._status, status(True), True)
