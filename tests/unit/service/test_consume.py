"""Nothing lost, nothing twice, nothing that one bad message can stop."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from devices import codec
from devices.messages import AlarmRaised, BadgeTapped, DeviceStatus, JobEnded, JobStarted, Outcome, PowerReported, Tone
from devices.topics import Channel, topic
from gateway.domain.flood import CALM_S
from gateway.domain.resources import FLOODS, Presence
from gateway.ports.bus import Delivery
from gateway.ports.errors import StoreUnavailable
from gateway.ports.store import Work
from gateway.service import presence
from gateway.service.consume import LONGEST_WAIT_S, MOST_NAMES, MOST_WAITING, RETURN_WAIT_S, Consumer
from gateway.service.routes import ROUTES
from gateway.service.sweeps import QUIET_S
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
    assert lab.missing("grbl-1") == [((2, 2),)]

    lab.later(5)
    lab.consumer._close_gaps()
    assert [kind for kind, _ in story(lab)] == ["job_started", "job_ended", "job_started"]
    assert [(e.data["first"], e.data["last"]) for e in lab.events("facts_missing")] == [(2, 2)], "the team is told"
    lab.hear(second, fourth)

    assert story(lab)[-1] == ("job_ended", "cancelled")
    assert lab.receipts("grbl-1")[-1] == ((2, 2), (4, 4))
    assert lab.missing("grbl-1")[-1] == ()


def test_a_gateway_that_was_away_gives_its_devices_time_to_fill_a_gap_and_keeps_the_order(lab: ServiceLab) -> None:
    first, second, third, _ = [lab.fact("grbl-1", fact, seq=n) for n, fact in enumerate(STORY, 1)]
    lab.hear(first, third)
    lab.later(3600)
    consumer = Consumer(
        store=lab.store, bus=lab.bus, clock=lab.clock, ids=lab.ids, site=SITE, deliver=lab.deliver
    )  # fmt: skip
    consumer._recall_early()
    consumer._close_gaps()
    assert len(story(lab)) == 1, "the second fact may come yet"

    consumer.consume([(second, lab.clock.now())])
    assert [kind for kind, _ in story(lab)] == ["job_started", "job_ended", "job_started"]


def test_a_gap_is_not_given_up_while_the_broker_is_away(lab: ServiceLab) -> None:
    lab.hear(*[lab.fact("grbl-1", fact, seq=n) for n, fact in enumerate(STORY, 1) if n != 2])
    lab.bus.connected = False
    lab.later(3600)
    lab.consumer._close_gaps()
    assert len(story(lab)) == 1

    lab.bus.connected = True
    lab.consumer._connection_changed(True)
    lab.consumer._close_gaps()
    assert len(story(lab)) == 1
    lab.later(RETURN_WAIT_S)
    lab.consumer._close_gaps()
    assert story(lab)[-1] == ("job_ended", "cancelled")


def test_a_gap_is_not_given_up_while_what_would_fill_it_waits_in_our_own_inbox(lab: ServiceLab) -> None:
    first, second, third, fourth = [lab.fact("grbl-1", fact, seq=n) for n, fact in enumerate(STORY, 1)]
    lab.hear(first, third)
    lab.consumer._hear(second)
    lab.later(RETURN_WAIT_S)
    lab.consumer._close_gaps()
    assert len(story(lab)) == 1
    lab.consumer.consume(lab.consumer._inbox.take(200, within_s=0))
    assert [kind for kind, _ in story(lab)] == ["job_started", "job_ended", "job_started"]

    lab.hear(lab.fact("grbl-1", STORY[3], seq=6))
    lab.consumer._hear(fourth)
    lab.later(LONGEST_WAIT_S + 1)
    lab.consumer._close_gaps()
    assert story(lab)[-1] == ("job_ended", "cancelled"), "but not for ever"


def test_a_gap_with_much_behind_it_is_given_up_in_batches_with_room_for_others_between(lab: ServiceLab) -> None:
    lab.hear(*[lab.fact("grbl-1", AlarmRaised(code=str(n)), seq=n) for n in range(2, 502)])
    lab.later(RETURN_WAIT_S)
    before, done = lab.consumer.meters.batches, []
    for _ in range(5):
        lab.consumer._close_gaps()
        done.append(len([event for event in lab.events() if event.kind == "alarm_raised"]))
    assert done == [200, 400, 500, 500, 500]
    assert lab.consumer.meters.batches == before + 3
    assert [event.data["code"] for event in lab.events() if event.kind == "alarm_raised"] == [*map(str, range(2, 502))]


def test_a_handler_that_fails_costs_one_fact_which_is_kept_raw(
    lab: ServiceLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setitem(ROUTES, JobStarted, broken)
    lab.hear(lab.fact("plug-1", PowerReported(on=True)), lab.fact("grbl-1", STORY[0]), lab.fact("grbl-1", STORY[1]))

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
    def begin(self, *, within_s: float | None = None) -> Iterator[Work]:
        if self.broken:
            raise StoreUnavailable("database or disk is full")
        with self._store.begin(within_s=within_s) as work:  # type: ignore[attr-defined]
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
    assert lab.power() == [], "whoever was told *unavailable* has gone"
    assert [event.kind for event in lab.events() if event.kind.startswith("tap_")] == ["tap_late"]
    assert lab.receipts("grbl-1") == [((1, 1),)]
    lab.tap("ada")
    assert lab.power() == [True]
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


def test_an_early_fact_whose_handler_fails_costs_itself_and_not_the_one_before_it(
    lab: ServiceLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("planted")

    first, second, third = [lab.fact("grbl-1", fact, seq=n) for n, fact in enumerate(STORY[:3], 1)]
    lab.hear(second, third)
    monkeypatch.setitem(ROUTES, JobEnded, broken)
    lab.hear(first)
    lab.later(5)
    lab.consumer._close_gaps()

    assert [row[2] for row in lab.store.views().quarantine(10)] == ["RuntimeError: planted"]
    assert story(lab) == [("job_started", None), ("job_ended", "unknown"), ("job_started", None)]
    assert ((1, 1),) in lab.receipts("grbl-1")


def test_an_early_fact_that_can_no_longer_be_read_stops_nothing(lab: ServiceLab) -> None:
    lab.hear(lab.fact("grbl-1", STORY[1], seq=2))
    with lab.store.begin() as work:
        ((slug, boot),) = work.held_since(lab.in_(days=1))
        device = work.lock_devices([slug], lab.clock.now(), iter(()))[slug].device
        (held,) = work.held(device.id, boot)
        work.release(device.id, boot, [2])
        work.hold(replace(held, payload=b"signed with a key that is no longer used"))
    lab.later(5)
    lab.consumer._close_gaps()

    (row,) = lab.store.views().quarantine(10)
    assert row[1] == "grbl-1"
    with lab.store.begin() as work:
        assert work.held_since(lab.in_(days=1)) == ()
    lab.hear(lab.fact("grbl-1", STORY[2], seq=3))
    assert story(lab) == [("job_started", None)]


def test_a_device_that_says_it_is_gone_is_not_heard_again_by_that(lab: ServiceLab) -> None:
    lab.sweeper.sweep()
    lab.later(QUIET_S + 30)
    lab.sweeper.sweep()
    assert lab.facts().interlock.presence_reason == "no_news"
    lab.status("plug-1", online=False)
    lab.later(30)
    lab.sweeper.sweep()

    assert lab.facts().interlock.presence is Presence.OFFLINE


def test_an_old_word_that_the_broker_has_kept_brings_no_silent_device_back(lab: ServiceLab) -> None:
    lab.sweeper.sweep()
    lab.later(QUIET_S + 30)
    lab.sweeper.sweep()
    name = topic(Channel.STATUS, site=SITE, device="plug-1")
    lab.hear(Delivery(name, codec.encode(DeviceStatus(online=True)), retained=True))
    assert lab.facts().interlock.presence_reason == "no_news"

    lab.status("plug-1", online=True)
    assert lab.facts().interlock.presence is Presence.ONLINE


def test_strangers_on_the_bus_fill_no_memory(lab: ServiceLab) -> None:
    for number in range(5000):
        lab.hear(Delivery(topic(Channel.SAMPLE, site=SITE, device=f"x{number}"), b"{"))

    assert len(lab.consumer.meters.nonsense) <= MOST_NAMES + 1
    assert len(lab.consumer.heard) <= MOST_NAMES
    assert sum(lab.consumer.meters.nonsense.values()) == 5000


@pytest.mark.parametrize(
    "shape", ['{"v":1,"uid":"%s"}', '{"v":1,"site":"hesdin","device":"%s","boot":"b","seq":1,"mono_ms":0}']
)
def test_a_raw_badge_number_in_nonsense_reaches_no_log_and_no_row(
    lab: ServiceLab, caplog: pytest.LogCaptureFixture, shape: str
) -> None:
    name = topic(Channel.FACT, site=SITE, device="reader-1")
    lab.hear(Delivery(name, (shape % "04A1B2C3D4").encode()), Delivery(name, b'{"v":1,"kind":"\\u0000\x00'))

    (event, *_more) = lab.events("device_nonsense")
    assert "A1B2C3" not in str(event.data)
    assert "A1B2C3" not in caplog.text
    assert "\0" not in str(event.data)


def test_a_clock_that_was_never_set_dates_nothing(lab: ServiceLab) -> None:
    sealed = lab.fact("grbl-1", STORY[0], age_ms=None)
    never = sealed.payload.replace(b'"at":null', b'"at":"1970-01-01T00:00:07+00:00"')
    lab.hear(Delivery(sealed.topic, never))
    lab.say("grbl-1", STORY[1], age_ms=60_000 * 60 * 24 * 365 * 1500)

    assert [event.at for event in lab.events() if event.kind.startswith("job_")] == [lab.clock.now()] * 2


def test_a_fault_that_the_store_has_for_good_does_not_stop_the_ears(
    lab: ServiceLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("the database refuses this")

    monkeypatch.setattr(presence, "note_status", refuse)
    name = topic(Channel.STATUS, site=SITE, device="plug-1")
    gone = Delivery(name, codec.encode(DeviceStatus(online=False)))
    lab.hear(gone, lab.fact("reader-1", BadgeTapped(badge=hashed("ada"))))

    assert lab.power() == [True]


def test_several_gateways_share_facts_and_samples_and_each_hears_who_is_there(
    lab: ServiceLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, str | None] = {}

    def subscribe(filters: list[tuple[str, int]], _handler: object, *, group: str | None = None) -> None:
        asked.update({name.rsplit("/", 1)[-1]: group for name, _qos in filters})

    monkeypatch.setattr(lab.bus, "subscribe", subscribe)
    Consumer(
        store=lab.store, bus=lab.bus, clock=lab.clock, ids=lab.ids, site=SITE, deliver=lab.deliver, group="gateways"
    ).listen()

    assert asked == {"fact": "gateways", "sample": "gateways", "ask": "gateways", "status": None}


def test_what_cannot_be_taken_in_time_fills_no_memory_and_comes_again(lab: ServiceLab) -> None:
    for n in range(MOST_WAITING + 10):
        lab.consumer._hear(lab.fact(f"machine-{n % 100}", STORY[0]))
    lab.consumer._hear(Delivery(topic(Channel.STATUS, site=SITE, device="plug-1"), b""))

    assert len(lab.consumer._inbox) == MOST_WAITING + 1
    assert lab.consumer.meters.left_out == 10


def test_a_device_that_floods_is_set_apart_shown_and_heard_again_once_it_is_calm(lab: ServiceLab) -> None:
    def heard(what: Delivery) -> None:
        lab.consumer._hear(what)
        while waiting := lab.consumer._inbox.take(200, within_s=0):
            lab.consumer.consume(waiting)
        lab.consumer._note_floods()

    def shown() -> tuple[Presence, str | None]:
        device = next(each for each in lab.store.views().devices() if each.slug == "grbl-1")
        return device.presence, device.presence_reason

    noise = Delivery(topic(Channel.SAMPLE, site=SITE, device="grbl-1"), b"{}")
    for _ in range(5000):
        lab.consumer._hear(noise)
    late = lab.fact("grbl-1", STORY[0])
    heard(late)
    assert shown() == (Presence.OFFLINE, FLOODS)
    assert [event.device_id for event in lab.events("device_floods")], "the team is told"
    assert lab.receipts("grbl-1") == [], "what was not heard stays with the device"

    heard(lab.fact("reader-1", BadgeTapped(badge=hashed("ada"))))
    assert lab.power() == [True], "the others go on"

    lab.clock.advance(CALM_S + 5)
    heard(late)
    assert shown()[0] is Presence.ONLINE
