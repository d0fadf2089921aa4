"""The series server and the Internet, away for days: simulated time, the real sinks, queues and rows."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from devices.messages import AlarmRaised
from gateway.adapters.timeseries_sql import SqlTimeSeries
from gateway.domain.events import EventKind
from gateway.domain.notices import EMAIL, House
from gateway.domain.webhooks import Webhook
from gateway.ports.errors import NotifyUnavailable, SeriesUnavailable
from gateway.ports.notify import Letter
from gateway.ports.timeseries import Point, Written
from gateway.service import bookings, hooks
from gateway.service.deliver import DurableSink
from gateway.service.notify import NoticeSink
from gateway.service.notify_send import HookQueue, NoticeQueue, Queue
from gateway.service.notify_words import LabWords
from gateway.service.series import SeriesSink
from tests.fakes.service_lab import ServiceLab
from tests.faults.tally import Tally

STEP = timedelta(minutes=15)
ALARMS_A_STEP = 10
AFTER = 10
"""Steps after the return: the longest pause between two tries is an hour, and a hook is left alone as long."""
HOUSE = House(channels=(EMAIL,), quiet=None, zone=ZoneInfo("Europe/Paris"))


class UnsteadySeries:
    """While it is away it takes nothing, or takes half and all the same answers nothing."""

    def __init__(self, path: Path, chance: Random) -> None:
        self.inner, self.away, self._chance = SqlTimeSeries(str(path)), True, chance

    def write(self, points: Sequence[Point]) -> Written:
        if not self.away:
            return self.inner.write(points)
        if self._chance.random() < 0.5:
            self.inner.write(points[: self._chance.randint(0, len(points))])
        raise SeriesUnavailable("it is away")


class UnsteadyInternet:
    """While it is away nothing leaves, or something does and nobody hears that it arrived."""

    def __init__(self, chance: Random) -> None:
        self.away, self._chance = True, chance
        self.calls: list[str] = []
        self.letters: list[str] = []

    def call(self, url: str, headers: dict[str, str], body: bytes) -> None:
        self._arrive(self.calls, headers["webhook-id"])

    def send(self, letter: Letter) -> None:
        self._arrive(self.letters, letter.id)

    def _arrive(self, there: list[str], name: str) -> None:
        if self.away and self._chance.random() < 0.9:
            raise NotifyUnavailable("no route to host")
        there.append(name)
        if self.away:
            raise NotifyUnavailable("no answer")


class Sinking:
    """One durable sink, as its worker carries it, without the worker's pauses."""

    def __init__(self, lab: ServiceLab, sink: DurableSink) -> None:
        self._lab, self._sink, self._cursor = lab, sink, 0

    def carry(self) -> None:
        """Everything that there is, or until the far end is away."""
        try:
            more = True
            while more:
                self._cursor, more = self._lab.deliver._pass_on(self._sink, self._cursor)
        except SeriesUnavailable:
            pass


def series_away(folder: Path, *, away: timedelta) -> Tally:
    """Ten alarms every quarter of an hour; the worker tries at each, and the series is back at the end."""
    lab, chance = ServiceLab(), Random(7)
    series = UnsteadySeries(folder / "series.db", chance)
    sinking, said = Sinking(lab, SeriesSink(series, "influx")), 0
    began = lab.clock.now()
    for _ in range(away // STEP):
        lab.hear(*(lab.fact("grbl-1", AlarmRaised(code="load")) for _ in range(ALARMS_A_STEP)))
        lab.later(STEP.total_seconds())
        sinking.carry()
    series.away = False
    sinking.carry()
    events = lab.store.views().events_after(0, 1_000_000)
    said = {f"{each.id}@{each.event.at}" for each in events if each.event.kind is EventKind.ALARM_RAISED}
    rows = series.inner.query("state", "event", starts=began, ends=lab.clock.now())
    at_ns = {each.id: each.event.at for each in events}
    found = [f"{number}@{at_ns[int(number)]}" for _at, number in rows if f"{number}@{at_ns[int(number)]}" in said]
    series.inner.close()
    lab.store.close()
    return Tally.of(trials=away // STEP, said=said, acknowledged=said, found=found)


def internet_away(*, away: timedelta) -> Tally:
    """A booking every quarter of an hour: a letter and a call each, tried as they fall due, for so long and a little more.

    Each must arrive; again only under the same name, where its arrival was not heard.
    """
    lab, chance = ServiceLab(), Random(8)
    outside = UnsteadyInternet(chance)
    given = {"store": lab.store, "clock": lab.clock, "chance": chance.random}
    queues = (
        NoticeQueue(**given, channel=EMAIL, post=outside, lab=LabWords(language="fr", zone="Europe/Paris", name="Lab")),
        HookQueue(**given, caller=outside),
    )
    sinking = Sinking(lab, NoticeSink(store=lab.store, clock=lab.clock, ids=lab.ids, house=HOUSE))
    hook = _furnish(lab)
    for _ in range(away // STEP):
        starts = lab.clock.now() + timedelta(hours=1)
        with lab.store.begin() as work:
            bookings.book(
                work, now=lab.clock.now(), id=lab.ids.new(), resource="laser-1", member_id=lab.ada, starts=starts,
                ends=starts + timedelta(minutes=10),
            )  # fmt: skip
        _step(lab, sinking, queues)
    outside.away = False
    for _ in range(AFTER):
        _step(lab, sinking, queues)
    events = lab.store.views().events_after(0, 1_000_000)
    made = [each.id for each in events if each.event.kind is EventKind.RESERVATION_MADE]
    said = {f"{what} {number}" for number in made for what in ("letter", "call")}
    views = lab.store.views()
    about = {row.id: f"letter {row.event_id}" for row in views.notices(limit=len(said), cursor=None).rows}
    about |= {
        row.id: f"call {row.event_id}" for row in views.deliveries(webhook_id=hook, limit=len(said), cursor=None).rows
    }
    found = [about.get(name, name) for name in {*outside.calls, *outside.letters}]
    lab.store.close()
    return Tally.of(trials=away // STEP, said=said, acknowledged=said, found=found)


def _furnish(lab: ServiceLab) -> str:
    """Ada has an address, and there is a hook."""
    hook = Webhook(
        id=lab.ids.new(), url="http://127.0.0.1/x", secret="whsec_" + base64.b64encode(b"0123456789abcdef").decode(),
        key_id="k", created_at=lab.clock.now(), kinds=(EventKind.RESERVATION_MADE,),
    )  # fmt: skip
    with lab.store.begin() as work:
        hooks.add(work, hook)
        work.put_member(replace(work.member(lab.ada), email="ada@example.org"))
    return hook.id


def _step(lab: ServiceLab, sinking: Sinking, queues: Iterable[Queue]) -> None:
    sinking.carry()
    for queue in queues:
        while queue.send_one() is not None:
            pass
    lab.later(STEP.total_seconds())
