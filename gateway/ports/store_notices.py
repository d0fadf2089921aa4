"""The store's part for what is told to people and to other programs: choices, messages, hooks and their queues."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from gateway.domain.notices import Contact, Notice
from gateway.domain.webhooks import Delivery, Webhook


class NoticesWork(Protocol):
    """What one open transaction does with messages to members."""

    def contact(self, member_id: str) -> Contact:
        """What a member chose; nothing chosen for one who never did."""

    def put_contact(self, contact: Contact) -> None:
        """Keep what a member chose."""

    def add_notices(self, notices: Iterable[Notice]) -> None:
        """Keep messages to send; one for the same event, member and channel is kept once, as it was."""

    def due_notice(self, channel: str, now: datetime) -> Notice | None:
        """The next message to send on a channel, ours alone until this transaction ends."""

    def notice(self, id: str) -> Notice | None:
        """A message by id."""

    def save_notice(self, notice: Notice) -> None:
        """Update how far a message is."""

    def forget_notices(self, before: datetime) -> None:
        """Remove messages made before then, whatever became of them."""


class WebhooksWork(Protocol):
    """What one open transaction does with hooks."""

    def put_webhook(self, webhook: Webhook) -> None:
        """Insert or update by id."""

    def webhook(self, id: str) -> Webhook | None:
        """A hook by id, locked."""

    def forget_webhook(self, id: str) -> None:
        """Remove a hook and its queue."""

    def add_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        """Queue events for hooks; the same event for the same hook is queued once, as it was."""

    def due_delivery(self, now: datetime) -> tuple[Webhook, Delivery] | None:
        """The next delivery to try, of a hook that is neither paused nor left alone; ours until this transaction ends."""

    def delivery(self, id: str) -> Delivery | None:
        """A delivery by id."""

    def save_delivery(self, delivery: Delivery) -> None:
        """Update how far a delivery is."""

    def requeue(self, webhook_id: str, state: str, now: datetime) -> int:
        """Start every delivery of a hook in this state anew, as if queued now; how many."""

    def forget_deliveries(self, before: datetime) -> None:
        """Remove what was delivered or given up before then."""
