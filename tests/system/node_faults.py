"""The faults that a node must bear, as a table: the same steps drive the simulated node and a real one on a serial port.

``ETABLI_NODE_PORT=/dev/ttyUSB0 make test ARGS=tests/system/test_node_faults.py`` for a real one, with
``badge_node.console.main()`` running on it and nothing but a lamp behind its relay.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from tests.fakes import node_words as words
from tests.fakes.node_words import ADA, BOB, NOW

FIFTY_YEARS = 50 * 365 * 86400


class Driven(Protocol):
    """A node, whatever it is made of. Seconds are the node's own."""

    def do(self, verb: str, *, seconds: float = 0.0, **what: Any) -> None:
        """Let something happen, then let time pass."""

    def reset(self) -> None:
        """Pull the plug and put it back."""

    @property
    def contact(self) -> bool:
        """Whether current can flow."""

    @property
    def face(self) -> tuple[str, str]:
        """What a person is shown."""

    def facts(self) -> list[dict[str, Any]]:
        """Everything that it has told so far, in order, each once."""


Step = Callable[[Driven], None]


@dataclass(frozen=True)
class Fault:
    """One row: what happens, and what must be."""

    name: str
    steps: tuple[Step, ...]


# --- what happens ---


def wait(seconds: float) -> Step:
    return lambda node: node.do("wait", seconds=seconds)


def tap(number: str = ADA) -> Step:
    return lambda node: node.do("tap", number=number, seconds=0.1)


def link(*, up: bool) -> Step:
    return lambda node: node.do("link", up=up, seconds=0.1)


def runs(*, busy: bool) -> Step:
    return lambda node: node.do("runs", busy=busy, seconds=0.1)


def hour(shift_s: int = 0) -> Step:
    return lambda node: node.do("hour", now_ms=1000 * (NOW + shift_s))


def told(payload: bytes) -> Step:
    return lambda node: node.do("hear", channel="list", payload=payload.decode())


def ordered(payload: bytes) -> Step:
    return lambda node: node.do("hear", channel="command", payload=payload.decode(), seconds=0.1)


def contact_stays(state: bool | None) -> Step:
    return lambda node: node.do("pretend", contact=state, seconds=1.0)


def tear(lost: int) -> Step:
    return lambda node: node.do("tear", lost=lost)


def power_cut(node: Driven) -> None:
    node.reset()


FURNISHED = (link(up=True), told(words.list_of()), hour(), link(up=False))
"""A list, the hour, and then nobody."""

# --- what must be ---


def on(node: Driven) -> None:
    assert node.contact


def off(node: Driven) -> None:
    assert not node.contact


def shown(code: str) -> Step:
    def check(node: Driven) -> None:
        assert node.face[1] == code

    return check


def receipt(node: Driven) -> None:
    """The gateway keeps all that it has heard, and room is made for more."""
    for boot in {each["boot"] for each in node.facts()}:
        ranges = [[each["seq"], each["seq"]] for each in node.facts() if each["boot"] == boot]
        payload = words.said("receipt", "receipt", {"boot": boot, "ranges": ranges}).decode()
        node.do("hear", channel="receipt", payload=payload, seconds=0.2)


def fact(kind: str, **body: Any) -> Step:
    def check(node: Driven) -> None:
        node.do("link", up=True, seconds=1.0)
        told = -1
        while told < len(node.facts()):
            told = len(node.facts())
            receipt(node)
        found = [each["body"] for each in node.facts() if each["kind"] == kind]
        assert any(body.items() <= each.items() for each in found), found
        node.do("link", up=False)

    return check


FAULTS = (
    Fault("nobody answers, and the list lets in whom it names", (
        *FURNISHED, tap(BOB), shown("badge_unknown"), off, tap(), shown("granted"), on,
        fact("tap_decided", outcome="granted", list_version=7),
    )),
    Fault("no list at all", (link(up=False), tap(), shown("no_list"), off)),
    Fault("the network goes while it runs, and for hours", (
        *FURNISHED, tap(), wait(2), runs(busy=True), wait(3000), on, runs(busy=False), wait(200), off,
        fact("power_reported", on=False, cause="quiet"),
    )),
    Fault("a hard ceiling, although it runs", (
        *FURNISHED, tap(), wait(2), runs(busy=True), wait(3700), off, fact("power_reported", on=False, cause="ceiling"),
        runs(busy=False),
    )),
    Fault("mains gone: off, and only a new tap", (
        *FURNISHED, tap(), on, power_cut, off, wait(120), off, tap(), shown("clock_unproved"), off, hour(), tap(), on,
    )),
    Fault("a contact that does not open", (
        *FURNISHED, tap(), wait(11), contact_stays(True), tap(), wait(1), tap(), shown("interlock_unknown"),
        fact("power_reported", on=None), fact("alarm_raised", code="relay-unknown"), contact_stays(None), off,
        fact("alarm_cleared", code="relay-unknown"),
    )),
    Fault("an emergency stop upstream, released", (
        *FURNISHED, contact_stays(False), tap(), wait(1), contact_stays(None), wait(30), off,
    )),
    Fault("a clock fifty years late, then fifty early", (
        *FURNISHED, hour(-FIFTY_YEARS), tap(), shown("list_expired"), off, wait(1), hour(FIFTY_YEARS), tap(),
        shown("list_expired"), off, hour(), tap(), on, wait(20), hour(FIFTY_YEARS), wait(200), off,
        fact("power_reported", on=False, cause="quiet"),
    )),
    Fault("a list that is older", (
        *FURNISHED, link(up=True), told(words.list_of(version=6, people=[words.person(BOB)])), link(up=False), tap(BOB), shown("badge_unknown"), tap(), on,
        fact("alarm_raised", code="list-refused"),
    )),
    Fault("a list that is forged", (
        *FURNISHED, link(up=True), told(words.list_of(key=b"f" * 32, version=9, people=[words.person(BOB)])),
        link(up=False), tap(BOB),
        shown("badge_unknown"), off, tap(), on, fact("alarm_raised", code="list-refused"),
    )),
    Fault("a list past its date", (
        *FURNISHED, hour(4 * 86400), tap(), shown("list_expired"), off, fact("alarm_raised", code="list-expired"),
    )),
    Fault("a right taken back reaches it before the network goes", (
        *FURNISHED, link(up=True), told(words.list_of(version=8, people=[])), link(up=False), tap(), shown("badge_unknown"),
        off,
    )),
    Fault("an order recorded yesterday", (
        *FURNISHED, link(up=True),
        ordered(words.order(True, "old", datetime.fromtimestamp(NOW - 86400, UTC).isoformat())), off,
        ordered(words.order(True, "forged", datetime.fromtimestamp(NOW + 3, UTC).isoformat())[:-1] + b"-"), off,
    )),
    Fault("flash torn in the middle of a line", (
        *FURNISHED, tap(BOB), wait(1), tap(), on, tear(20), power_cut, off, fact("badge_tapped"),
        fact("nonsense_heard", what="flash", count=1), fact("power_reported", on=False, cause="boot"),
    )),
)  # fmt: skip
