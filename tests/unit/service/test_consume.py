"""Nothing lost, nothing twice, nothing that one bad message can stop."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from devices.messages import BadgeTapped, JobEnded, JobStarted, Outcome, PowerReported, Tone
from devices.topics import Channel, topic
from gateway.domain.resources import Presence
from gateway.ports.bus import Delivery
from gateway.ports.errors import StoreUnavailable
from gateway.ports.store import Work
from gateway.service.routes import ROUTES
from tests.fakes.service_lab import SITE, ServiceLab, hashed

STORY = (
    JobStarted(job="j1", name="a.gcode"),
    JobEnded(job="j1", outcome=Outcome.FINISHED, wall_s=3, active_s=3, paused_s=0),
    JobStarted(job="j2", name="b.gcode"),
    JobEnded(job="j2", outcome=Outcome.CANCELLED, wall_s=2, active_s=2, paused_s=0),
)


def story(lab: ServiceLab) -> list[tuple[str, object]]:
    return [(str(event.kind), event.data.get("outcome")) for event in lab.events() if event.kind.startswith("job_")]


def test_every_fact_is_receipted_after_it_is_kept(lab: ServiceLab) -> None:
    lab.hear(*[lab.fact("grbl-1", fact) for fact in STORY])

    assert lab.receipts("grbl-1") == [((1, 4),)]


def test_doubled_and_shuffled_equals_once_in_order(lab: ServiceLab) -> None:
    facts = [lab.fact("grbl-1", fact, seq=n) for n, fact in enumerate(STORY, 1)] * 3
    random.Random(4).shuffle(facts)
    for fact in facts:
        lab.hear(fact)

    assert story(lab) == [
        ("job_started", None), ("job_ended", "finished"), ("job_started", None), ("job_ended", "cancelled"),
    ]  # fmt: skip
    with lab.store.begin() as work:
        assert work.held_since(lab.in_(days=1)) == ()


def test_a_gap_is_waited_for_then_given_up_and_its_late_fact_still_taken(lab: ServiceLab) -> None:
    first, second, third, fourth = [lab.fact("grbl-1", fact, seq=n) for n, fact in enumerate(STORY, 1)]
    lab.hear(first, third)
    assert story(lab) == [("job_started", None)]
    assert lab.receipts("grbl-1") == [((1, 1), (3, 3))]

    lab.later(5)
    lab.consumer._close_gaps()
    assert [kind for kind, _ in story(lab)] == ["job_started", "job_ended", "job_started"]
    lab.hear(second, fourth)

    assert story(lab)[-1] == ("job_ended", "cancelled")
    assert lab.receipts("grbl-1")[-1] == ((2, 2), (4, 4))


def test_a_handler_that_fails_costs_one_fact_which_is_kept_raw(
    lab: ServiceLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setitem(ROUTES, JobStarted, broken)
    lab.hear(
        lab.fact("plug-1", PowerReported(on=True)), lab.fact("grbl-1", STORY[0]), lab.fact("grbl-1", STORY[1])
    )

    assert lab.consumer.meters.quarantined == 1
    (row,) = lab.store.views().quarantine(10)
    assert (row[1], row[2]) == ("grbl-1", "RuntimeError: planted")
    assert story(lab) == [("job_ended", "finished")]
    assert lab.receipts("grbl-1") == [((1, 1),), ((2, 2),)]
    assert lab.facts().interlock.power_on is True


class StoreThatFails:
    """The store, but every transaction ends in a fault while ``broken``."""

    def __init__(self, store: object) -> None:
        self._store, self.broken = store, False

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    @contextmanager
    def begin(self) -> Iterator[Work]:
        if self.broken:
            raise StoreUnavailable("database or disk is full")
        with self._store.begin() as work:  # type: ignore[attr-defined]
            yield work


def test_while_the_store_is_away_taps_are_answered_unavailable_and_nothing_is_receipted() -> None:
    whole = ServiceLab()
    store = StoreThatFails(whole.store)
    lab = ServiceLab(store)  # type: ignore[arg-type]
    store.broken = True
    tap, job = lab.fact("reader-1", BadgeTapped(badge=hashed("ada"))), lab.fact("grbl-1", STORY[0])
    lab.hear(tap, job)

    assert [command.tone for command in lab.commands("reader-1")] == [Tone.UNAVAILABLE]
    assert lab.power() == []
    assert lab.receipts("grbl-1") == []

    store.broken = False
    lab.hear(tap, job)
    assert lab.power() == [True]
    assert lab.receipts("grbl-1") == [((1, 1),)]
    lab.close()


def test_nonsense_is_counted_and_shown_once_and_never_stops_the_rest(lab: ServiceLab) -> None:
    name = topic(Channel.FACT, site=SITE, device="reader-1")
    lab.hear(*[Delivery(name, b"\x00\xff{") for _ in range(15)], lab.fact("reader-1", BadgeTapped(badge=hashed("ada"))))

    assert lab.consumer.meters.nonsense["reader-1/fact"] == 15
    assert [event.data["count"] for event in lab.events("device_nonsense")] == [1, 10]
    assert lab.power() == [True]


def test_a_last_will_makes_the_device_offline_and_its_return_is_said_once(lab: ServiceLab) -> None:
    lab.status("plug-1", online=False)
    lab.status("plug-1", online=False)
    assert lab.facts().interlock.presence is Presence.OFFLINE
    lab.status("plug-1", online=True)
    lab.status("plug-1", online=True)

    assert len(lab.events("device_lost")) == 1
    assert len(lab.events("device_connected")) == 1


def test_an_unknown_device_is_added_unassigned_and_opens_nothing(lab: ServiceLab) -> None:
    lab.say("new-reader", BadgeTapped(badge=hashed("ada")))

    (refused,) = lab.events("tap_refused")
    assert refused.data["refusals"] == ["reader_unassigned"]
    assert lab.receipts("new-reader") == [((1, 1),)]
