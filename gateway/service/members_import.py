"""A list of members from elsewhere is looked at, then written; doing it twice writes nothing the second time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from gateway.domain.members_file import FileFault, MembersFile, read_members
from gateway.domain.members_plan import Addition, Change, Ends, Plan, plan_import
from gateway.domain.people import Member
from gateway.ports.ids import Ids
from gateway.ports.store import Work
from gateway.ports.views import Views
from gateway.service.members import add_member, change_member

PAGE = 1000
AT_ONCE = 100
"""So many people in one transaction: nobody's tap waits for a whole list."""

Value = TypeVar("Value")


class Transact(Protocol):
    """Open one write transaction, run the use case, commit."""

    def __call__(self, use_case: Callable[[Work, datetime], Value]) -> Value:
        """The use case's value, once it is committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What was read, and what it would change."""

    file: MembersFile
    plan: Plan


def every_member(views: Views) -> Iterator[Member]:
    """All of them, page by page."""
    cursor = None
    while True:
        page = views.members(limit=PAGE, cursor=cursor)
        yield from page.rows
        cursor = page.next
        if cursor is None:
            return


def preview(views: Views, data: bytes, *, zone: ZoneInfo, ends: Ends) -> Preview | FileFault:
    """What this list would change; nothing is written."""
    file = read_members(data)
    if isinstance(file, FileFault):
        return file
    return Preview(
        file=file, plan=plan_import(file.lines, every_member(views), zone=zone, ends=ends, faults=file.faults)
    )


def apply(transact: Transact, ids: Ids, plan: Plan) -> None:
    """Write it, some people at a time; whoever is interrupted does it again, and only the rest is written."""
    for some in _portions((*plan.added, *plan.changed)):
        transact(lambda work, now, some=some: _write(work, some, ids, now))  # type: ignore[misc]


def _portions(rows: Sequence[Addition | Change]) -> Iterable[Sequence[Addition | Change]]:
    return (rows[first : first + AT_ONCE] for first in range(0, len(rows), AT_ONCE))


def _write(work: Work, rows: Iterable[Addition | Change], ids: Ids, now: datetime) -> None:
    for row in rows:
        if isinstance(row, Addition):
            add_member(work, id=ids.new(), now=now, **row.values)  # type: ignore[arg-type]
        else:
            changes = {name: new for name, (_, new) in row.differences.items()}
            change_member(work, id=row.member.id, changes=changes, now=now)
