"""Two records of one person become one: whatever points to the one that goes points to the other afterwards."""

from collections.abc import Iterator
from functools import cache

from sqlalchemy import Column, Executable, Table, UniqueConstraint, and_, bindparam, delete, exists, select, update

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import Part

_members, _places = schema.members.c, schema.workshop_places.c
_twins = schema.workshop_places.alias("twin")
_twin, _events = _twins.c, schema.events.c
_here, _also = schema.presences.c, schema.presences.alias("also").c

IN_BOTH = (
    select(_places.workshop_id)
    .join(_twins, _twin.workshop_id == _places.workshop_id)
    .where(_places.member_id == bindparam("keep"), _twin.member_id == bindparam("gone"))
    .order_by(_places.workshop_id)
)
OLDER_PRESENCE = delete(schema.presences).where(
    _here.member_id == bindparam("keep"),
    exists().where(
        _also.member_id == bindparam("gone"), _also.site_id == _here.site_id, _also.changed_at > _here.changed_at
    ),
)
MOVE_EVENTS = update(schema.events).where(_events.member_id == bindparam("gone")).values(member_id=bindparam("keep"))
FORGET = delete(schema.members).where(_members.id == bindparam("gone"))


def pointers() -> Iterator[tuple[Table, Column[str]]]:
    """Every column that holds a member's id."""
    for table in schema.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column is _members.id:
                yield table, key.parent


def _alone(table: Table, column: Column[str]) -> Iterator[tuple[Column[str], ...]]:
    """What else may stand only once for each member, in this column."""
    keys = [tuple(table.primary_key.columns)]
    keys += [tuple(each.columns) for each in table.constraints if isinstance(each, UniqueConstraint)]
    keys += [tuple(index.columns) for index in table.indexes if index.unique]
    for key in keys:
        if column in key:
            yield tuple(other for other in key if other is not column)


@cache
def moves() -> tuple[Executable, ...]:
    """For each column: what both have goes once, then the rest moves."""
    statements: list[Executable] = []
    for table, column in pointers():
        for rest in _alone(table, column):
            kept = table.alias("kept").c
            both = and_(kept[column.name] == bindparam("keep"), *(kept[each.name] == each for each in rest))
            statements.append(delete(table).where(column == bindparam("gone"), exists().where(both)))
        moved = update(table).where(column == bindparam("gone")).values({column.name: bindparam("keep")})
        statements.append(moved)
    return tuple(statements)


class MergePart(Part):
    """What merging two members asks of the store."""

    def workshops_of_both(self, keep: str, gone: str) -> tuple[str, ...]:
        """Ids of the workshops on whose lists both stand."""
        return tuple(str(row[0]) for row in self._tx.all(IN_BOTH, keep=keep, gone=gone))

    def move_member(self, keep: str, gone: str) -> None:
        """Give everything of ``gone`` to ``keep``, and forget ``gone``."""
        self._tx.run(OLDER_PRESENCE, keep=keep, gone=gone)
        for statement in (*moves(), MOVE_EVENTS, FORGET):
            self._tx.run(statement, keep=keep, gone=gone)
