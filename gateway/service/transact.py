"""One request, one transaction: run a use case, commit, then tell the world."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from gateway.ports.clock import Clock
from gateway.ports.store import Store, Work
from gateway.service.deliver import Deliver

Value = TypeVar("Value")


class Transact:
    """What the web calls to change anything."""

    def __init__(self, *, store: Store, clock: Clock, deliver: Deliver) -> None:
        self._store, self._clock, self._deliver = store, clock, deliver

    def __call__(self, use_case: Callable[[Work, datetime], Value]) -> Value:
        """The use case's value, once it is committed; StoreUnavailable when it is not."""
        with self._store.begin() as work:
            value = use_case(work, self._clock.now())
            events = work.appended
        self._deliver.after_commit((), events)
        if any(event.session_id for event in events):
            self._deliver.looked_for.set()
        return value
