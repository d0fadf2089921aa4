"""Sends what waits: one thread per channel and one for hooks. No far end can hold up anything else.

A message is taken with a lease, sent outside of any transaction, then marked. Killed in between, it is sent again once
the lease is over, under the same id.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from gateway.domain.notices import Notice, NoticeState
from gateway.domain.retry import OUTWARD
from gateway.domain.webhooks import Delivery, DeliveryState, Webhook, headers_for
from gateway.ports.clock import Clock
from gateway.ports.errors import NotifyRefused, NotifyUnavailable, StoreUnavailable
from gateway.ports.notify import Caller, Letter, Post
from gateway.ports.store import SOON_S, Store
from gateway.service.notify_words import LabWords, letter_words

LEASE = timedelta(minutes=5)
"""Longer than any sending may take."""
EVERY_S = 2.0
PAUSE_FIRST_S, PAUSE_LONGEST_S = 1.0, 60.0

_log = logging.getLogger(__name__)


class Queue(Protocol):
    """What waits for one way out."""

    name: str

    def send_one(self) -> bool | None:
        """Send the next one: whether the far end answered; None when nothing waits."""


def run(queue: Queue, stop: threading.Event) -> None:
    """Send whatever waits until ``stop``; after a failure the pauses grow."""
    pause = PAUSE_FIRST_S
    while not stop.is_set():
        try:
            answered = queue.send_one()
        except StoreUnavailable as error:
            _log.debug("%s: the store is away: %s", queue.name, error)
            answered = False
        if answered:
            pause = PAUSE_FIRST_S
        elif answered is None:
            stop.wait(EVERY_S)
        else:
            stop.wait(pause)
            pause = min(PAUSE_LONGEST_S, pause * 2)


class NoticeQueue:
    """Messages to members on one channel."""

    def __init__(
        self, *, store: Store, clock: Clock, channel: str, post: Post, lab: LabWords, chance: Callable[[], float]
    ) -> None:  # fmt: skip
        self.name = f"notify-{channel}"
        self._store, self._clock, self._channel, self._post = store, clock, channel, post
        self._lab, self._chance = lab, chance

    def send_one(self) -> bool | None:
        """Send the next message: whether the far end answered; None when nothing waits."""
        now = self._clock.now()
        with self._store.begin(within_s=SOON_S) as work:
            notice = work.due_notice(self._channel, now)
            if notice is None:
                return None
            notice = replace(notice, attempts=notice.attempts + 1, next_try_at=now + LEASE)
            work.save_notice(notice)
        done = self._sent(notice, now)
        with self._store.begin() as work:
            kept = work.notice(notice.id)
            if kept is not None and kept.state is NoticeState.WAITING:
                work.save_notice(done)
        return done.state is not NoticeState.WAITING and done.state is not NoticeState.GIVEN_UP

    def _sent(self, notice: Notice, now: datetime) -> Notice:
        views = self._store.views()
        recipient = next(iter(views.recipients([notice.member_id])), None)
        member = views.member(notice.member_id)
        to = recipient.address(self._channel) if recipient and recipient.active else None
        if member is None or to is None:
            return replace(notice, state=NoticeState.UNREACHABLE, done_at=now)
        subject, text, language = letter_words(views, notice, member, self._lab, now)
        letter = Letter(id=notice.id, to=to, subject=subject, text=text, language=language, at=now)
        try:
            self._post.send(letter)
        except NotifyRefused as error:
            return replace(notice, state=NoticeState.REFUSED, done_at=now, error=str(error))
        except NotifyUnavailable as error:
            return self._later(notice, str(error), now)
        except Exception as error:
            # A fault of ours in one message must not stop all the others.
            _log.exception("message %s cannot be sent", notice.id)
            return self._later(notice, type(error).__name__, now)
        return replace(notice, state=NoticeState.SENT, done_at=now, error=None)

    def _later(self, notice: Notice, error: str, now: datetime) -> Notice:
        again = OUTWARD.next_try(
            attempts=notice.attempts, since=notice.created_at, now=now, chance=self._chance()
        )  # fmt: skip
        if again is None:
            return replace(notice, state=NoticeState.GIVEN_UP, done_at=now, error=error)
        return replace(notice, next_try_at=again, error=error)


class HookQueue:
    """Events for hooks, each hook at its own pace."""

    name = "webhooks"

    def __init__(self, *, store: Store, clock: Clock, caller: Caller, chance: Callable[[], float]) -> None:
        self._store, self._clock, self._caller, self._chance = store, clock, caller, chance

    def send_one(self) -> bool | None:
        """Make the next call; a hook that fails is left alone by itself, so the answer is never False."""
        now = self._clock.now()
        with self._store.begin(within_s=SOON_S) as work:
            found = work.due_delivery(now)
            if found is None:
                return None
            hook, delivery = found
            delivery = replace(delivery, attempts=delivery.attempts + 1, next_try_at=now + LEASE)
            work.save_delivery(delivery)
        error = self._called(hook, delivery, now)
        with self._store.begin() as work:
            standing = work.webhook(hook.id)
            if standing is None or work.delivery(delivery.id) is None:
                return True
            if error is None:
                work.save_delivery(replace(delivery, state=DeliveryState.DELIVERED, done_at=now, error=None))
                work.put_webhook(replace(standing, failures=0, retry_at=None))
                return True
            failures = standing.failures + 1
            work.save_delivery(self._later(delivery, error, now))
            alone = OUTWARD.next_try(attempts=failures, since=now, now=now, chance=self._chance())
            work.put_webhook(replace(standing, failures=failures, retry_at=alone))
        return True

    def _called(self, hook: Webhook, delivery: Delivery, now: datetime) -> str | None:
        body = delivery.body.encode()
        try:
            headers = headers_for(hook.secret, delivery.id, timestamp=int(now.timestamp()), body=body)
            self._caller.call(hook.url, headers, body)
        except NotifyUnavailable as error:
            return str(error)
        except Exception as error:
            # A fault of ours in one call must not stop all the others.
            _log.exception("delivery %s cannot be sent", delivery.id)
            return type(error).__name__
        return None

    def _later(self, delivery: Delivery, error: str, now: datetime) -> Delivery:
        again = OUTWARD.next_try(
            attempts=delivery.attempts, since=delivery.queued_at, now=now, chance=self._chance()
        )  # fmt: skip
        if again is None:
            return replace(delivery, state=DeliveryState.GIVEN_UP, done_at=now, error=error)
        return replace(delivery, next_try_at=again, error=error)
