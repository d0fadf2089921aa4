"""Everything that the list of what needs somebody looks at, read once."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from dashboard.dependencies import Services, doubt_of
from dashboard.health import failing
from gateway.domain.attention import CLOCK, Asked, Floor, Machine, Raised, Trouble, UnknownTap
from gateway.domain.help import HelpKind
from gateway.domain.upkeep import Kept
from gateway.ports.views import ResourceView, Views
from gateway.ports.views_help import HelpView
from gateway.ports.views_team import StandingAlarm

JUST_NOW = timedelta(hours=2)
"""A badge that nobody has is somebody's who stands there, or has just left."""
MOST_SET_ASIDE = 100


def look(views: Views, resources: Iterable[ResourceView], ailing: Iterable[str], now: datetime) -> Floor:
    """The floor as it is now."""
    alarms: dict[str, list[StandingAlarm]] = {}
    for alarm in views.standing_alarms():
        alarms.setdefault(alarm.resource_id, []).append(alarm)
    kept, place, here = views.kept(), *views.presence(now)
    aside = views.quarantine(MOST_SET_ASIDE)
    return Floor(
        machines=tuple(_machine(view, alarms.get(view.resource.id, []), kept) for view in resources),
        loose=tuple(device for device in views.devices() if device.resource_id is None),
        taps=tuple(
            UnknownTap(event=row.id, at=row.event.at, resource=row.resource)
            for row in views.unknown_badges(now - JUST_NOW)
        ),
        asked=tuple(_asked(view) for view in views.open_requests()),
        here=frozenset(row.member_id for row in here) if place.known else None,
        ailing=tuple(ailing),
        returning_on=frozenset(test.device_id for test in views.cut_tests().values() if test.off is False),
        set_aside=len(aside),
        set_aside_at=min((row[3] for row in aside), default=None),
    )


def _machine(view: ResourceView, alarms: Iterable[StandingAlarm], kept: Mapping[str, Kept]) -> Machine:
    return Machine(
        resource=view.resource, devices=view.devices, session=view.session, job=view.job,
        reservation=view.reservation, alarms=tuple(Raised(code=alarm.code, since=alarm.since) for alarm in alarms),
        part=view.part, moved_at=view.moved_at, kept=kept.get(view.resource.id),
    )  # fmt: skip


def _asked(view: HelpView) -> Asked:
    request = view.request
    trouble = Trouble.CALLED if request.kind is HelpKind.CALL else Trouble.PROBLEM_TOLD
    return Asked(
        id=request.id, trouble=Trouble.DANGER_TOLD if request.dangerous else trouble, at=request.created_at,
        resource=view.resource, member_id=request.member_id, about=str(request.trouble) if request.trouble else None,
    )  # fmt: skip


def ailing(services: Services) -> tuple[str, ...]:
    """Parts of the program that do not answer, and sinks that cannot deliver, by name."""
    doubt = {CLOCK} if doubt_of(services) else set()
    return tuple(sorted({*failing(services), *services.sinks_failing(), *doubt}))
