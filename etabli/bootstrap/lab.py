"""What the configuration says about the lab, put into the store at each start: by slug, keeping what staff changed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from etabli.settings.models import GroupSettings, ResourceSettings, Settings, TrainingSettings
from gateway.domain.layers import SaidPolicies
from gateway.domain.opening import Opening
from gateway.domain.opening_plain import read_opening
from gateway.domain.people import Names
from gateway.domain.policy import Said
from gateway.domain.resources import DeviceRole, Resource, ResourceGroup
from gateway.domain.training import Training, YearlyDate
from gateway.ports.ids import Ids
from gateway.ports.store import Store, Work


def put_lab(store: Store, settings: Settings, ids: Ids) -> None:
    """Site, trainings, groups, resources and devices, in one transaction."""
    with store.begin() as work:
        lab = settings.lab
        work.put_site(id=ids.new(), slug=lab.slug, name=lab.name, timezone=lab.timezone, address=settings.web.address)
        said = work.site_policies()
        work.put_site_policies(SaidPolicies(use=_said(lab.use, said.use), booking=_said(lab.booking, said.booking)))
        if lab.opening is not None:
            work.put_site_opening(_opening(lab.opening, lab.timezone))
        groups = {group.slug: _put_group(work, group, ids).id for group in settings.groups}
        _put_trainings(work, settings.trainings, ids)
        for position, resource in enumerate(settings.resources):
            _put_resource(work, resource, position, groups, lab.timezone, ids)
        for device in settings.devices:
            role = DeviceRole(device.role)
            made = work.put_device(id=ids.new(), slug=device.slug, role=role, resource=device.resource)
            if role is DeviceRole.KIOSK:
                work.serve(made.id, device.resources)


def named(names: Mapping[Any, str]) -> Names:
    """The lab's own words by language."""
    return {str(language): text for language, text in names.items()}


def _said(told: Said | None, known: Said | None) -> Said | None:
    """What the file says wins; where it says nothing, what staff said stays."""
    return known if told is None else told or None


def _put_group(work: Work, told: GroupSettings, ids: Ids) -> ResourceGroup:
    base = work.group(told.slug) or ResourceGroup(id=ids.new(), slug=told.slug, names={})
    return work.put_group(
        replace(
            base,
            names=named(told.names),
            use_policy=_said(told.use, base.use_policy),
            booking_policy=_said(told.booking, base.booking_policy),
        )
    )


def _put_trainings(work: Work, told: tuple[TrainingSettings, ...], ids: Ids) -> None:
    """All of them first, then what each stands on: a prerequisite may come later in the file."""
    made = []
    for one in told:
        known = work.training(one.slug)
        course = Training(
            id=known.id if known else ids.new(), slug=one.slug, names=named(one.names),
            validity_days=one.validity_days,
            yearly_until=YearlyDate.read(one.yearly_until) if one.yearly_until else None,
            unused_days=one.unused_days, minutes=one.minutes, refresher_minutes=one.refresher_minutes,
            remind_days=one.remind_days, retention_years=one.retention_years,
        )  # fmt: skip
        made.append((replace(course, prerequisites=tuple(sorted(one.prerequisites))), known))
        if known is None:
            work.put_training(course)
    for course, known in made:
        if course != known:
            work.put_training(course)


def _opening(told: dict[str, Any], timezone: str) -> Opening:
    found = read_opening(told, timezone)
    assert isinstance(found, Opening), "the settings have been checked"
    return found


def _put_resource(
    work: Work, told: ResourceSettings, position: int, groups: Mapping[str, str], timezone: str, ids: Ids
) -> None:
    """The file says what it is; whether it is out of service is the staff's word and stays."""
    known = work.resource(told.slug)
    base = known or Resource(id=ids.new(), slug=told.slug, names={})
    changed = replace(
        base,
        names=named(told.names),
        kind=told.kind,
        position=position,
        reservation_required=told.reservation_required,
        ceiling_s=round(told.ceiling_hours * 3600),
        forgotten_s=told.forgotten_minutes * 60,
        opening=base.opening if told.opening is None else _opening(told.opening, timezone),
        group_id=groups[told.group] if told.group else base.group_id,
        use_policy=_said(told.use, base.use_policy),
        booking_policy=_said(told.booking, base.booking_policy),
    )
    if told.trainings is not None:
        levels = {slug: level for slug, level in told.levels.items() if level > 1 and slug in told.trainings}
        changed = replace(changed, trainings=tuple(sorted(told.trainings)), levels=levels)
    if changed != known:
        work.put_resource(changed)
