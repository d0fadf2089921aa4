"""Hooks: addresses of other programs that hear of events, signed, and the log of what was sent."""

import base64
import secrets
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator, Field, StringConstraints

from dashboard.api.common import Cursor, IdInPath, Limit, PageOf, Shape, Staff, Text, Wish, problems, rows
from dashboard.dependencies import Asked
from dashboard.problems import Problem
from gateway.domain.events import EventKind
from gateway.domain.webhooks import SECRET_PREFIX, DeliveryState, Webhook, wrong_target
from gateway.service import hooks as service

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

SECRET_BYTES = 32


def _target(url: str) -> str:
    wrong = wrong_target(url)
    if wrong is not None:
        raise ValueError(wrong)
    return url


Target = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_target)]


class NewWebhook(Wish):
    """An address that wants to hear of events."""

    url: Target = Field(description="https anywhere; http inside a private network only.")
    label: Text | None = None
    kinds: list[EventKind] = Field(default=[], max_length=200, description="Empty: every kind.")


class WebhookChanges(Wish):
    """While paused its queue is kept."""

    paused: bool


class WebhookShape(Shape):
    """A hook."""

    id: str
    url: str
    label: str
    kinds: list[EventKind]
    paused: bool
    failures: int = Field(description="Calls in a row that failed.")
    retry_at: datetime | None = Field(description="Left alone until then.")
    created_at: datetime
    key_id: str = Field(description="Tells which secret signs.")


class NewSecret(WebhookShape):
    """A hook and the secret of its signatures, told this once."""

    secret: str = Field(description="As of Standard Webhooks: `whsec_` and base64.")


class Webhooks(Shape):
    """All of them, oldest first."""

    items: list[WebhookShape]


class DeliveryShape(Shape):
    """One event on its way to one hook; its id is the header `webhook-id`."""

    id: str
    event_id: int
    kind: EventKind
    state: DeliveryState
    body: str
    queued_at: datetime
    next_try_at: datetime
    attempts: int
    done_at: datetime | None
    error: str | None


class Replayed(Shape):
    """How many were queued anew."""

    count: int


StateAsked = Annotated[DeliveryState | None, Query(description="Only those in this state.")]


@router.get("", operation_id="listWebhooks", responses=problems(403))
def every(services: Asked, staff: Staff) -> Webhooks:
    """Every hook; secrets are not told again."""
    return Webhooks(items=[WebhookShape.model_validate(hook) for hook in services.store.views().webhooks()])


@router.post("", operation_id="addWebhook", status_code=201, responses=problems(400, 403))
def add(services: Asked, staff: Staff, wish: NewWebhook) -> NewSecret:
    """A new hook and its secret."""
    secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    id = services.ids.new()  # noqa: A001
    made = services.transact(
        lambda work, now: service.add(
            work,
            Webhook(
                id=id, url=wish.url, secret=secret, key_id=id[-8:], created_at=now, label=wish.label or "",
                kinds=tuple(dict.fromkeys(wish.kinds)),
            ),
        )
    )  # fmt: skip
    return NewSecret.model_validate(made)


@router.patch("/{id}", operation_id="changeWebhook", responses=problems(403, 404))
def change(services: Asked, staff: Staff, id: IdInPath, wish: WebhookChanges) -> WebhookShape:
    """Pause a hook, or call it again at once."""
    changed = services.transact(lambda work, _: service.pause(work, id, paused=wish.paused))
    if changed is None:
        raise Problem("not_found")
    return WebhookShape.model_validate(changed)


@router.delete("/{id}", operation_id="removeWebhook", status_code=204, responses=problems(403, 404))
def remove(services: Asked, staff: Staff, id: IdInPath) -> None:
    """Forget a hook and its queue."""
    if not services.transact(lambda work, _: service.remove(work, id)):
        raise Problem("not_found")


@router.get("/{id}/deliveries", operation_id="listDeliveries", responses=problems(403))
def deliveries(
    request: Request, response: Response, services: Asked, staff: Staff, id: IdInPath, limit: Limit = 50,
    cursor: Cursor = None, state: StateAsked = None,
) -> PageOf[DeliveryShape]:  # fmt: skip
    """What was queued for a hook, newest event first."""
    return rows(
        request, response,
        lambda: services.store.views().deliveries(webhook_id=id, limit=limit, cursor=cursor, state=state),
        DeliveryShape.model_validate,
    )  # fmt: skip


@router.post("/{id}/replay", operation_id="replayWebhook", responses=problems(403, 404))
def replay(
    services: Asked, staff: Staff, id: IdInPath,
    state: Annotated[DeliveryState, Query(description="Which of them.")] = DeliveryState.GIVEN_UP,
) -> Replayed:  # fmt: skip
    """Queue anew what was given up, or what was delivered already."""
    count = services.transact(lambda work, now: service.replay(work, id, state, now))
    if count is None:
        raise Problem("not_found")
    return Replayed(count=count)
