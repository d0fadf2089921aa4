"""The questions behind each list: which rows, in which order, and which filters may be added."""

from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    or_,
    select,
    union_all,
)  # isort: skip

from gateway.adapters.sql import schema
from gateway.adapters.sql.pages import Paging
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.shapes import JOB, MEMBER, QUALIFICATION, RESERVATION, SESSION, STORED_EVENTS
from gateway.adapters.sql.statements import led_by, one_of
from gateway.adapters.sql.types import Words
from gateway.domain.people import MemberState

_sessions, _jobs, _booked = schema.sessions.c, schema.jobs.c, schema.reservations.c
_members, _rights, _events = schema.members.c, schema.qualifications.c, schema.events.c

_now: BindParameter[Any] = bindparam("now", type_=_members.member_until.type)
_stands = case(
    (_members.active == false(), MemberState.SUSPENDED.value),
    (_members.member_until <= _now, MemberState.LAPSED.value),
    else_=MemberState.CURRENT.value,
)
"""How a member stands today, as :class:`MemberState` names it."""

MANY_KINDS = 12

SESSIONS = Paging("sessions", _sessions.opened_at, _sessions.id, descending=True)
JOBS = Paging("jobs", _jobs.started_at, _jobs.id, descending=True)
RESERVATIONS = Paging("reservations", _booked.starts, _booked.id, descending=False)
MEMBERS = Paging("members", _members.sort_name, _members.id, descending=False)
QUALIFICATIONS = Paging("qualifications", _rights.granted_at, _rights.id, descending=True)
EVENTS = Paging("events", _events.id, _events.id, descending=True)


def _resource_of(column: Any) -> Any:
    found = select(schema.resources.c.id).where(
        schema.resources.c.site_id == SITE, schema.resources.c.slug == bindparam("resource")
    )
    return column == found.scalar_subquery()


def sessions(*filters: str) -> Select[Any]:
    """Sessions of the site."""
    query = select(*SESSION.columns).where(_sessions.site_id == SITE)
    if "open_only" in filters:
        query = led_by(query.where(_sessions.closed_at.is_(None)), schema.sessions, "uq_sessions_one_open")
    return query.where(_resource_of(_sessions.resource_id)) if "resource" in filters else query


def jobs(*filters: str) -> Select[Any]:
    """Jobs of the site."""
    query = select(*JOB.columns).where(_jobs.site_id == SITE)
    return query.where(_resource_of(_jobs.resource_id)) if "resource" in filters else query


def reservations(*filters: str) -> Select[Any]:
    """Standing reservations."""
    query = select(*RESERVATION.columns).where(_booked.site_id == SITE, _booked.cancelled_at.is_(None))
    if "resource" in filters:
        query = query.where(_resource_of(_booked.resource_id))
    if "starts" in filters:
        # From today on there are few, from the first one on there may be very many.
        ends = "ix_reservations_resource_id_ends" if "resource" in filters else "ix_reservations_ends"
        query = led_by(query, schema.reservations, ends)
        query = query.where(_booked.ends > bindparam("starts", type_=_booked.ends.type))
    return query.where(_booked.starts < bindparam("ends", type_=_booked.starts.type)) if "ends" in filters else query


def members(*filters: str) -> Select[Any]:
    """Members of the site: each ``word0``, ``word1`` … is found in the name, the address or the reference."""
    joined = schema.member_sites.c
    query = select(*MEMBER.columns).where(exists().where(joined.site_id == SITE, joined.member_id == _members.id))
    for word in (name for name in filters if name.startswith("word")):
        like: BindParameter[str] = bindparam(word)
        columns = (_members.email, _members.reference)
        query = query.where(
            or_(_members.sort_name.like(like, escape="\\"), *(column.ilike(like, escape="\\") for column in columns))
        )
    if "state" in filters:
        query = query.where(_stands == bindparam("state"))
    return query


def qualifications(*filters: str) -> Select[Any]:
    """Rights given at the site."""
    query = select(*QUALIFICATION.columns).where(_rights.site_id == SITE)
    if "member_id" in filters:
        query = query.where(_rights.member_id == bindparam("member_id"))
    if "training" in filters:
        found = select(schema.trainings.c.id).where(
            schema.trainings.c.site_id == SITE, schema.trainings.c.slug == bindparam("training")
        )
        query = query.where(_rights.training_id == found.scalar_subquery())
    if "awaiting" in filters:
        waits = and_(_rights.awaiting, _rights.refused_at.is_(None), _rights.revoked_at.is_(None))
        query = query.where(waits == bindparam("awaiting", type_=Boolean()))
    return query


def events(*filters: str) -> Select[Any]:
    """The log of the site, of the kinds ``kind0``, ``kind1`` …"""
    query = STORED_EVENTS.where(_events.site_id == SITE)
    kinds = [name for name in filters if name.startswith("kind")]
    if not kinds:
        return query
    if len(kinds) > MANY_KINDS or "people" in filters:
        # No index serves so many, or a person: read backwards until there are enough. The function keeps planners from
        # gathering every row of these kinds first.
        query = query.where(func.coalesce(_events.kind, "").in_([bindparam(kind) for kind in kinds]))
        return query.where(_theirs(_events)) if "people" in filters else query
    newest = union_all(*(_newest(kind, cursor="mark0" in filters) for kind in kinds)).subquery("newest")
    return query.where(_events.id.in_(select(newest.c.id)))


def _theirs(events: Any) -> Any:
    """What one of these people did, or what is about one of them."""
    people: BindParameter[Any] = bindparam("people", type_=Words())
    return or_(one_of(events.member_id, people), one_of(events.data["actor"].as_string(), people))


def _newest(kind: str, *, cursor: bool) -> Select[Any]:
    """Numbers of the newest events of one kind, as many as the page may need."""
    own = schema.events.alias(kind).c
    query = select(own.id).where(own.kind == bindparam(kind))
    if cursor:
        query = query.where(own.id < bindparam("mark0", type_=own.id.type))
    found = query.order_by(own.id.desc()).limit(bindparam("limit", type_=Integer())).subquery()
    return select(found.c.id)
