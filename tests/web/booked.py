"""A lab as members meet it: hours, equal machines, rules, what others have booked, workshops to come."""

from dataclasses import replace
from datetime import UTC, timedelta

from gateway.adapters.sql import SqlStore
from gateway.adapters.sql.part import SiteId
from gateway.domain.notices import EMAIL, House
from gateway.domain.qualifications import Qualification
from gateway.domain.resources import Resource, ResourceGroup
from gateway.domain.timespan import Span
from gateway.domain.workshops import Place, PlaceState, Roll, Workshop, WorkshopKind
from gateway.service import opening
from tests.web.lab import TestLab

HOUR = timedelta(hours=1)
HOURS = {
    **dict.fromkeys(("tuesday", "wednesday", "thursday"), ("9:00-12:30", "14:00-19:00")),
    **dict.fromkeys(("friday", "saturday"), ("9:00-18:00",)),
}


def booked(lab: TestLab) -> None:
    """Three printers that are equals; a laser with rules, which Léa may use; Tuesday noon in November."""
    now = lab.clock.now()
    with lab.store.begin() as work:
        opening.set_opening(work, resource=None, plain=HOURS, zone="Europe/Paris", now=now)
        names = {"fr": "Imprimantes Prusa", "en": "Prusa printers"}
        group = work.put_group(ResourceGroup(id=lab.ids.new(), slug="prusa", names=names))
        for slug in ("prusa-1", "prusa-2", "ender-3"):
            lab.resources[slug] = work.put_resource(replace(lab.resources[slug], group_id=group.id))
        rules = {"step_minutes": 30, "longest_minutes": 240, "horizon_days": 30, "buffer_minutes": 30}
        lab.resources["laser"] = work.put_resource(replace(lab.resources["laser"], booking_policy=rules))
        training = next(each for each in work.trainings() if each.slug == "decoupe-laser")
        work.add_qualification(
            Qualification(
                id=lab.ids.new(), member_id=lab.people["Léa"].id, training_id=training.id, granted_at=now,
                expires_at=now + timedelta(days=400),
            )
        )  # fmt: skip
    for slug, who, starts, ends in (
        ("laser", "Inès", 2, 4), ("laser", "Karim", 24, 26), ("laser", "Inès", 48, 53), ("prusa-1", "Inès", 0, 6),
        ("prusa-2", "Karim", 2, 4), ("ender-3", "Inès", 3, 5), ("scanner", "Karim", 1, 7),
    ):  # fmt: skip
        lab.reserve(slug, who, now + starts * HOUR, now + ends * HOUR)


def hears(web) -> None:
    """From here on the lab sends e-mail."""
    house = House(channels=(EMAIL,), quiet=None, zone=UTC)
    web.app.state.services = replace(web.app.state.services, house=house)


def elsewhere(lab: TestLab, *, address: str | None = "https://acores.example") -> None:
    """The same kind of printer at a site two hours behind, open in the afternoon by its own clock."""
    there = SqlStore.__new__(SqlStore)
    there._database, there._site = lab.store._database, SiteId("acores")
    with there.begin() as work:
        work.put_site(
            id=lab.ids.new(), slug="acores", name="Fablab des Açores", timezone="Atlantic/Azores", address=address
        )
        hours = dict.fromkeys(HOURS, ("14:00-16:00",))
        opening.set_opening(work, resource=None, plain=hours, zone="Atlantic/Azores", now=lab.clock.now())
        group = work.put_group(ResourceGroup(id=lab.ids.new(), slug="prusa", names={"fr": "Imprimantes Prusa"}))
        work.put_resource(Resource(id=lab.ids.new(), slug="mk4", names={"fr": "Prusa MK4"}, group_id=group.id))


def planned(
    lab: TestLab, title: str, hours: float, *, seats: int = 6, taken: int = 0, training: str | None = None
) -> str:
    """A workshop that begins in so many hours, with so many names on its list."""
    starts = lab.clock.now() + hours * HOUR
    workshop = Workshop(
        id=lab.ids.new(), kind=WorkshopKind.COURSE, titles={"fr": title, "en": title}, trainer_id=lab.people["Inès"].id,
        span=Span(starts, starts + 2 * HOUR), seats=seats, created_at=lab.clock.now(), training=training, offer_hours=12,
    )  # fmt: skip
    lines = tuple(
        Place(
            id=lab.ids.new(), workshop_id=workshop.id, joined_at=lab.clock.now() - timedelta(minutes=60 - n),
            name=f"Nom {n}", state=PlaceState.ENROLLED if n < seats else PlaceState.WAITING,
        )
        for n in range(taken)
    )  # fmt: skip
    with lab.store.begin() as work:
        work.save_roll(Roll(workshop=workshop, places=lines), lines)
    return workshop.id


def door(lab: TestLab, who: str) -> str:
    """An address that signs somebody in, as in the demo."""
    secret = f"door-of-{who}"
    lab.doors[secret] = lab.people[who].id
    return f"/compte/demo/{secret}"
