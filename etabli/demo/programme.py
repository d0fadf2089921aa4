"""What the demo's lab has on its programme: a course that fills up, one with a waiting list, a repair café, a class."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from etabli.bootstrap import Basis
from etabli.demo import lab
from etabli.demo.people import Written
from gateway.domain.people import Names
from gateway.domain.refusals import Refused
from gateway.domain.workshops import AgeBand, Headcount, WorkshopKind
from gateway.ports.store import Work
from gateway.service import trainings, workshops, workshops_places
from gateway.service.workshops import Plan
from gateway.service.workshops_places import Who

ZONE = ZoneInfo("Europe/Paris")
SCHOOL = Headcount(commune="Saint-Ouen", bands=((AgeBand.LOWER_SECONDARY, 11), (AgeBand.ADULT, 1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A workshop: on which of the next open days, when, what it takes, who comes."""

    kind: WorkshopKind
    titles: Names
    day: int
    at: time
    hours: float
    seats: int
    training: str | None = None
    minimum: int = 0
    resources: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    visitors: tuple[str, ...] = ()
    school: Headcount | None = None


SESSIONS: tuple[Session, ...] = (
    Session(
        kind=WorkshopKind.COURSE, titles={"fr": "Découpe laser, premiers pas", "en": "Laser cutting, first steps"},
        day=0, at=time(17), hours=2, seats=6, training="decoupe-laser", minimum=2, resources=("laser", "salle-canal"),
        people=("Hugo", "Oscar", "Chloé"), visitors=("Une voisine",),
    ),
    Session(
        kind=WorkshopKind.COURSE, titles={"fr": "Fraiseuse numérique, habilitation", "en": "CNC mill, licence"},
        day=2, at=time(10), hours=3, seats=3, training="fraisage", resources=("fraiseuse",),
        people=("Inès", "Farid", "Bastien", "Lucien", "Maëlys"),
    ),
    Session(
        kind=WorkshopKind.REPAIR_CAFE, titles={"fr": "Café réparation", "en": "Repair café"}, day=3, at=time(14),
        hours=4, seats=15, resources=("salle-canal", "soudure"), people=("Gaëlle", "Jonas"),
    ),
    Session(
        kind=WorkshopKind.DIGITAL_HELP, titles={"fr": "Classe de cinquième, impression 3D", "en": "School class, 3D printing"},
        day=4, at=time(10), hours=2, seats=14, resources=("salle-canal", "imprimante-ada", "imprimante-grace"),
        school=SCHOOL,
    ),
)  # fmt: skip


def announce(work: Work, base: Basis, written: Written, closed_on: tuple[int, ...]) -> None:
    """Put the programme of the next days into the store, by the use cases themselves; its trainer may teach all of it."""
    now, trainer = base.clock.now(), written.members[lab.ACCOUNTS["trainer"]].id
    for course in lab.TRAININGS:
        trainings.name_trainer(work, training=course["slug"], member_id=trainer, now=now)
    days = list(_open_days(now, closed_on))
    for session in SESSIONS:
        starts = datetime.combine(days[session.day], session.at, ZONE)
        wish = Plan(
            kind=session.kind, titles=session.titles, trainer_id=trainer, starts=starts,
            ends=starts + timedelta(hours=session.hours), seats=session.seats, training=session.training,
            minimum=session.minimum, resources=session.resources,
        )  # fmt: skip
        made = workshops.plan(work, wish, zone=ZONE.key, ids=base.ids, now=now)
        assert not isinstance(made, Refused), made
        for who in _comers(session, written):
            workshops_places.enrol(work, id=base.ids.new(), workshop_id=made[0].id, who=who, now=now)


def _open_days(now: datetime, closed_on: tuple[int, ...]) -> Iterator[date]:
    """The open days of the next two weeks, from tomorrow on."""
    for ahead in range(1, 15):
        day = now.astimezone(ZONE).date() + timedelta(days=ahead)
        if day.weekday() not in closed_on:
            yield day


def _comers(session: Session, written: Written) -> Iterator[Who]:
    yield from (Who(member_id=written.members[name].id) for name in session.people)
    yield from (Who(name=name) for name in session.visitors)
    if session.school is not None:
        yield Who(headcount=session.school)
