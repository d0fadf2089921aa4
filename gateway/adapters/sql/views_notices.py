"""Reads about what is told to people and to other programs."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Select, bindparam, func, select, text, union_all

from gateway.adapters.sql import schema
from gateway.adapters.sql.pages import Paging, page
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.shapes_notices import CONTACT, DELIVERY, NOTICE, WEBHOOK
from gateway.adapters.sql.statements import one_of
from gateway.adapters.sql.types import Words
from gateway.adapters.sql.views_part import ViewsPart
from gateway.adapters.sql.work_notices import CONTACT_OF, chosen
from gateway.domain.notices import Contact, Notice, Recipient
from gateway.domain.webhooks import Delivery, Webhook
from gateway.ports.pages import Page
from gateway.ports.views_notices import Backlog

_members, _notices, _hooks, _queue = (
    schema.members.c, schema.notices.c, schema.webhooks.c, schema.webhook_deliveries.c,
)  # fmt: skip

NOTICES = Paging("notices", _notices.created_at, _notices.id, descending=True)
DELIVERIES = Paging("deliveries", _queue.event_id, _queue.id, descending=True)

RECIPIENTS = (
    select(_members.id, _members.email, _members.active, *CONTACT.columns)
    .outerjoin(schema.contacts, schema.contacts.c.member_id == _members.id)
    .where(one_of(_members.id, bindparam("ids", type_=Words())))
)
UNTOLD = (
    select(*NOTICE.columns)
    .where(_notices.site_id == SITE, text(f"notices.{schema.FAILED_NOTICES}"))
    .where(_notices.created_at >= bindparam("since", type_=_notices.created_at.type))
    .where(one_of(_notices.kind, bindparam("kinds", type_=Words())))
    .order_by(_notices.created_at.desc(), _notices.id.desc())
    .limit(bindparam("limit", type_=Integer()))
)
BACKLOGS = (
    select(_notices.channel, func.count(), func.min(_notices.created_at), func.max(_notices.error))
    .where(_notices.site_id == SITE, text("notices.state = 'waiting'"), _notices.error.is_not(None))
    .group_by(_notices.channel)
    .order_by(_notices.channel)
)
QUEUED = (
    select(_notices.channel, func.count())
    .where(_notices.site_id == SITE, text("notices.state = 'waiting'"))
    .group_by(_notices.channel)
    .order_by(_notices.channel)
)
WEBHOOKS = select(*WEBHOOK.columns).where(_hooks.site_id == SITE).order_by(_hooks.created_at, _hooks.id)
_in_trouble = union_all(
    *(
        select(_queue.webhook_id, _queue.queued_at, _queue.error).where(_queue.site_id == SITE, text(condition))
        for condition in ("state = 'waiting' AND error IS NOT NULL", "state = 'given_up'")
    )
).subquery("in_trouble")
HOOK_BACKLOGS = (
    select(_in_trouble.c.webhook_id, func.count(), func.min(_in_trouble.c.queued_at), func.max(_in_trouble.c.error))
    .group_by(_in_trouble.c.webhook_id)
    .order_by(_in_trouble.c.webhook_id)
)


def notices(*filters: str) -> Select[Any]:
    """Messages of the site."""
    query = select(*NOTICE.columns).where(_notices.site_id == SITE)
    if "member_id" in filters:
        query = query.where(_notices.member_id == bindparam("member_id"))
    return query.where(_notices.state == bindparam("state")) if "state" in filters else query


def deliveries(*filters: str) -> Select[Any]:
    """What was queued for one hook."""
    query = select(*DELIVERY.columns).where(_queue.site_id == SITE, _queue.webhook_id == bindparam("webhook_id"))
    return query.where(_queue.state == bindparam("state")) if "state" in filters else query


class NoticesReads(ViewsPart):
    """What was told, what was not, and to whom."""

    def recipients(self, member_ids: Iterable[str]) -> tuple[Recipient, ...]:
        """These members as people to tell, in no order; those who are not there are left out."""
        with self._read() as tx:
            rows = tx.all(RECIPIENTS, ids=sorted(set(member_ids)))
        return tuple(
            Recipient(contact=chosen(row[3:] if row[3] else None, row[0]), email=row[1], active=bool(row[2]))
            for row in rows
        )

    def contact(self, member_id: str) -> Contact:
        """What a member chose; nothing chosen for one who never did."""
        with self._read() as tx:
            return chosen(tx.one(CONTACT_OF, member_id=member_id), member_id)

    def notices(
        self, *, limit: int, cursor: str | None, member_id: str | None = None, state: str | None = None
    ) -> Page[Notice]:
        """Messages, newest first."""
        with self._read() as tx:
            return page(
                tx, NOTICE, NOTICES, notices, lambda row: (row.created_at, row.id), limit=limit, cursor=cursor,
                given={"member_id": member_id, "state": state}, site_id=self._site.get(tx),
            )  # fmt: skip

    def untold(self, since: datetime, kinds: tuple[str, ...], limit: int) -> tuple[Notice, ...]:
        """Messages of these kinds that did not reach their member, made since then, newest first."""
        return tuple(NOTICE.read(row) for row in self._all(UNTOLD, since=since, kinds=kinds, limit=limit))

    def backlogs(self) -> tuple[Backlog, ...]:
        """Channels whose messages wait after a failed try."""
        return tuple(_backlog(row) for row in self._all(BACKLOGS))

    def queued_notices(self) -> dict[str, int]:
        """By channel, messages that are still to be sent, for the first time or again."""
        return {row[0]: int(row[1]) for row in self._all(QUEUED)}

    def webhooks(self) -> tuple[Webhook, ...]:
        """Every hook, oldest first."""
        return tuple(WEBHOOK.read(row) for row in self._all(WEBHOOKS))

    def hook_backlogs(self) -> tuple[Backlog, ...]:
        """Hooks with deliveries that wait after a failed try, or were given up; ``channel`` is the hook's id."""
        return tuple(_backlog(row) for row in self._all(HOOK_BACKLOGS))

    def deliveries(
        self, *, webhook_id: str, limit: int, cursor: str | None, state: str | None = None
    ) -> Page[Delivery]:
        """What was queued for a hook, newest event first."""
        with self._read() as tx:
            return page(
                tx, DELIVERY, DELIVERIES, deliveries, lambda row: (row.event_id, row.id), limit=limit, cursor=cursor,
                given={"state": state}, site_id=self._site.get(tx), webhook_id=webhook_id,
            )  # fmt: skip


def _backlog(row: Any) -> Backlog:
    return Backlog(channel=row[0], waiting=row[1], since=row[2], error=row[3])
