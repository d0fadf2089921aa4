"""How messages, choices and hooks lie in columns."""

from typing import Any

from gateway.adapters.sql import schema
from gateway.adapters.sql.shapes import Shape, plain
from gateway.domain.events import EventKind
from gateway.domain.notices import Contact, Notice, NoticeState
from gateway.domain.quiet import QuietHours
from gateway.domain.telling import Topic
from gateway.domain.webhooks import Delivery, DeliveryState, Webhook

_NOTICE = (
    "id", "event_id", "kind", "member_id", "channel", "state", "created_at", "next_try_at", "resource_id", "data",
    "attempts", "done_at", "error",
)  # fmt: skip
_WEBHOOK = ("id", "url", "secret", "key_id", "created_at", "label", "kinds", "paused", "failures", "retry_at")
_DELIVERY = (
    "id", "webhook_id", "event_id", "kind", "body", "state", "queued_at", "next_try_at", "attempts", "done_at", "error",
)  # fmt: skip


def _kinds(value: Any) -> tuple[EventKind, ...]:
    return tuple(EventKind(each) for each in value)


def _topics(value: Any) -> dict[Topic, tuple[str, ...]]:
    return {Topic(topic): tuple(channels) for topic, channels in value.items()}


CONTACT: Shape[Contact] = Shape(
    Contact,
    {name: schema.contacts.c[name] for name in ("member_id", "addresses", "topics", "quiet")},
    {"topics": _topics, "quiet": QuietHours.of},
)
NOTICE: Shape[Notice] = Shape(
    Notice, {name: schema.notices.c[name] for name in _NOTICE}, {"kind": EventKind, "state": NoticeState}
)
WEBHOOK: Shape[Webhook] = Shape(
    Webhook, {name: schema.webhooks.c[name] for name in _WEBHOOK}, {"kinds": _kinds, "paused": bool}
)
DELIVERY: Shape[Delivery] = Shape(
    Delivery,
    {name: schema.webhook_deliveries.c[name] for name in _DELIVERY},
    {"kind": EventKind, "state": DeliveryState},
)


def contact_row(contact: Contact) -> dict[str, Any]:
    """A member's choices as parameters."""
    topics = {str(topic): list(channels) for topic, channels in contact.topics.items()}
    return plain(contact) | {"topics": topics, "quiet": str(contact.quiet) if contact.quiet else None}


def webhook_row(webhook: Webhook) -> dict[str, Any]:
    """A hook as parameters."""
    return plain(webhook) | {"kinds": [str(kind) for kind in webhook.kinds]}
