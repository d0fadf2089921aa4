"""The people of the demo, and what goes wrong there: one thread, one list of what happens next."""

import heapq
import itertools
import logging
import random
import threading
import time as clocks
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from devices.messages import Outcome
from devices.simulated.workshop import Person, PlannedJob, Visit, plan_visit
from etabli.demo import lab
from etabli.demo.faults import Faults
from etabli.demo.history import Written
from etabli.demo.lab import Station
from etabli.demo.machines import Machines
from etabli.demo.stage import Stage
from gateway.ports.clock import Clock
from gateway.ports.errors import EtabliError
from gateway.ports.ids import Ids
from gateway.service import bookings, resources
from gateway.service.transact import Transact

MINUTES_A_SECOND = 60.0
"""At speed 1 a minute of the workshop takes a second."""
BOOKING_S, FAULT_S, KIOSK_S = 35.0, 40.0, 30.0
STRANGERS, UNTRAINED, LEAVES_PRINTING = 0.08, 0.18, 0.25

_log = logging.getLogger(__name__)
Action = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """How the demo's people reach the lab beyond their badges."""

    transact: Transact
    clock: Clock
    ids: Ids


class Life:
    """Runs until it is stopped; a device that is away never stops the rest."""

    def __init__(self, stage: Stage, written: Written, hands: Hands, *, seed: int, speed: float) -> None:
        self._stage, self._written, self._hands = stage, written, hands
        self._chance = random.Random(seed + 1)
        self._pace = MINUTES_A_SECOND * speed
        self._speed = speed
        self._agenda: list[tuple[float, int, Action]] = []
        self._order = itertools.count()
        self._busy: set[str] = set()
        self._machines = Machines(stage)
        self.faults = Faults(stage, self._chance, self.soon)
        self.taps = 0

    def run(self, stop: threading.Event) -> None:
        """Live."""
        self._open_doors()
        while not stop.is_set():
            now = clocks.monotonic()
            while self._agenda and self._agenda[0][0] <= now and not stop.is_set():
                self._do(heapq.heappop(self._agenda)[2])
            pause = self._agenda[0][0] - clocks.monotonic() if self._agenda else 0.2
            stop.wait(min(0.2, max(0.01, pause)))

    def soon(self, seconds: float, action: Action) -> None:
        """Do something after so many seconds."""
        heapq.heappush(self._agenda, (clocks.monotonic() + seconds, next(self._order), action))

    def _do(self, action: Action) -> None:
        try:
            action()
        except (EtabliError, OSError) as error:
            # What fails in the demo's world (a link that is cut) is part of the show.
            _log.debug("the demo's people were hindered: %s", error)

    def _open_doors(self) -> None:
        """The first places come to life within seconds, the others one after another."""
        order = [station for station in lab.STATIONS if station.out is None and not station.reservation_required]
        first = ("imprimante-ada", "laser", "imprimante-grace", "soudure", "borne-jeu", "bureau")
        order.sort(key=lambda station: first.index(station.slug) if station.slug in first else len(first))
        for place, station in enumerate(order):
            self.soon(1.0 + place * 1.6, lambda station=station: self._arrive(station))  # type: ignore[misc]
        self.soon(BOOKING_S / 3, self._book)
        self.soon(FAULT_S / 2, self._mishap)
        self.soon(9.0, self._refuse_at_the_room)
        self.soon(KIOSK_S / 2, self._stand_at_the_kiosk)

    # --- one visit ----------------------------------------------------------------------------------------------------

    def _arrive(self, station: Station) -> None:
        person = self._who(station)
        if person is None:
            self.soon(5.0, lambda: self._arrive(station))
            return
        visit = plan_visit(person, station.place, self._chance, at_s=0.0, pace=self._pace)
        self._tap(station, person)
        if visit.refused:
            self.soon(self._pause(6, 20), lambda: self._arrive(station))
            return
        self._busy.add(person.name)
        self._stage.pass_by(lab.DOOR_READER, lab.badge_of(person))
        if visit.taps_twice:
            self.soon(2.0, lambda: self._tap(station, person))
        self.soon(3.5, lambda: self._begin(station, visit))

    def _who(self, station: Station) -> Person | None:
        drawn = self._chance.random()
        if drawn < STRANGERS:
            return lab.STRANGER
        free = [person for person in lab.PEOPLE if person.name not in self._busy]
        wanted = set(station.place.trainings)
        untrained = [person for person in free if not wanted <= person.trained]
        if drawn < STRANGERS + UNTRAINED and untrained:
            return self._chance.choice(untrained)
        able = [person for person in free if wanted <= person.trained]
        fond = [person for person in able if station.slug in person.likes]
        return self._chance.choice(fond or able) if able else None

    def _tap(self, station: Station, person: Person) -> None:
        self.taps += 1
        self._stage.present(station, lab.badge_of(person))

    def _pause(self, least: float, most: float) -> float:
        return self._chance.uniform(least, most) / self._speed

    def _begin(self, station: Station, visit: Visit) -> None:
        """Go on only when the machine has really come on: refused, or its plug is away."""
        if not self._stage.powered(station):
            self._go(station, visit.person, self._pause(8, 20))
            return
        for job in visit.jobs:
            self.soon(max(0.5, job.after_s - 3.5), lambda job=job: self._work(station, visit, job))  # type: ignore[misc]
        last = visit.jobs[-1] if visit.jobs else None
        if last is not None and self._chance.random() < LEAVES_PRINTING:
            # Gone home while it prints: the tap notes it, the end of the job ends the session.
            self.soon(last.after_s + last.wall_s * 0.4, lambda: self._tap(station, visit.person))
            self._go(station, visit.person, visit.stays_s + self._pause(8, 25))
        elif visit.leaves_s is None:
            self.soon(visit.stays_s + self._pause(45, 80), lambda: self._staff_ends(station))
            self._go(station, visit.person, visit.stays_s + self._pause(90, 110))
        else:
            self.soon(max(12.0, visit.leaves_s), lambda: self._tap(station, visit.person))
            self._go(station, visit.person, max(12.0, visit.leaves_s) + self._pause(6, 25))

    def _go(self, station: Station, person: Person, after_s: float) -> None:
        def leave() -> None:
            self._stage.pass_by(lab.DOOR_READER, lab.badge_of(person))
            self._busy.discard(person.name)
            self._arrive(station)

        self.soon(after_s, leave)

    def _work(self, station: Station, visit: Visit, job: PlannedJob) -> None:
        full = job.wall_s - job.paused_s
        if job.outcome is not Outcome.FINISHED:
            full *= 3  # it would have taken longer
        if not self._machines.start(station, job.name, full, visit.person.name):
            return
        if job.paused_s:
            self.soon(job.wall_s * 0.3, lambda: self._machines.pause(station))
            self.soon(job.wall_s * 0.3 + job.paused_s, lambda: self._machines.resume(station))
        if job.outcome is Outcome.CANCELLED:
            self.soon(job.wall_s, lambda: self._machines.cancel(station))
        elif job.outcome in (Outcome.FAILED, Outcome.UNKNOWN):
            self.soon(job.wall_s, lambda: self._machines.fail(station))
            self.soon(job.wall_s + self._pause(8, 14), lambda: self._machines.mend(station))

    # --- what else happens --------------------------------------------------------------------------------------------

    def _staff_ends(self, station: Station) -> None:
        """Somebody of the team ends what was forgotten."""
        self._hands.transact(lambda work, now: resources.end_session(work, slug=station.slug, now=now))

    def _book(self) -> None:
        slug = self._chance.choice(("laser", "fraiseuse", "salle-canal", "imprimante-hedy", "kit-video"))
        able = [p for p in lab.PEOPLE if set(lab.station(slug).place.trainings) <= p.trained]
        member = self._written.members[self._chance.choice(able).name]
        day = self._hands.clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(
            days=1 + int(self._chance.random() * 9), hours=int(self._chance.random() * 6)
        )
        self._hands.transact(
            lambda work, now: bookings.book(
                work, id=self._hands.ids.new(), resource=slug, member_id=member.id, starts=day,
                ends=day + timedelta(hours=1), now=now,
            )
        )  # fmt: skip
        self.soon(BOOKING_S / self._speed, self._book)

    def _mishap(self) -> None:
        self.faults.one()
        self.soon(FAULT_S / self._speed * self._chance.uniform(0.7, 1.3), self._mishap)

    def _refuse_at_the_room(self) -> None:
        """The room may only be used with a reservation: somebody tries without."""
        person = self._chance.choice(lab.PEOPLE)
        self._tap(lab.station("salle-canal"), person)
        self.soon(self._pause(50, 90), self._refuse_at_the_room)

    def _stand_at_the_kiosk(self) -> None:
        """Somebody shows their badge where several machines can be chosen, and looks; whoever tries the demo may touch."""
        person = self._chance.choice([person for person in lab.PEOPLE if person.name not in self._busy] or lab.PEOPLE)
        self._stage.pass_by(lab.KIOSK_READER, lab.badge_of(person))
        self.soon(KIOSK_S / self._speed, self._stand_at_the_kiosk)
