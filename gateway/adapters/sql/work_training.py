"""Trainings, what stands on what, and the rights that members have from them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, exists, func, insert, or_, select, update

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import QUALIFICATION, TRAINING, plain, training_row
from gateway.adapters.sql.statements import insert_new, upsert
from gateway.adapters.sql.transaction import Refused
from gateway.domain.qualifications import STALE, Line, Qualification, kept_until
from gateway.domain.resources import DeviceRole
from gateway.domain.training import Training, all_needs

_trainings, _rights, _under = schema.trainings.c, schema.qualifications.c, schema.training_prerequisites
_trainers, _devices, _needs = schema.training_trainers, schema.devices.c, schema.resource_trainings.c

_AT_ONCE = 200
"""Rights of a training that one sweep forgets, so that nobody waits for it."""

PUT_TRAINING = upsert(schema.trainings, ("site_id", "slug"), keep=("id",))
TRAINING_OF_SLUG = select(*TRAINING.columns).where(_trainings.site_id == SITE, _trainings.slug == bindparam("slug"))
TRAININGS_OF_SITE = select(*TRAINING.columns).where(_trainings.site_id == SITE).order_by(_trainings.slug)
FORGET_PREREQUISITES = delete(_under).where(_under.c.site_id == SITE)
ADD_PREREQUISITE = insert(_under)
ADD_QUALIFICATION = insert(schema.qualifications)
SAVE_QUALIFICATION = upsert(schema.qualifications, ("id",))
QUALIFICATION_OF_ID = select(*QUALIFICATION.columns).where(_rights.id == bindparam("id")).with_for_update()
RIGHTS_OF_MEMBER = (
    select(*QUALIFICATION.columns)
    .where(_rights.site_id == SITE, _rights.member_id == bindparam("member_id"))
    .order_by(_rights.granted_at, _rights.id)
)
ADD_LINE = insert(schema.qualification_acts).values(
    {
        column.name: bindparam(column.name, type_=column.type)
        for column in schema.qualification_acts.c
        if column.name != "id"
    }
)
ADD_TRAINER = insert_new(_trainers)
REMOVE_TRAINER = delete(_trainers).where(
    _trainers.c.training_id == bindparam("training"), _trainers.c.member_id == bindparam("member")
)
TRAINERS = select(_trainers.c.member_id).where(_trainers.c.training_id == bindparam("training"))
ZONE = select(schema.sites.c.timezone).where(schema.sites.c.id == SITE)

_standing = and_(_rights.revoked_at.is_(None), _rights.refused_at.is_(None), ~_rights.awaiting)
_opens = exists().where(_needs.resource_id == bindparam("resource_id"), _needs.training_id == _trainings.id)
_stands_under = exists().where(
    _needs.resource_id == bindparam("resource_id"),
    _under.c.training_id == _needs.training_id,
    _under.c.needs_id == _trainings.id,
)
_blind = ~exists().where(_devices.resource_id == bindparam("resource_id"), _devices.role == DeviceRole.MACHINE.value)


def _to_keep(*where: ColumnElement[bool]) -> Select[Any]:
    return (
        select(*QUALIFICATION.columns, *TRAINING.columns)
        .join_from(schema.qualifications, schema.trainings, _trainings.id == _rights.training_id)
        .where(_rights.member_id == bindparam("member_id"), _standing)
        .where(_trainings.unused_days.is_not(None), or_(_opens, _stands_under), *where)
        .with_for_update(of=schema.qualifications)
    )


KEPT_BY_JOB, KEPT_BY_POWER = _to_keep(), _to_keep(_blind)

_other = schema.qualifications.alias("other").c
_outlasted = exists().where(
    _other.member_id == _rights.member_id,
    _other.training_id == _rights.training_id,
    _other.id != _rights.id,
    _other.level >= _rights.level,
    _other.revoked_at.is_(None), _other.refused_at.is_(None), ~_other.awaiting,
    or_(_other.expires_at.is_(None), _other.expires_at > _rights.expires_at),
)  # fmt: skip
NEAR_THEIR_END = (
    select(*QUALIFICATION.columns, *TRAINING.columns)
    .join_from(schema.qualifications, schema.trainings, _trainings.id == _rights.training_id)
    .where(_rights.site_id == SITE, _rights.expires_at > bindparam("since"), _rights.expires_at <= bindparam("until"))
    .where(_standing, or_(_rights.told_days.is_(None), _rights.told_days > 0), ~_outlasted)
    .order_by(_rights.expires_at, _rights.id)
    .with_for_update(of=schema.qualifications)
)

_over = func.coalesce(_rights.revoked_at, _rights.refused_at, _rights.expires_at)
OVER_BEFORE = (
    select(*QUALIFICATION.columns)
    .where(_rights.training_id == bindparam("training"), _over <= bindparam("before", type_=_rights.expires_at.type))
    .order_by(_over, _rights.id)
    .limit(_AT_ONCE)
    .with_for_update()
)
FORGET = (
    update(schema.workshop_places)
    .where(schema.workshop_places.c.qualification_id == bindparam("id"))
    .values(qualification_id=None),
    delete(schema.qualification_acts).where(schema.qualification_acts.c.qualification_id == bindparam("id")),
    delete(schema.qualifications).where(_rights.id == bindparam("id")),
)


class TrainingPart(Part):
    """Courses and rights."""

    def put_training(self, training: Training) -> Training:
        """Insert or update by slug (prerequisites included)."""
        self._tx.run(PUT_TRAINING, **training_row(training), site_id=self.site_id())
        known = {row.slug: row for row in self.trainings()}
        if known[training.slug].prerequisites != tuple(sorted(training.prerequisites)):
            self._put_prerequisites(known, training)
        found = self.training(training.slug)
        assert found is not None
        return found

    def _put_prerequisites(self, known: dict[str, Training], training: Training) -> None:
        unknown = sorted(set(training.prerequisites) - known.keys())
        if unknown:
            raise Refused(f"training {training.slug} needs trainings that are not there: {', '.join(unknown)}")
        edges = {slug: row.prerequisites for slug, row in known.items()} | {training.slug: training.prerequisites}
        site = self.site_id()
        rows = [
            {
                "training_id": row.id, "needs_id": known[need].id, "site_id": site, "direct": need in edges[slug],
            }
            for slug, row in known.items()
            for need in sorted(all_needs(edges, slug))
        ]  # fmt: skip
        self._tx.run(FORGET_PREREQUISITES, site_id=site)
        if rows:
            self._tx.many(ADD_PREREQUISITE, rows)

    def training(self, slug: str) -> Training | None:
        """A training by slug."""
        row = self._tx.one(TRAINING_OF_SLUG, site_id=self.site_id(), slug=slug)
        return TRAINING.read(row) if row else None

    def trainings(self) -> tuple[Training, ...]:
        """Every training of the site, by slug."""
        return tuple(TRAINING.read(row) for row in self._tx.all(TRAININGS_OF_SITE, site_id=self.site_id()))

    def add_qualification(self, qualification: Qualification) -> None:
        """Add a right, given or declared."""
        self._tx.run(ADD_QUALIFICATION, **plain(qualification), site_id=self.site_id())

    def qualification(self, id: str) -> Qualification | None:
        """A right by id, ours alone from here on."""
        row = self._tx.one(QUALIFICATION_OF_ID, id=id)
        return QUALIFICATION.read(row) if row else None

    def save_qualification(self, qualification: Qualification) -> None:
        """Update a right."""
        self._tx.run(SAVE_QUALIFICATION, **plain(qualification), site_id=self.site_id())

    def zone(self) -> ZoneInfo:
        """The zone of the clocks on this site's walls."""
        row = self._tx.one(ZONE, site_id=self.site_id())
        assert row is not None
        return ZoneInfo(row[0])

    def add_trainer(self, training_id: str, member_id: str, now: datetime) -> bool:
        """Name a member a trainer of it; False when they are already."""
        if member_id in self.trainers(training_id):
            return False
        row = {"training_id": training_id, "member_id": member_id, "site_id": self.site_id(), "since": now}
        self._tx.run(ADD_TRAINER, **row)
        return True

    def remove_trainer(self, training_id: str, member_id: str) -> bool:
        """Take the name back; False when they were none."""
        known = member_id in self.trainers(training_id)
        self._tx.run(REMOVE_TRAINER, training=training_id, member=member_id)
        return known

    def trainers(self, training_id: str) -> frozenset[str]:
        """Ids of the members who may give it."""
        return frozenset(str(row[0]) for row in self._tx.all(TRAINERS, training=training_id))

    def rights_of(self, member_id: str) -> tuple[Qualification, ...]:
        """Every right that a member has had at this site, oldest first."""
        rows = self._tx.all(RIGHTS_OF_MEMBER, site_id=self.site_id(), member_id=member_id)
        return tuple(QUALIFICATION.read(row) for row in rows)

    def rights_past_term(self, now: datetime) -> tuple[tuple[Qualification, Training], ...]:
        """Rights whose stated time of keeping is over, oldest first in each training; no more than some hundreds at once."""
        found: list[tuple[Qualification, Training]] = []
        for training in self.trainings():
            if training.retention_years is not None:
                before = now - timedelta(days=365 * training.retention_years)
                rows = self._tx.all(OVER_BEFORE, training=training.id, before=before)
                found += [(QUALIFICATION.read(row), training) for row in rows]
        terms = ((kept_until(right, training, now), right, training) for right, training in found)
        return tuple((right, training) for term, right, training in terms if term is not None and term <= now)

    def forget_right(self, id: str) -> None:
        """Delete a right with its history; lists that spoke of it keep the rest."""
        for statement in FORGET:
            self._tx.run(statement, id=id)

    def add_line(self, line: Line) -> None:
        """Add to the history of a right, which only grows."""
        self._tx.run(ADD_LINE, **plain(line), site_id=self.site_id())

    def rights_to_keep(
        self, member_id: str, resource_id: str, *, detected: bool
    ) -> tuple[tuple[Qualification, Training], ...]:
        """A member's rights that lapse without use and that this resource, once really used, keeps alive."""
        statement = KEPT_BY_JOB if detected else KEPT_BY_POWER
        return pairs(self._tx.all(statement, member_id=member_id, resource_id=resource_id))

    def rights_near_their_end(self, now: datetime) -> tuple[tuple[Qualification, Training], ...]:
        """Valid rights that a reminder may be due for, and lapsed ones that were not told of."""
        ahead = max((days for row in self.trainings() for days in row.remind_days), default=0)
        until = now + timedelta(days=ahead)
        return pairs(self._tx.all(NEAR_THEIR_END, site_id=self.site_id(), since=now - STALE, until=until))


def pairs(rows: list[Sequence[Any]]) -> tuple[tuple[Qualification, Training], ...]:
    """Rights with their trainings, from rows that hold the columns of both."""
    width = len(QUALIFICATION.columns)
    return tuple((QUALIFICATION.read(row), TRAINING.read(row[width:])) for row in rows)
