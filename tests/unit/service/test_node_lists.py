"""A node's list follows what the lab says, its numbers only rise, and what it decided alone is history, once."""

import json
from datetime import timedelta

import pytest

from devices.badge_reader import hash_forms
from devices.messages import (
    BadgeTapped,
    JobEnded,
    JobStarted,
    ListAsked,
    Outcome,
    PowerReported,
    SetPower,
    TapDecided,
    Tone,
)
from devices.simulated.badge_node import SimulatedFlash
from firmware_bridges.firmware.badge_node.listing import Listing
from firmware_bridges.firmware.badge_node.wire import hashes
from gateway.domain.booking import Reservation
from gateway.domain.events import Event, EventKind
from gateway.domain.node_lists import LIFE
from gateway.domain.people import Member
from gateway.domain.resources import DeviceRole, Resource
from gateway.domain.sessions import EndReason, State, Way
from gateway.domain.timespan import Span
from gateway.ports.errors import StoreUnavailable
from gateway.service.node_lists import NodeLists
from gateway.service.resources import take_out
from tests.fakes.service_lab import SITE, ServiceLab

KEY, BADGE_KEY = bytes(range(32)), b"b" * 32
ADA, EVE = "em:010063E9AE", "em:0100000001"


class NodeLab(ServiceLab):
    """The saw has a node, and Ada a real badge."""

    def __init__(self) -> None:
        super().__init__()
        self.deliver._keys = lambda slug: KEY if slug == "saw-node" else None
        self.lists = NodeLists(
            store=self.store, clock=self.clock, deliver=self.deliver, site=SITE, signs=lambda slug: slug == "saw-node"
        )
        self.consumer._on_ask = self.lists.asked
        with self.store.begin() as work:
            self.saw = work.put_resource(
                Resource(id=self.ids.new(), slug="saw", names={"fr": "Scie"}, trainings=("laser",), ceiling_s=7200)
            )
            self.node = work.put_device(id=self.ids.new(), slug="saw-node", role=DeviceRole.NODE, resource="saw")
            badge = hash_forms(ADA, key=BADGE_KEY, key_id="k1")
            work.add_badge(id=self.ids.new(), member_id=self.ada, badge=badge, now=self.clock.now())
        self.say("saw-node", PowerReported(on=False, cause="boot"))
        self.bus.sent.clear()
        for _ in range(3):
            self.lists.step()

    def happened(self, kind: EventKind, **about) -> None:
        with self.store.begin() as work:
            work.append(work.site_id(), [Event(kind=kind, at=self.clock.now(), **about)])

    def told(self, kind: str = "access_list") -> list[dict]:
        """What went out to the node on its list topic."""
        sent = [payload for topic, payload in self.bus.sent if topic == f"etabli/{SITE}/saw-node/list"]
        values = [json.loads(payload.split(b"\n")[0]) for payload in sent]
        return [value["body"] for value in values if value["kind"] == kind]

    def decide(self, number: str = ADA) -> tuple[str, int]:
        """What a node that holds the newest list would say."""
        sent = [payload for topic, payload in self.bus.sent if topic.endswith("saw-node/list")]
        held = Listing(SimulatedFlash(), f"etabli/{SITE}/saw-node/list", KEY, SITE, "saw-node")
        for payload in sent:
            if b'"access_list"' in payload:
                assert held.take(payload, None) is None
        return held.decide(hashes(number, BADGE_KEY), int(self.clock.now().timestamp()))

    def history(self, fact, *, hours: float, seq: int, boot: str = "n1") -> None:
        self.hear(self.fact("saw-node", fact, boot=boot, seq=seq, age_ms=int(hours * 3_600_000)))

    def use(self, **changes):
        rows = self.store.views().sessions(limit=9, cursor=None, resource="saw").rows
        return rows[0] if rows else None


@pytest.fixture
def lab():
    lab = NodeLab()
    yield lab
    lab.store.close()


def tapped(number: str = ADA) -> BadgeTapped:
    return BadgeTapped(badge=hash_forms(number, key=BADGE_KEY, key_id="k1"))


def decided(code: str = "granted", outcome: Tone = Tone.GRANTED, *, tap: int = 1, number: str = ADA) -> TapDecided:
    badge = hash_forms(number, key=BADGE_KEY, key_id="k1")
    return TapDecided(tap=tap, badge=badge, outcome=outcome, code=code, list_version=1)


def test_the_node_gets_a_list_that_it_can_read_and_that_lets_in_whom_we_would(lab: NodeLab) -> None:
    (told,) = lab.told()
    assert (told["version"], told["lockout"], len(told["people"])) == (1, None, 1)
    assert lab.decide(ADA) == ("granted", 7200)
    assert lab.decide(EVE) == ("badge_unknown", 0)
    assert json.dumps(told).count("0063E9AE") == 0


def test_a_right_that_is_taken_back_and_a_lost_badge_make_a_new_list_at_once(lab: NodeLab) -> None:
    with lab.store.begin() as work:
        work.revoke_badges(lab.ada, lab.clock.now())
    lab.happened(EventKind.BADGE_REVOKED, member_id=lab.ada)
    lab.lists.step()
    assert lab.told()[-1]["version"] == 2
    assert lab.decide(ADA) == ("badge_unknown", 0)


def test_a_lock_out_a_booking_and_a_closing_reach_the_node(lab: NodeLab) -> None:
    now = lab.clock.now()
    span = Span(now + timedelta(minutes=30), now + timedelta(hours=2))
    held = Reservation(
        id=lab.ids.new(), resource_id=lab.saw.id, member_id=lab.bob, span=span, created_at=now, version=1
    )
    with lab.store.begin() as work:
        assert work.add_reservation(held)
    lab.happened(EventKind.RESERVATION_MADE, resource_id=lab.saw.id)
    lab.lists.step()
    assert lab.decide(ADA) == ("granted", 1800)

    with lab.store.begin() as work:
        take_out(work, slug="saw", reason=None, back_at=None, now=now)
    lab.lists.step()
    assert lab.decide(ADA) == ("out_of_service", 0)
    assert [told["version"] for told in lab.told()] == [1, 2, 3]


def test_a_store_that_is_locked_for_a_moment_keeps_no_revocation_back(lab: NodeLab, monkeypatch) -> None:
    with lab.store.begin() as work:
        work.revoke_badges(lab.ada, lab.clock.now())
    lab.happened(EventKind.BADGE_REVOKED, member_id=lab.ada)

    def locked(**_how):
        raise StoreUnavailable("locked")

    with monkeypatch.context() as away:
        away.setattr(lab.store, "begin", locked)
        with pytest.raises(StoreUnavailable):
            lab.lists.step()
    lab.lists.step()
    assert lab.decide(ADA) == ("badge_unknown", 0)


def test_nothing_new_makes_no_new_number_until_it_is_time(lab: NodeLab) -> None:
    lab.happened(EventKind.MEMBER_CHANGED, member_id=lab.ada)
    lab.lists.step()
    lab.later(3600)
    lab.lists.step()
    assert len(lab.told()) == 1
    lab.later(LIFE.total_seconds() / 2)
    lab.lists.step()
    assert [told["version"] for told in lab.told()] == [1, 2]


def test_a_clock_set_back_makes_a_list_that_is_of_now(lab: NodeLab) -> None:
    lab.clock.set_wall(lab.clock.now() - timedelta(days=50 * 365))
    lab.later(700)
    lab.lists.step()
    assert lab.told()[-1]["version"] == 2
    assert lab.told()[-1]["issued_s"] <= lab.clock.now().timestamp()


def test_a_question_is_answered_with_the_hour_and_the_list_that_it_lacks(lab: NodeLab) -> None:
    lab.bus.sent.clear()
    lab.lists.asked("saw-node", ListAsked(nonce="n-1", version=None))
    lab.lists.asked("saw-node", ListAsked(nonce="n-2", version=1))
    lab.lists.asked("somebody", ListAsked(nonce="n-3"))
    lab.lists.step()
    assert [told["version"] for told in lab.told()] == [1]
    assert [told["nonce"] for told in lab.told("clock_told")] == ["n-1", "n-2"]


def test_a_node_with_a_later_list_than_we_remember_gets_one_that_it_takes(lab: NodeLab) -> None:
    lab.lists.asked("saw-node", ListAsked(nonce="n-1", version=40))
    lab.lists.step()
    assert [told["version"] for told in lab.told()] == [1, 41]
    assert lab.decide(ADA) == ("granted", 7200)
    with lab.store.begin() as work:
        work.revoke_badges(lab.ada, lab.clock.now())
    lab.happened(EventKind.BADGE_REVOKED, member_id=lab.ada)
    lab.lists.step()
    assert lab.told()[-1]["version"] == 42
    lab.lists.asked("saw-node", ListAsked(nonce="n-2", version=2**40))
    lab.lists.step()
    assert [told["nonce"] for told in lab.told("clock_told")] == ["n-1", "n-2"]


def test_another_gateway_goes_on_from_the_last_number(lab: NodeLab) -> None:
    again = NodeLists(
        store=lab.store, clock=lab.clock, deliver=lab.deliver, site=SITE, signs=lambda slug: slug == "saw-node"
    )
    again.step()
    assert [told["version"] for told in lab.told()] == [1, 1]
    assert lab.told()[0] == lab.told()[1]


def test_an_evening_alone_is_told_at_its_hours_once_and_moves_no_relay(lab: NodeLab) -> None:
    began = lab.clock.now() - timedelta(hours=5)
    for _ in range(2):  # everything comes twice
        lab.history(tapped(), hours=5, seq=1)
        lab.history(decided(), hours=5, seq=2)
        lab.history(PowerReported(on=True, cause="tap"), hours=5, seq=3)
        lab.history(JobStarted(job="j"), hours=4.9, seq=4)
        lab.sweeper.sweep()
        lab.history(
            JobEnded(job="j", outcome=Outcome.UNKNOWN, wall_s=1800, active_s=1800, paused_s=0), hours=4.4, seq=5
        )
        lab.sweeper.sweep()
        lab.history(PowerReported(on=False, cause="quiet", on_s=3600.0), hours=4, seq=6)
    session = lab.use()
    assert (session.way, session.state, session.end_reason) == (Way.NODE, State.CLOSED, EndReason.FORGOTTEN)
    assert session.opened_at == began
    assert (session.enabled_s, session.active_s) == (3600, 1800)
    assert len(lab.store.views().sessions(limit=9, cursor=None, resource="saw").rows) == 1
    assert [command for command in lab.commands("saw-node") if isinstance(command, SetPower)] == []
    (alone,) = lab.events("tap_alone")
    assert (alone.data["list_version"], alone.member_id) == (1, lab.ada)


def test_a_duration_is_true_when_the_hour_is_lost_with_a_restart(lab: NodeLab) -> None:
    for seq, fact in enumerate(
        (tapped(), decided(), PowerReported(on=True, cause="tap"), PowerReported(on=False, cause="tap", on_s=1234.0)), 1
    ):
        lab.hear(lab.fact("saw-node", fact, boot="n1", seq=seq, age_ms=None))
    assert lab.use().enabled_s == 1234
    assert lab.use().end_reason is EndReason.TAPPED_OUT


def test_an_answer_of_ours_that_came_too_late_is_taken_back(lab: NodeLab) -> None:
    lab.history(tapped(), hours=0, seq=1)
    assert lab.use().state is State.OPENING
    lab.history(decided("badge_unknown", Tone.REFUSED), hours=0, seq=2)
    assert lab.use().state is State.CLOSED


def test_one_use_that_both_let_in_is_counted_once(lab: NodeLab) -> None:
    lab.history(tapped(), hours=0, seq=1)
    lab.history(decided(), hours=0, seq=2)
    lab.history(PowerReported(on=True, cause="tap"), hours=0, seq=3)
    assert lab.use().state is State.ACTIVE
    assert len(lab.store.views().sessions(limit=9, cursor=None, resource="saw").rows) == 1


def test_whoever_the_node_let_in_afterwards_has_it_and_the_one_before_has_left(lab: NodeLab) -> None:
    with lab.store.begin() as work:
        eve = Member(id=lab.ids.new(), first_name="Eve")
        work.put_member(eve)
        work.add_badge(
            id=lab.ids.new(), member_id=eve.id, badge=hash_forms(EVE, key=BADGE_KEY, key_id="k1"), now=lab.clock.now()
        )
    lab.history(decided(), hours=3, seq=1)
    lab.history(decided(number=EVE), hours=2, seq=2)
    rows = lab.store.views().sessions(limit=9, cursor=None, resource="saw").rows
    assert [(row.operator_id, row.state) for row in rows] == [(eve.id, State.ACTIVE), (lab.ada, State.CLOSED)]


def test_an_evening_alone_that_is_told_late_takes_the_machine_from_nobody(lab: NodeLab) -> None:
    with lab.store.begin() as work:
        eve = Member(id=lab.ids.new(), first_name="Eve")
        work.put_member(eve)
        badge = hash_forms(EVE, key=BADGE_KEY, key_id="k1")
        work.add_badge(id=lab.ids.new(), member_id=eve.id, badge=badge, now=lab.clock.now())
    lab.history(tapped(), hours=0, seq=1, boot="n2")
    lab.history(PowerReported(on=True), hours=0, seq=2, boot="n2")
    lab.later(60)
    lab.history(decided(number=EVE), hours=5, seq=1)
    lab.history(PowerReported(on=False, cause="tap", on_s=600.0), hours=4, seq=2)

    (row,) = lab.store.views().sessions(limit=9, cursor=None, resource="saw").rows
    assert (row.operator_id, row.state) == (lab.ada, State.ACTIVE)
    assert [event.member_id for event in lab.events("tap_alone")] == [eve.id]
    assert [event.data["on"] for event in lab.events("power_reported")][-1] is False
    with lab.store.begin() as work:
        interlock = work.facts_for(lab.saw.id).interlock
    assert interlock.power_on is True


def test_the_end_that_a_node_tells_after_it_has_started_anew_ends_and_opens_nothing(lab: NodeLab) -> None:
    lab.history(decided(), hours=3, seq=1)
    lab.history(PowerReported(on=False, cause="boot"), hours=0, seq=1, boot="n2")
    assert lab.use().state is State.INTERRUPTED
    lab.history(PowerReported(on=False, cause="tap", on_s=600.0), hours=2, seq=2)
    assert (lab.use().state, lab.use().end_reason, lab.use().enabled_s) == (State.CLOSED, EndReason.TAPPED_OUT, 600)
    assert not any(command.on for command in lab.commands("saw-node") if isinstance(command, SetPower))


def test_a_clock_set_back_keeps_nobody_s_machine_on(lab: NodeLab) -> None:
    lab.history(tapped(), hours=0, seq=1)
    lab.history(PowerReported(on=True), hours=0, seq=2)
    lab.clock.set_wall(lab.clock.now() - timedelta(hours=2))
    lab.history(PowerReported(on=False, cause="tap"), hours=0, seq=3)
    assert lab.use().state is State.CLOSED


def test_a_job_left_running_alone_ends_its_use_with_it(lab: NodeLab) -> None:
    lab.history(decided(), hours=3, seq=1)
    lab.history(PowerReported(on=True, cause="tap"), hours=3, seq=2)
    lab.history(JobStarted(job="j"), hours=2.9, seq=3)
    lab.history(decided("person_gone", Tone.NOTED), hours=2.8, seq=4)
    assert lab.use().state is State.LEAVING
    lab.history(JobEnded(job="j", outcome=Outcome.UNKNOWN, wall_s=9, active_s=9, paused_s=0), hours=2, seq=5)
    lab.history(PowerReported(on=False, cause="job_done", on_s=3600.0), hours=2, seq=6)
    assert (lab.use().state, lab.use().end_reason) == (State.CLOSED, EndReason.JOB_DONE)


def test_what_a_node_hears_is_signed_and_what_others_hear_is_not(lab: NodeLab) -> None:
    lab.bus.sent.clear()
    lab.say("plug-1", PowerReported(on=False))
    lab.history(PowerReported(on=False), hours=0, seq=1)
    ends = {topic: payload.split(b"\n")[1] for topic, payload in lab.bus.sent if topic.endswith("receipt")}
    assert ends[f"etabli/{SITE}/plug-1/receipt"] == b""
    assert len(ends[f"etabli/{SITE}/saw-node/receipt"]) == 64
