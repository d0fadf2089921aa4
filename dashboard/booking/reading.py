"""What the pages of booking read: what is booked, its machines, and the booking that is to be moved."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query

from dashboard.accounts.viewer import Viewer
from dashboard.booking import choices
from dashboard.booking.choices import DAY, MINUTE, Found
from dashboard.booking.views import Subject, around, kind_of, subject_of
from dashboard.dependencies import Services
from dashboard.problems import Problem
from gateway.domain.booking import HOLDING, Reservation
from gateway.domain.free_spans import Machine
from gateway.domain.people import Names
from gateway.domain.timespan import Span
from gateway.ports.views_calendar import Machines

Slug = Annotated[str | None, Query(max_length=64)]
Minutes = Annotated[int | None, Query(ge=1, le=14 * 24 * 60)]
Id = Annotated[str | None, Query(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is looked for: the subject, whose machines they are, who asks, and the booking that is to be moved."""

    subject: Subject
    needs: tuple[Names, ...]
    viewer: Viewer | None
    moves: Reservation | None

    @property
    def member_id(self) -> str | None:
        """For whom rights and quotas count."""
        return self.viewer.member_id if self.viewer else None


def sought(
    services: Services, viewer: Viewer | None, *, machine: str | None, kind: str | None, change: str | None
) -> Sought:
    """The machine or the kind that an address names; a problem when there is none."""
    views = services.store.views()
    moves = views.booking_of(viewer.member_id, change) if viewer and change else None
    if change and viewer and (moves is None or moves.status not in HOLDING):
        raise Problem("not_found")
    groups, resources = views.groups(), views.resources()
    if machine:
        resource = next((each for each in resources if each.slug == machine), None)
        subject = subject_of(resource, groups) if resource else None
    else:
        group = next((each for each in groups if each.slug == kind), None)
        resource = next((each for each in resources if group and each.group_id == group.id), None)
        subject = kind_of(group, resource) if group and resource else None
    if resource is None or subject is None:
        raise Problem("not_found")
    names = {training.slug: training.names for training in views.trainings()} if resource.trainings else {}
    needs = tuple(names[slug] for slug in resource.trainings if slug in names)
    return Sought(subject=subject, needs=needs, viewer=viewer, moves=moves)


def machines(services: Services, sought: Sought, window: Span, now: datetime) -> Machines:
    """The machines as they stand for whoever asks, as if the booking that is to be moved were not there."""
    found = services.store.views().machines(**sought.subject.which, member_id=sought.member_id, window=window, now=now)
    if found is None:
        raise Problem("not_found")
    if sought.moves is None:
        return found
    held = sought.moves
    return replace(found, machines=tuple(_without(machine, held) for machine in found.machines))


def here(known: Machines) -> tuple[Machine, ...]:
    """The machines of this place: what is booked here."""
    return known.at(known.sites[0].slug)


def _without(machine: Machine, held: Reservation) -> Machine:
    others = tuple(span for span in machine.others if span != held.span)
    busy = machine.busy
    if machine.id == held.resource_id:
        busy = tuple(each for each in busy if each != (held.span.starts, held.busy_until))
    return replace(machine, busy=busy, others=others)


def starts_near(services: Services, sought: Sought, starts: datetime, minutes: int, now: datetime) -> Found:
    """The starts of the days around one, this one among them if it can be had."""
    length = minutes * MINUTE
    window = around(starts, length, now)
    found = machines(services, sought, window, now)
    return choices.search(here(found), found.member, length=length, window=window, now=now)


def read_day(text: str | None, today: date) -> tuple[date, bool]:
    """A day of an address, never a past one, and whether it had to be changed."""
    try:
        told = date.fromisoformat(text) if text else None
    except ValueError:
        told = None
    day = min(max(told or today, today), today + choices.FURTHEST_DAYS * DAY)
    return day, told is not None and told != day


def week(
    services: Services, sought: Sought, first: date, minutes: int | None, zone: ZoneInfo, now: datetime
) -> tuple[Found, Machines]:  # fmt: skip
    """Every start here in seven days, for the asked length or the usual one; and all that was read."""
    read = choices.week_from(first, zone, timedelta(minutes=minutes or choices.LENGTHS[-1]))
    # The same days elsewhere begin and end up to a day apart.
    known = machines(services, sought, Span(read.starts - DAY, read.ends + DAY), now)
    length = timedelta(minutes=minutes or choices.usual_length(here(known)))
    window = choices.week_from(first, zone, length)
    return choices.search(here(known), known.member, length=length, window=window, now=now), known
