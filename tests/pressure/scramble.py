"""Many people after the same few slots at once: books, moves, extends, shortens, cancels, approves and recurs at random.

A desk is a way in: straight at the store, or through HTTP. Whatever happens, :func:`overlaps` must find nothing.
"""

import json
import random
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any, Protocol

import psycopg

from gateway.adapters.ids import TimeOrderedIds
from gateway.domain.booking import Purpose, Reservation
from gateway.domain.timespan import Span
from gateway.ports.errors import StoreUnavailable
from gateway.ports.store import Store

FIRST = datetime(2026, 3, 9, 8, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
SLOTS = 4 * 24 * 4
"""Four days in quarters of an hour: few enough that everybody is after the same ones."""
ACTS = ("book",) * 8 + ("move",) * 4 + ("extend",) * 2 + ("shorten",) + ("cancel",) * 4 + ("recur",) + ("approve",) * 2

OVERLAPS = """
    SELECT count(*) FROM reservations a JOIN reservations b
    ON a.resource_id = b.resource_id AND a.id < b.id AND a.starts < b.busy_until AND b.starts < a.busy_until
    WHERE a.cancelled_at IS NULL AND b.cancelled_at IS NULL
"""


class Desk(Protocol):
    """One person's way in. What is refused gives None or False; anything else wrong is raised."""

    def book(self, resource: int, span: Span) -> str | None:
        """The id of what was booked."""

    def recur(self, resource: int, span: Span) -> Sequence[str]:
        """Ids of what was booked of three days in a row."""

    def change(self, id: str, span: Callable[[Span], Span]) -> bool:
        """Move, extend or shorten."""

    def approve(self, id: str) -> bool:
        """Approve."""

    def cancel(self, id: str) -> bool:
        """Cancel."""


@dataclass
class StoreDesk:
    """Straight at the store: nothing but the database stands between two people."""

    store: Store
    resources: Sequence[str]
    ids: TimeOrderedIds

    def book(self, resource: int, span: Span) -> str | None:
        made = self._wished(resource, span)
        with self.store.begin() as work:
            return made.id if work.add_reservation(made) else None

    def recur(self, resource: int, span: Span) -> Sequence[str]:
        days = [Span(span.starts + n * timedelta(days=1), span.ends + n * timedelta(days=1)) for n in range(3)]
        made = [self._wished(resource, day) for day in days]
        with self.store.begin() as work:
            return [one.id for one in made if work.add_reservation(one)]

    def change(self, id: str, span: Callable[[Span], Span]) -> bool:
        with self.store.begin() as work:
            held = work.reservation(id)
            if held is None or held.cancelled_at:
                return False
            return work.save_reservation(replace(held, span=span(held.span), version=held.version + 1))

    def approve(self, id: str) -> bool:
        return self.change(id, lambda span: span)

    def cancel(self, id: str) -> bool:
        with self.store.begin() as work:
            work.cancel_reservation(id, FIRST)
        return True

    def _wished(self, resource: int, span: Span) -> Reservation:
        return Reservation(
            id=self.ids.new(), resource_id=self.resources[resource], member_id=None, span=span, created_at=FIRST,
            purpose=Purpose.MAINTENANCE, buffer=QUARTER if resource == 0 else timedelta(0),
        )  # fmt: skip


@dataclass
class HttpDesk:
    """Through the API, as a screen does."""

    connection: HTTPConnection
    token: str
    resources: Sequence[str]
    member: str
    first: bool = False
    """Whether to go before others where one may."""

    def book(self, resource: int, span: Span) -> str | None:
        answer = self._send("POST", "", self._wished(resource, span))
        return str(answer["id"]) if answer else None

    def recur(self, resource: int, span: Span) -> Sequence[str]:
        wished = self._wished(resource, span)
        several = {
            "resources": [wished.pop("resource")],
            "rule": "FREQ=DAILY;COUNT=3",
            "free_ones": True,
            "zone": "UTC",
        }
        answer = self._send("POST", "/together", wished | several)
        return [str(one["id"]) for one in answer["made"]] if answer else []

    def change(self, id: str, span: Callable[[Span], Span]) -> bool:
        known = self._known.get(id)
        if known is None:
            return False
        wished = span(known)
        told = {"starts": wished.starts.isoformat(), "ends": wished.ends.isoformat()}
        return self._send("PATCH", f"/{id}", told) is not None

    def approve(self, id: str) -> bool:
        return self._send("POST", f"/{id}/approve") is not None

    def cancel(self, id: str) -> bool:
        return self._send("POST", f"/{id}/cancel") is not None

    def __post_init__(self) -> None:
        self._known: dict[str, Span] = {}
        self.headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}

    def _wished(self, resource: int, span: Span) -> dict[str, Any]:
        return {
            "resource": self.resources[resource], "member_id": self.member, "starts": span.starts.isoformat(),
            "ends": span.ends.isoformat(), "displace": self.first,
        }  # fmt: skip

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        sent = json.dumps(body) if body is not None else None
        self.connection.request(method, f"/api/v1/reservations{path}", sent, self.headers)
        answer = self.connection.getresponse()
        told = json.loads(answer.read())
        if answer.status in (409, 503):
            return None
        assert answer.status in (200, 201), (method, path, body, told)
        for one in told.get("made", [told]):
            self._known[one["id"]] = Span(*(datetime.fromisoformat(one[edge]) for edge in ("starts", "ends")))
        return told


def scramble(desks: Sequence[Desk], attempts: int, *, seed: int = 4) -> Counter[str]:
    """So many attempts, shared out among the desks, each in a thread of its own; what became of them."""
    told: list[Counter[str]] = [Counter() for _ in desks]
    faults: list[BaseException] = []
    together = threading.Barrier(len(desks))

    def person(n: int) -> None:
        dice = random.Random(seed * 1000 + n)
        mine: list[str] = []
        together.wait()
        try:
            for _ in range(attempts // len(desks)):
                act = dice.choice(ACTS)
                try:
                    done = _attempt(desks[n], act, dice, mine)
                except StoreUnavailable:
                    told[n]["unavailable"] += 1
                else:
                    told[n][f"{act}_done" if done else f"{act}_refused"] += 1
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=person, args=(n,)) for n in range(len(desks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return sum(told, Counter())


def _attempt(desk: Desk, act: str, dice: random.Random, mine: list[str]) -> bool:
    starts = FIRST + dice.randrange(SLOTS) * QUARTER
    span = Span(starts, starts + dice.randint(1, 12) * QUARTER)
    resource = dice.randrange(4)
    if act == "recur":
        made = desk.recur(resource, span)
        mine.extend(made)
        return bool(made)
    if act == "book" or not mine:
        booked = desk.book(resource, span)
        mine.extend([booked] if booked else [])
        return booked is not None
    chosen = dice.choice(mine)
    if act == "cancel":
        mine.remove(chosen)
        return desk.cancel(chosen)
    if act == "approve":
        return desk.approve(chosen)
    return desk.change(chosen, _changed(act, span, dice.randint(1, 4) * QUARTER))


def _changed(act: str, elsewhere: Span, by: timedelta) -> Callable[[Span], Span]:
    if act == "move":
        return lambda span: Span(elsewhere.starts, elsewhere.starts + (span.ends - span.starts))
    if act == "extend":
        return lambda span: Span(span.starts, span.ends + by)
    return lambda span: Span(span.starts, max(span.starts + QUARTER, span.ends - by))


def overlaps(where: Any) -> int:
    """Pairs of standing reservations that share a moment or a pause, asked of the database itself, past all our code."""
    if str(where).startswith("postgresql"):
        with psycopg.connect(where) as postgres:
            row = postgres.execute(OVERLAPS).fetchone()
    else:
        sqlite = sqlite3.connect(where)
        try:
            row = sqlite.execute(OVERLAPS).fetchone()
        finally:
            sqlite.close()
    assert row is not None
    return int(row[0])
