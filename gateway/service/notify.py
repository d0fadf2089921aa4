"""From the log to what is still to be sent: one durable sink for messages to members and for hooks.

It may see an event twice: what it makes of one is kept once, by the event, the member and the channel, or by the hook.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from gateway.domain.events import Event, StoredEvent
from gateway.domain.notices import HISTORY, House, Notice, Recipient, notices_of
from gateway.domain.telling import Audience, telling
from gateway.domain.webhooks import Delivery, DeliveryState, Webhook, payload
from gateway.ports.clock import Clock
from gateway.ports.ids import Ids
from gateway.ports.store import SOON_S, Store

MOST_BOOKINGS = 200
AHEAD = timedelta(days=60)
"""Bookings further off than this are not told that their machine is out of service: it will be back."""


class NoticeSink:
    """Writes down what each event means to members and hooks; others send it."""

    name = "notify"

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, house: House) -> None:
        self._store, self._clock, self._ids, self._house = store, clock, ids, house

    def deliver(self, events: tuple[StoredEvent, ...]) -> tuple[Event, ...]:
        """Keep the messages of these events; StoreUnavailable: again later."""
        now = self._clock.now()
        recent = [stored for stored in events if now - stored.event.at <= HISTORY]
        notices = [notice for stored in recent for notice in self._notices(stored, now)]
        hooks = self._store.views().webhooks() if recent else ()
        deliveries = [self._delivery(hook, stored, now) for stored in recent for hook in hooks if _hears(hook, stored)]
        if notices or deliveries:
            with self._store.begin(within_s=SOON_S) as work:
                work.add_notices(notices)
                # A hook that was removed meanwhile takes nothing.
                known = {hook.id for hook in hooks if work.webhook(hook.id) is not None}
                work.add_deliveries(each for each in deliveries if each.webhook_id in known)
        return ()

    def _notices(self, stored: StoredEvent, now: datetime) -> tuple[Notice, ...]:
        meaning = telling(stored.event)
        if meaning is None or not self._house.channels:
            return ()
        concerned = self._booked(stored, now) if meaning.audience is Audience.BOOKED else self._concerned(stored)
        return notices_of(stored, concerned, self._house, now=now, new_id=_new(self._ids.new))

    def _concerned(self, stored: StoredEvent) -> tuple[Recipient, ...]:
        member = stored.event.member_id
        return self._store.views().recipients([member]) if member else ()

    def _booked(self, stored: StoredEvent, now: datetime) -> Iterator[Recipient]:
        """Whoever holds a booking there, each with the first of theirs."""
        views = self._store.views()
        page = views.reservations(
            limit=MOST_BOOKINGS, cursor=None, resource=stored.resource, starts=now, ends=now + AHEAD
        )  # fmt: skip
        first = {held.member_id: held.span for held in reversed(page.rows) if held.member_id}
        for recipient in views.recipients(first):
            span = first[recipient.contact.member_id]
            more = {"starts": span.starts.isoformat(), "ends": span.ends.isoformat()}
            yield Recipient(
                contact=recipient.contact, email=recipient.email, active=recipient.active, more={**more}
            )  # fmt: skip

    def _delivery(self, hook: Webhook, stored: StoredEvent, now: datetime) -> Delivery:
        body = json.dumps(payload(stored), ensure_ascii=False, separators=(",", ":"))
        return Delivery(
            id=self._ids.new(), webhook_id=hook.id, event_id=stored.id, kind=stored.event.kind, body=body,
            state=DeliveryState.WAITING, queued_at=now, next_try_at=now,
        )  # fmt: skip


def _hears(hook: Webhook, stored: StoredEvent) -> bool:
    return stored.event.at >= hook.created_at and hook.wants(stored.event.kind)


def _new(make: Callable[[], str]) -> Iterator[str]:
    while True:
        yield make()
