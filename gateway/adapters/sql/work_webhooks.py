"""Hooks and their queues."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, or_, select, text, update

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import plain
from gateway.adapters.sql.shapes_notices import DELIVERY, WEBHOOK, webhook_row
from gateway.adapters.sql.statements import insert_new, upsert
from gateway.domain.webhooks import Delivery, Webhook

_hooks, _queue = schema.webhooks.c, schema.webhook_deliveries.c

PUT_WEBHOOK = upsert(schema.webhooks, ("id",))
WEBHOOK_OF_ID = select(*WEBHOOK.columns).where(_hooks.site_id == SITE, _hooks.id == bindparam("id")).with_for_update()
FORGET_QUEUE = schema.webhook_deliveries.delete().where(
    _queue.site_id == SITE, _queue.webhook_id == bindparam("webhook")
)
FORGET_WEBHOOK = schema.webhooks.delete().where(_hooks.site_id == SITE, _hooks.id == bindparam("webhook"))
ADD_DELIVERY = insert_new(schema.webhook_deliveries)
SAVE_DELIVERY = upsert(schema.webhook_deliveries, ("id",))
DELIVERY_OF_ID = select(*DELIVERY.columns).where(_queue.site_id == SITE, _queue.id == bindparam("id"))
_now = bindparam("now", type_=_queue.next_try_at.type)
DUE_DELIVERY = (
    select(*WEBHOOK.columns, *DELIVERY.columns)
    .join(schema.webhooks, _hooks.id == _queue.webhook_id)
    .where(_queue.site_id == SITE, text("webhook_deliveries.state = 'waiting'"), _queue.next_try_at <= _now)
    .where(_hooks.paused.is_(False), or_(_hooks.retry_at.is_(None), _hooks.retry_at <= _now))
    .order_by(_queue.next_try_at, _queue.id)
    .limit(1)
    .with_for_update(skip_locked=True, of=schema.webhook_deliveries)
)
REQUEUE = (
    update(schema.webhook_deliveries)
    .where(_queue.site_id == SITE, _queue.webhook_id == bindparam("webhook"), _queue.state == bindparam("was"))
    .values(state="waiting", queued_at=_now, next_try_at=_now, attempts=0, done_at=None, error=None)
)
FORGET_DELIVERIES = schema.webhook_deliveries.delete().where(
    _queue.site_id == SITE, text("state <> 'waiting'"), _queue.done_at < bindparam("before", type_=_queue.done_at.type)
)


class WebhooksPart(Part):
    """What is told to other programs."""

    def put_webhook(self, webhook: Webhook) -> None:
        """Insert or update by id."""
        self._tx.run(PUT_WEBHOOK, **webhook_row(webhook), site_id=self.site_id())

    def webhook(self, id: str) -> Webhook | None:
        """A hook by id, locked."""
        row = self._tx.one(WEBHOOK_OF_ID, site_id=self.site_id(), id=id)
        return WEBHOOK.read(row) if row else None

    def forget_webhook(self, id: str) -> None:
        """Remove a hook and its queue."""
        self._tx.run(FORGET_QUEUE, site_id=self.site_id(), webhook=id)
        self._tx.run(FORGET_WEBHOOK, site_id=self.site_id(), webhook=id)

    def add_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        """Queue events for hooks; the same event for the same hook is queued once, as it was."""
        rows = [plain(delivery) | {"site_id": self.site_id()} for delivery in deliveries]
        if rows:
            self._tx.many(ADD_DELIVERY, rows)

    def due_delivery(self, now: datetime) -> tuple[Webhook, Delivery] | None:
        """The next delivery to try, of a hook that is neither paused nor left alone; ours until this transaction ends."""
        row = self._tx.one(DUE_DELIVERY, site_id=self.site_id(), now=now)
        return (WEBHOOK.read(row), DELIVERY.read(row[len(WEBHOOK.columns) :])) if row else None

    def delivery(self, id: str) -> Delivery | None:
        """A delivery by id."""
        row = self._tx.one(DELIVERY_OF_ID, site_id=self.site_id(), id=id)
        return DELIVERY.read(row) if row else None

    def save_delivery(self, delivery: Delivery) -> None:
        """Update how far a delivery is."""
        self._tx.run(SAVE_DELIVERY, **plain(delivery), site_id=self.site_id())

    def requeue(self, webhook_id: str, state: str, now: datetime) -> int:
        """Start every delivery of a hook in this state anew, as if queued now; how many."""
        return self._tx.run(REQUEUE, site_id=self.site_id(), webhook=webhook_id, was=state, now=now)

    def forget_deliveries(self, before: datetime) -> None:
        """Remove what was delivered or given up before then."""
        self._tx.run(FORGET_DELIVERIES, site_id=self.site_id(), before=before)
