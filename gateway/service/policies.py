"""Groups of equal machines, and the rules that staff set for the site, a group or a resource."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.layers import SaidPolicies
from gateway.domain.people import Names
from gateway.domain.policy import Said, read_policy
from gateway.domain.resources import Resource, ResourceGroup
from gateway.domain.use_policy import UsePolicy
from gateway.ports.store import Work


def changed(said: SaidPolicies, *, use: Said | None, booking: Said | None) -> SaidPolicies:
    """Keys that are given replace those that stood, null takes one back; BadPolicy for what cannot be."""
    return SaidPolicies(use=_merged(UsePolicy, said.use, use), booking=_merged(BookingPolicy, said.booking, booking))


def _merged(policy: type[object], said: Said | None, change: Said | None) -> Said | None:
    merged: Said = {key: value for key, value in ((said or {}) | (change or {})).items() if value is not None}
    read_policy(policy, merged)
    return merged or None


def change_site(work: Work, *, use: Said | None, booking: Said | None, now: datetime) -> SaidPolicies:
    """What the site says for all its resources."""
    said = changed(work.site_policies(), use=use, booking=booking)
    work.put_site_policies(said)
    _log(work, now, "site", use, booking)
    return said


def put_group(work: Work, *, id: str, slug: str, names: Names, now: datetime) -> ResourceGroup:
    """A new group of equal machines, or new words for the one of that slug."""
    base = work.group(slug) or ResourceGroup(id=id, slug=slug, names={})
    group = work.put_group(replace(base, names=names))
    work.append(work.site_id(), [Event(kind=EventKind.GROUP_CHANGED, at=now, data={"group": slug})])
    return group


def change_group(
    work: Work, *, slug: str, use: Said | None, booking: Said | None, now: datetime
) -> ResourceGroup | None:
    """What a group says; None when there is no such group."""
    group = work.group(slug)
    if group is None:
        return None
    said = changed(SaidPolicies(use=group.use_policy, booking=group.booking_policy), use=use, booking=booking)
    _log(work, now, "group", use, booking, slug)
    return work.put_group(replace(group, use_policy=said.use, booking_policy=said.booking))


def change_resource(work: Work, *, slug: str, use: Said | None, booking: Said | None, now: datetime) -> Resource | None:
    """What a resource says; None when there is no such resource."""
    resource = work.resource(slug)
    if resource is None:
        return None
    said = changed(SaidPolicies(use=resource.use_policy, booking=resource.booking_policy), use=use, booking=booking)
    _log(work, now, "resource", use, booking, slug)
    return work.put_resource(replace(resource, use_policy=said.use, booking_policy=said.booking))


def join_group(work: Work, *, slug: str, group: str | None, now: datetime) -> Resource | None:
    """Put a resource into a group, or take it out with None; None when either is not there."""
    resource, found = work.resource(slug), work.group(group) if group is not None else None
    if resource is None or (group is not None and found is None):
        return None
    event = Event(
        kind=EventKind.GROUP_CHANGED, at=now, resource_id=resource.id, data={"group": group, "resource": slug}
    )
    work.append(work.site_id(), [event])
    return work.put_resource(replace(resource, group_id=found.id if found else None))


def fill_group(work: Work, *, slug: str, joining: Iterable[str], leaving: Iterable[str], now: datetime) -> None:
    """Put these resources into a group and take those out of it, all or none."""
    for machine in joining:
        join_group(work, slug=machine, group=slug, now=now)
    for machine in leaving:
        join_group(work, slug=machine, group=None, now=now)


def _log(work: Work, now: datetime, of: str, use: Said | None, booking: Said | None, slug: str | None = None) -> None:
    keys: list[Plain] = [f"use.{key}" for key in sorted(use or {})]
    keys += [f"booking.{key}" for key in sorted(booking or {})]
    event = Event(kind=EventKind.POLICY_CHANGED, at=now, data={"of": of, "slug": slug, "keys": keys})
    work.append(work.site_id(), [event])
