"""Reads about what is told to people and to other programs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.notices import Contact, Notice, Recipient
from gateway.domain.webhooks import Delivery, Webhook
from gateway.ports.pages import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Messages of one channel, or deliveries of one hook, that were tried in vain and will be tried again."""

    channel: str
    waiting: int
    since: datetime
    error: str


class NoticesViews(Protocol):
    """Each call is one short transaction of its own; StoreUnavailable when the database is away."""

    def recipients(self, member_ids: Iterable[str]) -> tuple[Recipient, ...]:
        """These members as people to tell, in no order; those who are not there are left out."""

    def contact(self, member_id: str) -> Contact:
        """What a member chose; nothing chosen for one who never did."""

    def notices(
        self, *, limit: int, cursor: str | None, member_id: str | None = None, state: str | None = None
    ) -> Page[Notice]:
        """Messages, newest first."""

    def untold(self, since: datetime, kinds: tuple[str, ...], limit: int) -> tuple[Notice, ...]:
        """Messages of these kinds that did not reach their member, made since then, newest first."""

    def queued_notices(self) -> dict[str, int]:
        """By channel, messages that are still to be sent, for the first time or again."""

    def backlogs(self) -> tuple[Backlog, ...]:
        """Channels whose messages wait after a failed try."""

    def webhooks(self) -> tuple[Webhook, ...]:
        """Every hook, oldest first."""

    def hook_backlogs(self) -> tuple[Backlog, ...]:
        """Hooks with deliveries that wait after a failed try, or were given up; ``channel`` is the hook's id."""

    def deliveries(
        self, *, webhook_id: str, limit: int, cursor: str | None, state: str | None = None
    ) -> Page[Delivery]:
        """What was queued for a hook, newest event first."""
