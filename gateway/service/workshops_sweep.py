"""What time alone makes of workshops: offers run out, deadlines pass, names are forgotten."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial

from gateway.ports.clock import Clock
from gateway.ports.errors import StoreUnavailable
from gateway.ports.store import Store, Work
from gateway.service.workshops_rolls import settle_now

EVERY_S = 15.0

_log = logging.getLogger(__name__)


class WorkshopSweeper:
    """Looks every few seconds for workshops that are due, and settles each in a transaction of its own."""

    def __init__(
        self, *, store: Store, clock: Clock, transact: Callable[[Callable[[Work, datetime], None]], None],
        every_s: float = EVERY_S,
    ) -> None:  # fmt: skip
        self._store, self._clock, self._transact, self._every_s = store, clock, transact, every_s

    def run(self, stop: threading.Event) -> None:
        """Sweep at once, then again and again until ``stop``."""
        self.sweep()
        while not stop.wait(self._every_s):
            self.sweep()

    def sweep(self) -> None:
        """Look once; looking twice changes nothing more."""
        try:
            due = self._store.views().workshops_due(self._clock.now())
        except StoreUnavailable:
            return
        for workshop_id in due:
            try:
                self._transact(partial(settle_now, workshop_id=workshop_id))
            except StoreUnavailable:
                return
            except Exception:
                # One workshop that cannot be settled must not keep the others waiting.
                _log.exception("workshop %s cannot be settled", workshop_id)
