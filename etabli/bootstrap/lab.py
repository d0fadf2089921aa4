"""What the configuration says about the lab, put into the store at each start: by slug, keeping what staff changed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from etabli.settings.models import ResourceSettings, Settings
from gateway.domain.people import Names
from gateway.domain.resources import DeviceRole, Resource
from gateway.domain.training import Training
from gateway.ports.ids import Ids
from gateway.ports.store import Store, Work


def put_lab(store: Store, settings: Settings, ids: Ids) -> None:
    """Site, trainings, resources and devices, in one transaction."""
    with store.begin() as work:
        lab = settings.lab
        work.put_site(id=ids.new(), slug=lab.slug, name=lab.name, timezone=lab.timezone)
        for training in settings.trainings:
            _put_training(work, training.slug, named(training.names), training.validity_days, ids)
        for position, resource in enumerate(settings.resources):
            _put_resource(work, resource, position, ids)
        for device in settings.devices:
            role = DeviceRole(device.role)
            work.put_device(id=ids.new(), slug=device.slug, role=role, resource=device.resource)


def named(names: Mapping[Any, str]) -> Names:
    """The lab's own words by language."""
    return {str(language): text for language, text in names.items()}


def _put_training(work: Work, slug: str, names: dict[str, str], validity_days: int | None, ids: Ids) -> None:
    known = work.training(slug)
    work.put_training(
        Training(id=known.id if known else ids.new(), slug=slug, names=names, validity_days=validity_days)
    )


def _put_resource(work: Work, told: ResourceSettings, position: int, ids: Ids) -> None:
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
        trainings=told.trainings,
    )
    if changed != known:
        work.put_resource(changed)
