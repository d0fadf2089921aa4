"""Keeps every node's access list: made again as rights, badges, bookings and hours change, and told at once.

One thread. A member's change touches one row of each list, a machine's change its own lines; whole lists are made one at
a time in between, so that neither taps nor revocations wait for them.
"""

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from devices.messages import AccessList, ClockTold, ListAsked, ListedPerson
from gateway.domain.access_facts import AccessFacts
from gateway.domain.booking import Reservation
from gateway.domain.node_lists import (
    LIFE,
    MOST_BOOKED,
    MOST_PEOPLE,
    NOTHING_AFFECTED,
    Affected,
    affected,
    contents,
    dated,
    digest_of,
    entitled,
    renewed,
    row_of,
)
from gateway.domain.resources import Device
from gateway.ports.clock import Clock
from gateway.ports.errors import StoreUnavailable
from gateway.ports.store import SOON_S, Store
from gateway.service.deliver import Deliver

WAIT_S = 0.2
MAKE_AGAIN_S = 600.0
EVENTS = 2000
HIGHEST_VERSION = 2**31 - 1
MANY_MEMBERS = 50
"""More at once, as after an import: whole lists are made rather than row after row."""
NOBODY = ""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Held:
    """What is known of one node's list."""

    node: Device
    people: dict[str, ListedPerson] = field(default_factory=dict)
    rows: dict[str, str] = field(default_factory=dict)
    machine: tuple[AccessFacts, tuple[Reservation, ...]] | None = None
    """What the machine's own lines are made from."""
    current: AccessList | None = None
    stale: bool = False
    """Whether something has changed that ``current`` may not say yet."""
    made_at: float = float("-inf")


class NodeLists:
    """Every node's list of one site."""

    def __init__(
        self, *, store: Store, clock: Clock, deliver: Deliver, site: str, signs: Callable[[str], bool],
        believed: Callable[[], bool] = lambda: True,
    ) -> None:  # fmt: skip
        self._believed = believed
        self._store, self._clock, self._deliver, self._site, self._signs = store, clock, deliver, site, signs
        self._asks: queue.SimpleQueue[tuple[str, ListAsked]] = queue.SimpleQueue()
        self._held: dict[str, _Held] = {}
        self._cursor: int | None = None
        self._looked_at = float("-inf")

    def asked(self, device: str, asked: ListAsked) -> None:
        """A node asks; answered by the thread of :meth:`run`."""
        self._asks.put((device, asked))

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop``."""
        seen = -1
        while not stop.is_set():
            try:
                self.step()
            except StoreUnavailable as error:
                _log.warning("nodes' lists wait for the store: %s", error)
                stop.wait(1.0)
            seen = self._deliver.wait_for_news(seen, stop, timeout=0.0 if self._next() else WAIT_S)

    def step(self) -> None:
        """Answer, follow what has happened, and make at most one whole list."""
        self._answer()
        self._look_for_nodes()
        self._follow()
        self._make_one()

    # --- questions

    def _answer(self) -> None:
        while not self._asks.empty():
            device, asked = self._asks.get()
            held = self._held.get(device)
            if held is not None and held.current is None:
                self._make(held)
            if held is not None and held.current is not None and held.current.version != asked.version:
                if held.current.version < (asked.version or 0) < HIGHEST_VERSION:
                    self._go_on_from(held, asked.version or 0)
                else:
                    self._deliver.tell_node(device, held.current)
            if not self._believed():
                continue  # the node goes on by the hour it has, or decides nothing that needs one
            # After the list: a node believes no hour before the one at which its list was made.
            told = ClockTold(nonce=asked.nonce[:64], now_ms=int(1000 * self._clock.now().timestamp()))
            self._deliver.tell_node(device, told)

    def _go_on_from(self, held: _Held, version: int) -> None:
        """The node holds a later list than we remember, as after `restore`, and takes no earlier one."""
        with self._store.begin(within_s=SOON_S) as work:
            row = work.node_list(held.node.id)
            if row is not None and row.version <= version:
                work.save_node_list(replace(row, version=version + 1))
        _log.warning("%s has list %d, later than ours: its numbers go on from there", held.node.slug, version)
        self._publish([held])

    # --- changes

    def _look_for_nodes(self) -> None:
        now = self._clock.monotonic()
        if now - self._looked_at < MAKE_AGAIN_S / 60:
            return
        self._looked_at = now
        nodes = {node.slug: node for node in self._store.views().nodes() if self._signs(node.slug)}
        for slug in self._held.keys() - nodes.keys():
            del self._held[slug]
        for slug, node in nodes.items():
            held = self._held.get(slug)
            if held is None or held.node.resource_id != node.resource_id:
                self._held[slug] = _Held(node)

    def _follow(self) -> None:
        views = self._store.views()
        if self._cursor is None:
            # Whole lists are made after this: what came before stands in them.
            newest = views.events(limit=1, cursor=None).rows
            self._cursor = newest[0].id if newest else 0
        while events := views.events_after(self._cursor, EVENTS):
            changed = NOTHING_AFFECTED
            for stored in events:
                changed |= affected(stored.event)
            if changed != NOTHING_AFFECTED:
                self._change(changed)
            # Last of all: what fails on the way is done again.
            self._cursor = events[-1].id
        self._publish([held for held in self._held.values() if held.stale])

    def _change(self, changed: Affected) -> None:
        ready = [held for held in self._held.values() if held.current is not None]
        if changed.all or len(changed.members) > MANY_MEMBERS:
            for held in self._held.values():
                held.made_at = float("-inf")
        else:
            now = self._clock.now()
            for member_id in sorted(changed.members):
                badges = self._store.views().live_badges(member_id)
                for held in ready:
                    self._weigh(held, member_id, badges, now)
        for held in ready:
            if changed.machines or held.node.resource_id in changed.resources:
                held.machine = None
            held.stale = True

    def _weigh(self, held: _Held, member_id: str, badges: tuple[dict[str, str], ...], now: datetime) -> None:
        row = None
        if badges:
            row = entitled(self._facts(held, member_id, now), badges, now)
        if row is None:
            held.people.pop(member_id, None)
            held.rows.pop(member_id, None)
        elif member_id in held.people or len(held.people) < MOST_PEOPLE:
            held.people[member_id], held.rows[member_id] = row, row_of(row)

    def _facts(self, held: _Held, member_id: str, now: datetime) -> AccessFacts:
        return self._store.views().access_facts(held.node.resource_id or "", member_id, now)

    # --- whole lists

    def _make_one(self) -> None:
        held = self._next()
        if held is not None:
            self._make(held)

    def _next(self) -> _Held | None:
        oldest = min(self._held.values(), key=lambda held: held.made_at, default=None)
        due = oldest is not None and self._clock.monotonic() - oldest.made_at >= MAKE_AGAIN_S
        return oldest if due else None

    def _make(self, held: _Held) -> None:
        views, now = self._store.views(), self._clock.now()
        held.people, held.rows, held.machine = {}, {}, None
        for member_id in views.listable(held.node.resource_id or "", MOST_PEOPLE):
            self._weigh(held, member_id, views.live_badges(member_id), now)
        self._publish([held])
        held.made_at = self._clock.monotonic()

    def _publish(self, touched: list[_Held]) -> None:
        """Give what changed a number, once for all of them, then tell."""
        if not touched:
            return
        now = self._clock.now()
        bare = [(held, self._contents(held, now)) for held in touched]
        fresh: list[tuple[_Held, AccessList]] = []
        with self._store.begin(within_s=SOON_S) as work:
            for held, each in bare:
                before = work.node_list(held.node.id)
                rows = (held.rows[member_id] for member_id in sorted(held.rows))
                row = renewed(before, held.node.id, digest_of(each, rows), now)
                if row != before:
                    work.save_node_list(row)
                if held.current is None or held.current.version != row.version:
                    fresh.append((held, dated(each, row)))
        for held in touched:
            held.stale = False
        for held, current in fresh:
            held.current = current
            self._deliver.tell_node(held.node.slug, current)

    def _contents(self, held: _Held, now: datetime) -> AccessList:
        if held.machine is None:
            facts = self._facts(held, NOBODY, now)
            assert facts.resource is not None
            booked = self._store.views().reservations(
                limit=MOST_BOOKED, cursor=None, resource=facts.resource.slug, starts=now, ends=now + LIFE
            )
            held.machine = facts, tuple(booked.rows)
        facts, rows = held.machine
        people = dict(sorted(held.people.items()))
        return contents(facts, rows, people, now, site=self._site, device=held.node.slug)
