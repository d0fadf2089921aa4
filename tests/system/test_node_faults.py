"""Each fault of the table, on the simulated node, on the firmware's own bench, and on a real one where a port is named."""

import json
import os
import pty
import subprocess
import sys
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import serial

from devices.simulated.badge_node import SimulatedNode
from firmware_bridges.firmware.badge_node.node import Node
from tests.fakes import node_words as words
from tests.system.node_faults import FAULTS, Driven, Fault

ROOT = Path(__file__).parents[2]
PORT = os.environ.get("ETABLI_NODE_PORT")


def noted(said: dict[tuple[str, int], dict[str, Any]], channel: str, payload: str) -> None:
    value = json.loads(payload.split("\n", maxsplit=1)[0])
    if channel == "fact":
        said.setdefault((value["boot"], value["seq"]), value)


class Simulated:
    """The node of `devices/simulated`, in no time."""

    def __init__(self) -> None:
        self._node, self._now, self._said = SimulatedNode(lambda f, boot: Node(words.settings(), f, boot)), 0.0, {}
        self._verbs: dict[str, Callable[..., Any]] = {
            "wait": lambda: (), "tap": lambda number: self._node.present(number, self._now),
            "link": lambda up: self._node.link(up, self._now), "runs": lambda busy: self._node.work(busy, self._now),
            "hear": self._heard, "hour": self._hour,
            "pretend": self._pretend, "tear": lambda lost: self._node.flash.tear(lost) or (),
        }  # fmt: skip
        self._keep(self._node.boot(0.0))

    def do(self, verb: str, *, seconds: float = 0.0, **what: Any) -> None:
        self._keep(self._verbs[verb](**what) or ())
        end = self._now + seconds
        while self._now < end:
            self._now = min(end, self._now + 0.1)
            self._keep(self._node.tick(self._now))

    def reset(self) -> None:
        self._node.cut()
        self._node.link(False, self._now)
        self._keep(self._node.boot(self._now))

    @property
    def contact(self) -> bool:
        return self._node.contact

    @property
    def face(self) -> tuple[str, str]:
        return self._node.brain.face

    def facts(self) -> list[dict[str, Any]]:
        return list(self._said.values())

    def _keep(self, said: Any) -> None:
        for channel, payload, _ in said:
            noted(self._said, channel, payload.decode())

    def _heard(self, channel: str, payload: str) -> Any:
        return self._node.hear(channel, payload.encode(), self._now)

    def _hour(self, now_ms: int) -> None:
        self._node.brain.clock.set(now_ms, int(1000 * (self._now - self._node._booted_at)))

    def _pretend(self, contact: bool | None) -> None:
        self._node.welded, self._node.dead = contact is True, contact is False


class OnALine:
    """A node that runs `badge_node.console`, at the other end of a serial line."""

    def __init__(self, port: str) -> None:
        self._line = serial.Serial(port, 115200, timeout=20)
        self._said, self._last = {}, {"contact": False, "face": ("", "")}
        self._until_hello()

    def do(self, verb: str, *, seconds: float = 0.0, **what: Any) -> None:
        self._line.write(json.dumps({"do": verb, "ms": int(1000 * seconds), **what}).encode() + b"\n")
        self._last = self._answer()
        for channel, payload in self._last["said"]:
            noted(self._said, channel, payload)

    def reset(self) -> None:
        self._line.write(b'{"do": "reset"}\n')
        self._until_hello()
        self.do("wait")

    @property
    def contact(self) -> bool:
        return bool(self._last["contact"])

    @property
    def face(self) -> tuple[str, str]:
        return tuple(self._last["face"])

    def facts(self) -> list[dict[str, Any]]:
        return list(self._said.values())

    def close(self) -> None:
        self._line.close()

    def _answer(self) -> dict[str, Any]:
        # A board's own boot messages stand between ours.
        while not (line := self._line.readline()).startswith(b"{"):
            assert line, "the node does not answer"
        return json.loads(line)

    def _until_hello(self) -> None:
        while "hello" not in self._answer():
            pass


@pytest.fixture(params=["simulated", "bench", *(["real"] if PORT else [])])
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Driven]:
    if request.param == "simulated":
        yield Simulated()
        return
    if request.param == "real":
        driven = OnALine(PORT)
        yield driven
        driven.close()
        return
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    program = subprocess.Popen(
        [sys.executable, "-u", "-m", "firmware_bridges.firmware.badge_node.console", str(tmp_path / "node")],
        cwd=ROOT, stdin=ours, stdout=ours,
    )  # fmt: skip
    driven = OnALine(os.ttyname(theirs))
    yield driven
    driven.close()
    program.kill()
    program.wait(10)
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_node_bears(fault: Fault, node: Driven) -> None:
    for step in fault.steps:
        step(node)
