"""What the team sees of its floor."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Integer, and_, bindparam, func, select

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.shapes import MEMBER
from gateway.adapters.sql.shapes_team import UPKEEP
from gateway.adapters.sql.statements import one_of
from gateway.adapters.sql.types import Words
from gateway.adapters.sql.views_part import ViewsPart
from gateway.domain.cuts import CutTest
from gateway.domain.people import Member, Role
from gateway.domain.upkeep import Kept, Upkeep
from gateway.ports.views_team import StandingAlarm

_alarms, _members, _upkeep, _sessions = schema.alarms.c, schema.members.c, schema.upkeep.c, schema.sessions.c

ALARMS = (
    select(_alarms.resource_id, _alarms.code, func.min(_alarms.raised_at, type_=_alarms.raised_at.type))
    .where(_alarms.site_id == SITE)
    .group_by(_alarms.resource_id, _alarms.code)
    .order_by(_alarms.resource_id, _alarms.code)
)
PEOPLE = select(*MEMBER.columns).where(one_of(_members.id, bindparam("ids", type_=Words())))
LOG = (
    select(*UPKEEP.columns)
    .where(_upkeep.site_id == SITE, _upkeep.resource_id == bindparam("resource_id"))
    .order_by(_upkeep.at.desc(), _upkeep.id.desc())
    .limit(bindparam("limit", type_=Integer()))
)
_later = schema.upkeep.alias("later")
_newest = (
    select(_later.c.id)
    .where(_later.c.resource_id == schema.resources.c.id)
    .order_by(_later.c.at.desc(), _later.c.id.desc())
    .limit(1)
    .correlate(schema.resources)
    .scalar_subquery()
)
_used = (
    select(func.coalesce(func.sum(_sessions.enabled_s), 0.0))
    .where(and_(_sessions.resource_id == _upkeep.resource_id, _sessions.opened_at >= _upkeep.at))
    .correlate(schema.upkeep)
    .scalar_subquery()
)
KEPT = (
    select(*UPKEEP.columns, _used.label("used_s"))
    .select_from(schema.resources)
    .join(schema.upkeep, _upkeep.id == _newest)
    .where(schema.resources.c.site_id == SITE)
)

_tests = schema.cut_tests.c
CUT_TESTS = select(_tests.device_id, _tests.begun_at, _tests.gone_at, _tests.done_at, _tests.off).where(
    _tests.site_id == SITE
)
_tokens = schema.tokens.c
LIVE_TOKEN = (
    select(_tokens.created_at)
    .where(_tokens.site_id == SITE, _tokens.role == bindparam("held"), _tokens.revoked_at.is_(None))
    .order_by(_tokens.created_at.desc())
    .limit(1)
)


class TeamViewsPart(ViewsPart):
    """Reads for those who run the place."""

    def standing_alarms(self) -> tuple[StandingAlarm, ...]:
        """Every alarm, once for each resource and code, with when it was first raised."""
        return tuple(StandingAlarm(resource_id=row[0], code=row[1], since=row[2]) for row in self._all(ALARMS))

    def people(self, ids: Iterable[str]) -> Mapping[str, Member]:
        """These members by id; unknown ones are left out."""
        asked = sorted(set(ids))
        found = (MEMBER.read(row) for row in self._all(PEOPLE, ids=asked)) if asked else ()
        return {member.id: member for member in found}

    def upkeep(self, resource_id: str, limit: int) -> tuple[Upkeep, ...]:
        """A machine's log, newest first."""
        return tuple(UPKEEP.read(row) for row in self._all(LOG, resource_id=resource_id, limit=limit))

    def token_since(self, role: Role) -> datetime | None:
        """When the live token of a role was made; None when there is none."""
        rows = self._all(LIVE_TOKEN, held=role.value)
        return rows[0][0] if rows else None

    def cut_tests(self) -> Mapping[str, CutTest]:
        """The last test of every plug that was tried, by device id."""
        return {
            row[0]: CutTest(device_id=row[0], begun_at=row[1], gone_at=row[2], done_at=row[3], off=row[4])
            for row in self._all(CUT_TESTS)
        }

    def kept(self) -> Mapping[str, Kept]:
        """The newest line of every machine that has one, with its hours under power since, by resource id."""
        rows = [(UPKEEP.read(row), float(row[-1])) for row in self._all(KEPT)]
        return {line.resource_id: Kept(last=line, used_s=used_s) for line, used_s in rows}
