"""Keyset pages: the cursor is the key of the last row, in base64, and says what it is a cursor of."""

import base64
import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import BindParameter, ColumnElement, Integer, Select, bindparam, tuple_

from gateway.adapters.sql.shapes import Shape
from gateway.adapters.sql.statements import Statement
from gateway.adapters.sql.transaction import Transaction
from gateway.adapters.sql.types import Moment, from_micros, to_micros
from gateway.ports.views import Page

T = TypeVar("T")
MOST = 1000


class Paging:
    """How one kind of page is sorted: by ``first`` and then by ``last``, which is unique."""

    def __init__(self, name: str, first: ColumnElement[Any], last: ColumnElement[Any], *, descending: bool) -> None:
        self.name = name
        self._columns = (first, last)
        self._descending = descending
        self._timed = isinstance(first.type, Moment)

    def after(self, query: Select[Any], *, cursor: bool) -> Select[Any]:
        """The query for one page, with one row more to know whether another follows."""
        if cursor:
            key = tuple_(*self._columns)
            mark = tuple_(*(self._mark(i) for i in range(2)))
            query = query.where(key < mark if self._descending else key > mark)
        order = [column.desc() if self._descending else column.asc() for column in self._columns]
        return query.order_by(*order).limit(bindparam("limit", type_=Integer()))

    def _mark(self, i: int) -> BindParameter[Any]:
        return bindparam(f"mark{i}", type_=self._columns[i].type)

    def dump(self, first: Any, last: Any) -> str:
        """The cursor after a row."""
        key = [self.name, to_micros(first) if self._timed else first, last]
        return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")

    def load(self, cursor: str) -> dict[str, Any]:
        """The key in a cursor; ValueError when it is not one of ours."""
        try:
            found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            name, first, last = found
        except (ValueError, TypeError) as fault:
            raise ValueError("this cursor was not made here") from fault
        kinds = tuple(int if isinstance(column.type, Integer | Moment) else str for column in self._columns)
        if name != self.name or (type(first), type(last)) != kinds:
            raise ValueError("this cursor is for another page")
        try:
            return {"mark0": from_micros(int(first)) if self._timed else first, "mark1": last}
        except OverflowError as fault:
            raise ValueError("this cursor was not made here") from fault


@cache
def paged(build: Callable[..., Select[Any]], paging: Paging, filters: tuple[str, ...]) -> Select[Any]:
    """The same statement for the same question, so that it is compiled once."""
    return paging.after(build(*filters), cursor="mark0" in filters)


def page(
    tx: Transaction,
    shape: Shape[T],
    paging: Paging,
    build: Callable[..., Select[Any]],
    key: Callable[[T], tuple[Any, Any]],
    *,
    limit: int,
    cursor: str | None,
    given: dict[str, Any],
    **params: Any,
) -> Page[T]:
    """One page of what ``build(*names)`` selects, where ``names`` are the filters of ``given`` that are not None.

    With a cursor they hold ``mark0`` and ``mark1`` too, for whoever must know.
    """
    limit = max(1, min(limit, MOST))
    chosen = {name: value for name, value in given.items() if value is not None}
    if cursor is not None:
        chosen |= paging.load(cursor)
    statement: Statement = paged(build, paging, tuple(sorted(chosen)))
    rows: list[Sequence[Any]] = tx.all(statement, limit=limit + 1, **chosen, **params)
    found = tuple(shape.read(row) for row in rows[:limit])
    more = len(rows) > limit
    return Page(rows=found, next=paging.dump(*key(found[-1])) if more else None)
