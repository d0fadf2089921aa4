"""The node as people meet it: with the gateway, without it, through cuts; and what no order of events may do."""

import copy
import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.simulated.badge_node import SimulatedFlash, SimulatedNode
from firmware_bridges.firmware.badge_node import power
from firmware_bridges.firmware.badge_node.node import Node
from firmware_bridges.firmware.badge_node.power import TABLE
from tests.fakes import node_words as words
from tests.fakes.node_words import ADA, BOB, NOW


class Bench:
    """A node on a desk: time moves in steps, everything it says is kept."""

    def __init__(self, **more) -> None:
        self.now, self.said, self._id = 0.0, [], 0
        self.causes, self.rises = [], 0
        self.node = SimulatedNode(lambda flash, boot: self.watched(Node(words.settings(**more), flash, boot)))
        self.keep(self.node.boot(0.0))

    def watched(self, node: Node) -> Node:
        """Note each end of power, also while nobody hears of it, and how often the coil was driven."""
        fact = node.out.fact

        def noted(kind, body, *rest):
            if kind == "power_reported" and body["on"] is not True:
                self.causes.append(body["cause"])
            return fact(kind, body, *rest)

        switch = node.power._switch

        def switched(on, ms):
            self.rises += on
            switch(on, ms)

        node.out.fact, node.power._switch = noted, switched
        return node

    def keep(self, said) -> None:
        self.said += [(channel, json.loads(payload.split(b"\n")[0])) for channel, payload, _ in said]

    def later(self, seconds: float, step: float = 0.1) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + step)
            self.keep(self.node.tick(self.now))

    def tap(self, number: str = ADA) -> tuple[str, str]:
        self.keep(self.node.present(number, self.now))
        return self.node.brain.face if self.node.brain is not None else ("", "")

    def hear(self, channel: str, payload: bytes) -> None:
        self.keep(self.node.hear(channel, payload, self.now))

    def expires(self, seconds: float = 5) -> str:
        return (datetime.fromtimestamp(NOW, UTC) + timedelta(seconds=self.now + seconds)).isoformat()

    def order(self, on: bool = True, *, life: float = 5, **more) -> None:
        self._id += 1
        self.hear("command", words.order(on, f"o{self._id}", self.expires(life), **more))

    def verdict(self, tone: str, code: str) -> None:
        self._id += 1
        self.hear("command", words.verdict(tone, code, f"v{self._id}", self.expires()))

    def furnish(self, **more) -> None:
        """A link, a list, and the hour."""
        self.link(True)
        self.hear("list", words.list_of(**more))
        self.tell_hour()

    def link(self, up: bool) -> None:
        self.keep(self.node.link(up, self.now))

    def tell_hour(self, now_s: int | None = None) -> None:
        asked = [value["body"]["nonce"] for channel, value in self.said if channel == "ask"][-1]
        told = {"nonce": asked, "now_ms": int(1000 * (NOW + self.now if now_s is None else now_s))}
        self.hear("list", words.said("list", "clock_told", told))

    def facts(self, kind: str) -> list[dict]:
        self.link(True)
        self.later(1)
        found = {(v["boot"], v["seq"]): v["body"] for c, v in self.said if c == "fact" and v["kind"] == kind}
        return [found[key] for key in sorted(found)]


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.furnish()
    return bench


def test_the_gateway_is_asked_first_and_its_word_goes(bench: Bench) -> None:
    assert bench.tap(BOB) == ("wait", "asking")  # not on the list: the gateway knows better
    bench.order(ceiling_s=60)
    bench.verdict("granted", "granted")
    assert bench.node.contact
    assert bench.node.brain.face == ("granted", "granted")
    bench.later(61)
    assert not bench.node.contact  # its own timer: the ceiling that came with the order
    assert bench.facts("tap_decided") == []


def test_an_unanswered_tap_is_decided_by_the_list_in_time_and_says_by_which(bench: Bench) -> None:
    bench.tap()
    bench.later(0.5)
    assert not bench.node.contact
    bench.later(0.2)
    assert bench.node.contact
    (decided,) = bench.facts("tap_decided")
    assert (decided["outcome"], decided["list_version"], decided["until_s"]) == ("granted", 7, 3600)


def test_while_it_is_known_to_be_away_nobody_waits_for_it(bench: Bench) -> None:
    bench.link(False)
    assert bench.tap() == ("granted", "granted")
    assert bench.node.contact
    assert bench.tap(BOB) == ("refused", "in_use")
    assert bench.tap() == ("noted", "tap_again")
    bench.later(11)
    assert bench.tap() == ("noted", "session_closed")
    assert not bench.node.contact
    assert [fact["cause"] for fact in bench.facts("power_reported")] == ["boot", "tap", "tap"]


def test_a_gateway_that_is_not_heard_yet_is_asked_again_soon_and_only_a_no_waits_for_it() -> None:
    bench = Bench()
    bench.link(True)
    bench.later(10)
    assert len([channel for channel, _ in bench.said if channel == "ask"]) == 4
    assert bench.tap() == ("wait", "asking")  # no list: it may be there after all
    bench.later(1)
    assert bench.node.brain.face == ("refused", "no_list")
    bench.hear("list", words.list_of())
    bench.node.brain.clock.set(1000 * NOW, 0)
    assert bench.tap() == ("granted", "granted")  # a yes needs nobody


def test_what_waits_is_sent_at_once_when_the_gateway_is_heard_again(bench: Bench) -> None:
    bench.tap()
    bench.later(1)
    before = len(bench.said)
    bench.later(3)
    bench.tell_hour()
    again = [v["seq"] for channel, v in bench.said[before:] if channel == "fact"]
    assert again == sorted(again)
    assert len(again) >= 4


NONSENSE = (None, -1, 2**40, "", "x" * 40, [], [[1]], [None], {}, {"x": 1}, True, 1.5)


def test_no_message_stops_what_watches_a_machine_not_even_a_signed_one() -> None:
    dice, bench = random.Random(11), Bench()
    bench.furnish()
    bench.link(False)
    bench.tap()
    bench.later(2)
    bench.keep(bench.node.work(True, bench.now))
    bench.link(True)
    told = [
        (
            "list",
            "access_list",
            words.listed(booked=[{"starts_s": NOW, "ends_s": NOW + 9, "person": 0}], open=[[1, 2]]),
        ),
        ("list", "clock_told", {"nonce": "000001-1", "now_ms": 1000 * NOW}),
        ("receipt", "receipt", {"boot": "000001", "ranges": [[1, 1]]}),
        ("command", "show_verdict", {"id": "a", "expires_at": bench.expires(), "tone": "granted", "code": "granted"}),
        ("command", "set_power", {"id": "b", "expires_at": bench.expires(), "on": True, "ceiling_s": 60}),
    ]
    for number in range(3000):
        channel, kind, body = copy.deepcopy(dice.choice(told))
        place = dice.choice([body, *(v for v in body.values() if isinstance(v, dict)), *body.get("people", ())])
        place[dice.choice([*place, "other"])] = copy.deepcopy(dice.choice(NONSENSE))
        if "version" in body and isinstance(body["version"], int):
            body["version"] = 8 + number
        payload = bytearray(words.said(channel, kind, body))
        if dice.random() < 0.3:
            payload[dice.randrange(len(payload))] ^= 1 << dice.randrange(8)
        bench.hear(channel, bytes(payload))
        if number % 50 == 0:
            bench.tap(BOB)
            bench.later(0.7)
    assert bench.node.contact
    assert bench.node.brain.power.phase in ("running", "leaving")


def test_an_answer_that_comes_after_the_nodes_own_switches_nothing_on(bench: Bench) -> None:
    bench.tap(BOB)
    bench.later(0.7)
    assert bench.node.brain.face == ("refused", "badge_unknown")
    bench.order()
    assert not bench.node.contact


@pytest.mark.parametrize("life", [-10, 60])
def test_an_order_that_has_expired_or_lives_too_long_is_not_obeyed(bench: Bench, life: float) -> None:
    bench.tap()
    bench.order(life=life)
    assert not bench.node.contact


def test_an_order_is_obeyed_once_and_only_with_the_gateways_signature(bench: Bench) -> None:
    order = words.order(True, "once", bench.expires())
    bench.hear("command", order[:-3] + b"000")
    assert not bench.node.contact
    bench.hear("command", order)
    assert bench.node.contact
    bench.order(on=False)
    bench.hear("command", order)
    assert not bench.node.contact
    assert {"code": "forged-message"} in bench.facts("alarm_raised")


def test_before_its_hour_is_proved_an_order_switches_nothing_on() -> None:
    bench = Bench()
    bench.link(True)
    bench.hear("list", words.list_of())
    bench.order()
    assert not bench.node.contact
    bench.hear("list", words.said("list", "clock_told", {"nonce": "recorded-long-ago", "now_ms": 1000 * NOW}))
    bench.order()
    assert not bench.node.contact


def test_an_hour_before_the_list_was_made_is_not_believed(bench: Bench) -> None:
    bench.later(31)
    bench.tell_hour(NOW - 50 * 365 * 86400)
    assert {"code": "clock-went-back"} in bench.facts("alarm_raised")
    bench.link(False)
    assert bench.tap() == ("granted", "granted")


def test_what_runs_is_not_cut_by_any_end_but_the_ceiling(bench: Bench) -> None:
    bench.link(False)
    bench.tap()
    bench.later(2)
    bench.keep(bench.node.work(True, bench.now))
    bench.later(11)
    assert bench.tap() == ("noted", "person_gone")
    bench.later(600, step=1)
    assert bench.node.contact
    bench.keep(bench.node.work(False, bench.now))
    bench.later(6)
    assert not bench.node.contact
    assert bench.facts("power_reported")[-1]["cause"] == "job_done"


def test_alone_and_quiet_it_goes_off_but_not_while_the_gateway_is_there(bench: Bench) -> None:
    bench.tap()
    bench.order()
    bench.verdict("granted", "granted")
    for _ in range(10):
        bench.later(30)
        bench.tell_hour()
    assert bench.node.contact
    bench.link(False)
    bench.later(200, step=1)
    assert not bench.node.contact
    assert bench.facts("power_reported")[-1]["cause"] == "quiet"


def test_its_own_switch_left_on_is_caught_before_anybody_is_hurt(bench: Bench) -> None:
    bench.link(False)
    bench.node.running = False
    bench.tap()
    bench.keep(bench.node.work(True, bench.now))
    assert not bench.node.contact
    assert {"code": "started-by-itself"} in bench.facts("alarm_raised")


def test_after_a_cut_it_is_off_until_a_new_tap_and_knows_no_hour(bench: Bench) -> None:
    bench.link(False)
    bench.tap()
    bench.node.cut()
    assert not bench.node.contact
    bench.keep(bench.node.boot(bench.now))
    bench.later(60, step=1)
    assert not bench.node.contact
    assert bench.tap() == ("refused", "clock_unproved")
    bench.link(True)
    bench.tell_hour()
    bench.link(False)
    assert bench.tap() == ("granted", "granted")


def test_a_welded_contact_is_never_shown_as_off(bench: Bench) -> None:
    bench.link(False)
    bench.tap()
    bench.node.welded = True
    bench.later(11)
    bench.tap()
    bench.later(1)
    assert bench.node.contact
    assert bench.tap() == ("refused", "interlock_unknown")
    assert bench.facts("power_reported")[-1]["on"] is None
    bench.node.welded = False
    bench.later(1)
    assert bench.facts("power_reported")[-1]["on"] is False
    assert [fact["code"] for fact in bench.facts("alarm_cleared")] == ["relay-unknown"]


def test_an_emergency_stop_upstream_ends_it_and_its_release_starts_nothing(bench: Bench) -> None:
    bench.link(False)
    bench.tap()
    bench.later(2)
    bench.node.dead = True  # the stop button has opened the contactor's supply
    bench.later(1)
    assert not bench.node.brain.drive
    bench.node.dead = False
    bench.later(5)
    assert not bench.node.contact


def test_full_flash_begins_nothing_new() -> None:
    bench = Bench()
    bench.furnish()
    bench.link(False)
    bench.node.flash.full = True
    assert bench.tap() == ("refused", "memory_full")


def test_durations_are_true_whatever_the_hour_does(bench: Bench) -> None:
    bench.link(False)
    bench.tap()
    bench.later(2)
    bench.node.brain.clock.set(1000 * (NOW + 50 * 365 * 86400), 0)
    bench.keep(bench.node.work(True, bench.now))
    bench.later(100, step=1)
    bench.keep(bench.node.work(False, bench.now))
    bench.later(130, step=1)
    (ended,) = bench.facts("job_ended")
    assert ended["wall_s"] == ended["active_s"] == pytest.approx(100, abs=0.2)
    assert bench.facts("power_reported")[-1]["on_s"] == pytest.approx(222, abs=2)


def test_facts_are_sent_until_their_receipt(bench: Bench) -> None:
    bench.tap(BOB)
    bench.later(20)
    told = [v["seq"] for c, v in bench.said if c == "fact" and v["kind"] == "badge_tapped"]
    assert len(told) >= 3
    bench.hear("receipt", words.said("receipt", "receipt", {"boot": "000001", "ranges": [[1, 99]]}))
    before = len(bench.said)
    bench.later(100)
    assert all(channel != "fact" for channel, _ in bench.said[before:])


def test_what_the_gateway_misses_is_sent_again_at_once(bench: Bench) -> None:
    bench.tap(BOB)
    (tap,) = [v["seq"] for c, v in bench.said if c == "fact" and v["kind"] == "badge_tapped"]
    before = len(bench.said)
    told = {"boot": "000001", "ranges": [[tap + 1, tap + 1]], "missing": [[1, tap]]}
    bench.hear("receipt", words.said("receipt", "receipt", told))
    bench.later(0.2)
    assert [v["seq"] for c, v in bench.said[before:] if c == "fact"] == list(range(1, tap + 1))


# --- no order of events may do this ---

STEPS = st.sampled_from(
    ["ada", "bob", "work", "rest", "cut", "boot", "up", "down", "weld", "part", "die", "heal", "hour", "on", "off",
     "revoke", "tick", "minute", "quarter", "forge", "tear"]
)  # fmt: skip


class Watched(Bench):
    """A bench that looks at the contact after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.version = 7

    def do(self, what: str) -> None:
        running, was = self.node.running, self.node.contact
        brain = self.node.brain
        asked = what in {"ada", "on"} or (brain is not None and brain._asked is not None)
        self.causes, self.rises = [], 0
        acts = {
            "ada": self.tap, "bob": lambda: self.tap(BOB), "work": lambda: self.keep(self.node.work(True, self.now)),
            "rest": lambda: self.keep(self.node.work(False, self.now)), "cut": self.node.cut,
            "boot": self.reboot, "up": lambda: self.link(True), "down": lambda: self.link(False),
            "weld": lambda: setattr(self.node, "welded", True), "part": lambda: setattr(self.node, "welded", False),
            "die": lambda: setattr(self.node, "dead", True), "heal": lambda: setattr(self.node, "dead", False),
            "hour": self.tell_hour, "on": self.order, "off": lambda: self.order(on=False), "revoke": self.revoke,
            "tick": lambda: self.later(0.7), "minute": lambda: self.later(60, step=1),
            "quarter": lambda: self.later(900, step=5), "forge": self.forge, "tear": lambda: self.node.flash.tear(9),
        }  # fmt: skip
        acts[what]()
        if running and was and not self.node.contact and what not in {"cut", "die"}:
            assert self.causes == ["ceiling"], f"cut while running by {what}: {self.causes}"
        self.keep(self.node.tick(self.now))
        if self.node.contact and not self.node.welded:
            assert self.node.brain is not None and self.node.brain.drive
        self.later(1.2)  # an answer of its own, and the time a contactor may take
        assert self.rises <= asked, f"powered {self.rises} times by {what}"
        if self.node.contact and self.node.brain is not None:
            assert self.node.brain.power.state is not False, "shown as off"

    def reboot(self) -> None:
        if self.node.brain is None:
            self.keep(self.node.boot(self.now))
            assert not self.node.contact or self.node.welded

    def revoke(self) -> None:
        self.version += 1
        self.hear("list", words.list_of(version=self.version, people=[]))

    def forge(self) -> None:
        self.hear("list", words.list_of(key=b"f" * 32, version=99))
        self.hear("command", words.order(True, "forged", self.expires())[:-1])


@settings(max_examples=500, deadline=None)
@given(st.lists(STEPS, max_size=50))
def test_never_powered_without_right_never_cut_by_a_network_never_restarts_alone(steps: list[str]) -> None:
    live_through(steps)


@pytest.mark.soak
@settings(max_examples=20_000, deadline=None)
@given(st.lists(STEPS, min_size=60, max_size=100))
def test_the_same_for_long(steps: list[str]) -> None:
    live_through(steps)


def live_through(steps: list[str]) -> None:
    bench = Watched()
    bench.furnish()
    revoked = False
    for what in steps:
        was = bench.node.contact
        bench.do(what)
        revoked = revoked or (what == "revoke" and bench.node._link and bench.node.brain is not None)
        alone = bench.node.brain is None or not bench.node._link
        if revoked and alone and what == "ada" and not was:
            assert not bench.node.contact, "let in after the right was taken back"


@pytest.mark.parametrize(
    ("cell", "to", "steps"),
    [
        ((power.RUNNING, power.END), power.OFF, ["down", "ada", "tick", "tick", "tick", "work", "quarter", "ada"]),
        ((power.DOUBT, power.AGREES), power.ON, ["down", "ada", "tick", "die", "tick", "heal", "tick", "tick"]),
        ((power.OFF, power.DIFFERS), power.OFF, ["down", "ada", "weld", "minute", "quarter", "tick"]),
        ((power.OFF, power.END), power.ON, ["ada", "tick", "off", "off", "off"]),
    ],
)
def test_the_watch_sees_a_planted_fault(cell, to, steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(power.TABLE, cell, to)
    if cell == (power.OFF, power.DIFFERS):
        monkeypatch.setitem(power.TABLE, (power.ON, power.DIFFERS), power.ON)
    bench = Watched()
    bench.furnish()
    with pytest.raises(AssertionError):
        for what in steps:
            bench.do(what)


def test_the_table_leads_out_of_off_by_a_grant_alone_and_no_row_names_a_network() -> None:
    assert {
        trigger for (phase, trigger), to in TABLE.items() if phase == "off" and to in ("on", "running", "leaving")
    } == {"grant"}
    assert not any("link" in trigger or "net" in trigger for _, trigger in TABLE)


def test_flash_that_was_never_written_reads_as_empty() -> None:
    with pytest.raises(OSError):
        SimulatedFlash().read("list")
