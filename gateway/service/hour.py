"""The hour: doubted, told by staff, and set right under sessions that go on all the while."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from gateway.domain.events import Event, EventKind, StoredEvent
from gateway.domain.hour import JUMP, Doubt, doubt_of, moved, moved_job
from gateway.ports.clock import SetClock
from gateway.ports.errors import StoreUnavailable
from gateway.ports.store import Store, Work

LOOK_EVERY_S = 10.0
LOOKED_AT = 100
"""So many of the last events: the newest of them may have been written down by a clock that is wrong."""

_log = logging.getLogger(__name__)


class Hour:
    """What this process thinks of its clock."""

    def __init__(self, *, store: Store, clock: SetClock) -> None:
        self._store, self._clock = store, clock
        self._doubt: Doubt | None = None
        self._looked_at = float("-inf")
        self._accepted = False
        self._offset = self._now_offset()

    @property
    def doubt(self) -> Doubt | None:
        """Why the hour cannot be believed; None while it can."""
        if self._clock.monotonic() - self._looked_at >= LOOK_EVERY_S:
            self._look()
        return self._doubt

    def _look(self) -> None:
        self._looked_at = self._clock.monotonic()
        try:
            rows = self._store.views().events(limit=LOOKED_AT, cursor=None).rows
        except StoreUnavailable:
            return
        doubt = doubt_of(
            self._clock.now(), newest=_newest(rows), told=self._accepted or self._clock.told,
            keeps_clock=self._clock.kept,
        )  # fmt: skip
        if doubt is not self._doubt:
            _log.warning("the hour is %s", f"in doubt: {doubt}" if doubt else "believed again")
        self._doubt = doubt

    def accept(self, work: Work, told: datetime) -> None:
        """Staff say what the hour is; what has happened keeps the hour it was written down with."""
        was = self._clock.now()
        if abs(told - was) > JUMP:
            self._clock.say(told)
        self._accepted, self._doubt = True, None
        self.mend(work)
        event = Event(kind=EventKind.CLOCK_ACCEPTED, at=self._clock.now(), data={"was": was.isoformat()})
        work.append(work.site_id(), [event])

    def mend(self, work: Work) -> None:
        """Where the clock was set since the last look, open sessions and running jobs move with it."""
        offset = self._now_offset()
        by, self._offset = offset - self._offset, offset
        if abs(by) < JUMP:
            return
        _log.warning("the clock was set by %s: open sessions keep their true length", by)
        self._accepted = self._accepted and not self._clock.told
        self._looked_at = float("-inf")
        _move(work, by)
        event = Event(kind=EventKind.CLOCK_SET, at=self._clock.now(), data={"seconds": by.total_seconds()})
        work.append(work.site_id(), [event])

    def _now_offset(self) -> timedelta:
        return self._clock.now() - _EPOCH - timedelta(seconds=self._clock.monotonic())


def _newest(rows: Iterable[StoredEvent]) -> datetime | None:
    """The latest hour that was written down since staff last said what it was."""
    latest = None
    for row in rows:
        latest = max(latest or row.event.at, row.event.at)
        if row.event.kind is EventKind.CLOCK_ACCEPTED:
            break
    return latest


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _move(work: Work, by: timedelta) -> None:
    for facts in work.resources_to_sweep():
        if facts.session is not None:
            work.save_session(moved(facts.session, by))
        for job in facts.running:
            work.save_job(moved_job(job, by))
