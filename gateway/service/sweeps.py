"""What time alone makes true: overdue and forgotten sessions, silent devices, relays that are not as they should be."""

import itertools
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from gateway.domain.events import Event, EventKind
from gateway.domain.resources import Presence
from gateway.domain.sessions import Trigger, Way, due
from gateway.ports.clock import Clock
from gateway.ports.errors import StoreUnavailable
from gateway.ports.ids import Ids
from gateway.ports.store import SOON_S, ResourceFacts, Store, Work
from gateway.service import place, presence
from gateway.service.deliver import Deliver
from gateway.service.hour import Hour
from gateway.service.living_rights import purge, remind
from gateway.service.members import end_loans
from gateway.service.reports import end_unpowered
from gateway.service.uses import Outcome, advance, log, power_orders, running_seconds
from gateway.service.ways import end_classes_over, tell_who_is_held_up

EVERY_S = 2.0
STOPS_WITHIN_S = 0.25
HEARD_EVERY_S = 20.0
REMIND_EVERY_S = 3600.0
QUIET_S = 120.0
"""A device that has said nothing for this long is *no news*; bridges speak at least every 30 s."""
DIFFERS = "relay_differs"
UNCONFIRMED = "relay_unconfirmed"
PATIENCE = timedelta(seconds=6)
"""How long a relay may differ from what it should be before staff are told."""

TOLD_WITHIN = timedelta(seconds=60)
"""A node that comes back tells of hours in some seconds; while it does, time alone ends nothing that it let in."""

_log = logging.getLogger(__name__)


def _still_told(facts: ResourceFacts, now: datetime) -> bool:
    told_at = facts.interlock.power_at if facts.interlock is not None else None
    by_node = facts.session is not None and facts.session.way is Way.NODE
    return by_node and told_at is not None and timedelta(0) <= now - told_at < TOLD_WITHIN


class Sweeper:
    """Looks over the lab every two seconds; looking twice changes nothing more."""

    def __init__(
        self, *, store: Store, clock: Clock, ids: Ids, deliver: Deliver, heard: Callable[[], Mapping[str, datetime]],
        every_s: float = EVERY_S, quiet_s: float = QUIET_S, hour: Hour | None = None,
    ) -> None:  # fmt: skip
        self._store, self._clock, self._ids, self._deliver, self._heard = store, clock, ids, deliver, heard
        self._hour = hour
        self._every_s, self._quiet = every_s, timedelta(seconds=quiet_s)
        self._differs_since: dict[str, datetime] = {}
        self._alarms: set[tuple[str, str]] | None = None
        self._heard_at, self._listening_since = float("-inf"), float("inf")
        self._reminded_at = float("-inf")
        self._away = False

    def run(self, stop: threading.Event) -> None:
        """Sweep at once, then every two seconds, and whenever a page has changed a session, until ``stop``."""
        while not stop.is_set():
            self.sweep()
            self._rest(stop)

    def _rest(self, stop: threading.Event) -> None:
        until = self._clock.monotonic() + self._every_s
        while not stop.is_set() and (left := until - self._clock.monotonic()) > 0:
            if self._deliver.looked_for.wait(min(left, STOPS_WITHIN_S)):
                self._deliver.looked_for.clear()
                return

    def sweep(self) -> None:
        """Look once."""
        now = self._clock.now()
        try:
            if self._alarms is None:
                self._alarms = {
                    (view.resource.id, code) for view in self._store.views().floor(now) for code in view.alarms
                }
            self._look_for_silence(now)
            self._remind(now)
            with self._deliver.turn:
                with self._store.begin(within_s=SOON_S) as work:
                    if self._hour is not None:
                        self._hour.mend(work)
                        now = self._clock.now()
                    end_classes_over(work, now)
                    outcomes = [self._look_at(work, facts, now) for facts in work.resources_to_sweep()]
                    events = work.appended
                self._deliver.after_commit(outcomes, events)
        except StoreUnavailable as error:
            self._alarms = None
            if not self._away:
                _log.error("the sweep waits for the store: %s", error)
            self._away = True
            return
        self._away = False

    def _look_at(self, work: Work, facts: ResourceFacts, now: datetime) -> Outcome:
        facts = end_unpowered(work, facts, now)
        session = facts.session
        if session is not None and not _still_told(facts, now):
            trigger = due(
                session,
                now,
                forgotten_s=facts.resource.forgotten_s,
                ceiling_s=facts.resource.ceiling_s,
                running=bool(facts.running),
                outlives=running_seconds(facts.running, now) < 3600 * (facts.use.job_outlives_hours or 0),
            )
            if trigger is not None:
                facts = advance(work, facts, trigger, now)
            if trigger is Trigger.NOT_CONFIRMED:
                self._raise(work, facts, UNCONFIRMED, now)
        facts = tell_who_is_held_up(work, facts, now)
        orders = power_orders(facts, now)
        self._compare(work, facts, now, differs=bool(orders))
        return Outcome(power=tuple(order for order in orders if not self._deliver.awaits(order.device)))

    def _compare(self, work: Work, facts: ResourceFacts, now: datetime, *, differs: bool) -> None:
        """A relay that stays other than it should be is shown; one that obeys takes the alarm back."""
        resource_id, relay = facts.resource.id, facts.interlock
        if relay is None or relay.presence is Presence.OFFLINE:
            return
        if not differs:
            self._differs_since.pop(resource_id, None)
            self._clear(work, facts, DIFFERS, now)
            if relay.power_on:
                self._clear(work, facts, UNCONFIRMED, now)
        elif now - self._differs_since.setdefault(resource_id, now) >= PATIENCE:
            self._raise(work, facts, DIFFERS, now)

    def _raise(self, work: Work, facts: ResourceFacts, code: str, now: datetime) -> None:
        assert self._alarms is not None
        if (facts.resource.id, code) not in self._alarms:
            self._alarms.add((facts.resource.id, code))
            self._log_alarm(work, EventKind.ALARM_RAISED, facts, code, now)

    def _clear(self, work: Work, facts: ResourceFacts, code: str, now: datetime) -> None:
        assert self._alarms is not None
        if (facts.resource.id, code) in self._alarms:
            self._alarms.discard((facts.resource.id, code))
            self._log_alarm(work, EventKind.ALARM_CLEARED, facts, code, now)

    def _log_alarm(self, work: Work, kind: EventKind, facts: ResourceFacts, code: str, now: datetime) -> None:
        relay = facts.interlock
        event = Event(
            kind=kind,
            at=now,
            resource_id=facts.resource.id,
            device_id=relay.id if relay else None,
            data={"code": code},
        )
        log(work, event)

    def _remind(self, now: datetime) -> None:
        """Rights that lapse soon or are past their term; what was told stands in their rows, so a restart tells nothing twice."""
        monotonic = self._clock.monotonic()
        if monotonic - self._reminded_at < REMIND_EVERY_S:
            return
        next_sessions = self._store.views().next_sessions(now)
        with self._store.begin() as work:
            remind(work, next_sessions, now)
            purge(work, now)
            events = work.appended
        self._reminded_at = monotonic
        self._deliver.after_commit((), events)

    def _look_for_silence(self, now: datetime) -> None:
        """In a transaction of its own: devices are locked before their resources, never after."""
        monotonic = self._clock.monotonic()
        if monotonic - self._heard_at < HEARD_EVERY_S:
            return
        self._listening_since = min(self._listening_since, monotonic)
        new, heard = (self._ids.new() for _ in itertools.count()), dict(self._heard())
        with self._store.begin(within_s=SOON_S) as work:
            if heard:
                presence.note_heard(work, heard, now, new)
            # Whoever has just come back has not been listening long enough to call anyone silent.
            if monotonic - self._listening_since >= self._quiet.total_seconds():
                presence.note_silent(work, now - self._quiet, now, new)
            place.expire(work, now)
            end_loans(work, now)
            events = work.appended
        self._heard_at = monotonic
        self._deliver.after_commit((), events)
