"""What staff do to hooks: make, pause, remove, replay."""

from dataclasses import replace
from datetime import datetime

from gateway.domain.webhooks import Webhook
from gateway.ports.store import Work


def add(work: Work, hook: Webhook) -> Webhook:
    """A new hook; it hears of what happens from now on."""
    work.put_webhook(hook)
    return hook


def pause(work: Work, id: str, *, paused: bool) -> Webhook | None:
    """Stop calling, or call again at once; its queue is kept meanwhile."""
    hook = work.webhook(id)
    if hook is None:
        return None
    changed = replace(hook, paused=paused, failures=0, retry_at=None)
    work.put_webhook(changed)
    return changed


def remove(work: Work, id: str) -> bool:
    """Forget it and its queue; False when there is no such hook."""
    known = work.webhook(id) is not None
    work.forget_webhook(id)
    return known


def replay(work: Work, id: str, state: str, now: datetime) -> int | None:
    """Queue anew all that is in this state; how many, None when there is no such hook."""
    hook = work.webhook(id)
    if hook is None:
        return None
    work.put_webhook(replace(hook, failures=0, retry_at=None))
    return work.requeue(id, state, now)
