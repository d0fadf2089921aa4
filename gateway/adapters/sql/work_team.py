"""What the team keeps of its floor: upkeep, notes on screens."""

from datetime import datetime

from sqlalchemy import and_, bindparam, delete, update

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import plain
from gateway.adapters.sql.statements import insert_new, upsert
from gateway.domain.people import Role
from gateway.domain.upkeep import ScreenNote, Upkeep

_notes, _tokens = schema.screen_notes.c, schema.tokens.c

ADD_UPKEEP = insert_new(schema.upkeep)
SAVE_NOTE = upsert(schema.screen_notes, ("resource_id",))
CLEAR_NOTE = delete(schema.screen_notes).where(_notes.resource_id == bindparam("resource_id"))
_tests = schema.cut_tests.c
BEGIN_CUT_TEST = upsert(schema.cut_tests, ("device_id",))
_AWAITED = and_(
    _tests.device_id == bindparam("device"),
    _tests.done_at.is_(None),
    _tests.begun_at > bindparam("since", type_=_tests.begun_at.type),
)
NOTE_CUT = update(schema.cut_tests).where(_AWAITED).values(gone_at=bindparam("at", type_=_tests.gone_at.type))
END_CUT_TEST = (
    update(schema.cut_tests)
    .where(_AWAITED, _tests.gone_at.is_not(None))
    .values(done_at=bindparam("at", type_=_tests.done_at.type), off=bindparam("came_off", type_=_tests.off.type))
)
REVOKE_ROLE = (
    update(schema.tokens)
    .where(_tokens.site_id == SITE, _tokens.role == bindparam("held"), _tokens.revoked_at.is_(None))
    .values(revoked_at=bindparam("now", type_=_tokens.revoked_at.type))
)


class TeamPart(Part):
    """Upkeep, notes on screens, and screens without a person."""

    def add_upkeep(self, line: Upkeep) -> None:
        """Add a line to a machine's log."""
        self._tx.run(ADD_UPKEEP, **plain(line), site_id=self.site_id())

    def save_screen_note(self, note: ScreenNote) -> None:
        """Say it at the machine, instead of what was said there before."""
        self._tx.run(SAVE_NOTE, **plain(note), site_id=self.site_id())

    def clear_screen_note(self, resource_id: str) -> bool:
        """Say nothing any more; False when nothing was said."""
        return self._tx.run(CLEAR_NOTE, resource_id=resource_id) == 1

    def begin_cut_test(self, device_id: str, now: datetime) -> None:
        """Somebody pulls this plug out now."""
        self._tx.run(
            BEGIN_CUT_TEST, device_id=device_id, site_id=self.site_id(), begun_at=now, gone_at=None, done_at=None,
            off=None,
        )  # fmt: skip

    def note_cut(self, device_id: str, now: datetime, *, since: datetime) -> None:
        """It was on and has no power now, which only matters when somebody has begun to try that since then."""
        self._tx.run(NOTE_CUT, device=device_id, at=now, since=since)

    def end_cut_test(self, device_id: str, now: datetime, *, since: datetime, off: bool) -> bool:
        """It is back; False when nobody has pulled it out, while it was on, since then."""
        return self._tx.run(END_CUT_TEST, device=device_id, at=now, since=since, came_off=off) == 1

    def revoke_tokens(self, role: Role, now: datetime) -> int:
        """Make every live token of a role useless; how many there were."""
        return self._tx.run(REVOKE_ROLE, site_id=self.site_id(), held=role.value, now=now)
