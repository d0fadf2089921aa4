"""What time alone makes of bookings that run and of those who wait."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from gateway.ports.clock import Clock
from gateway.ports.errors import StoreUnavailable
from gateway.ports.store import Work
from gateway.service.arrivals import settle_stays
from gateway.service.waiting import settle_line
from gateway.service.waiting_times import find_late_returns

EVERY_S = 5.0

_log = logging.getLogger(__name__)


class ArrivalsSweeper:
    """Looks every few seconds. Whoever could not be heard, because we were away, has the whole grace again."""

    def __init__(
        self, *, clock: Clock, transact: Callable[[Callable[[Work, datetime], None]], None], every_s: float = EVERY_S
    ) -> None:
        self._transact, self._every_s = transact, every_s
        self._awake_since = clock.now()
        self._usable_since: dict[str, datetime] = {}

    def run(self, stop: threading.Event) -> None:
        """Sweep at once, then again and again until ``stop``."""
        self.sweep()
        while not stop.wait(self._every_s):
            self.sweep()

    def sweep(self) -> None:
        """Look once; looking twice changes nothing more."""
        try:
            self._transact(self._settle_stays)
            self._transact(settle_line)
            self._transact(find_late_returns)
        except StoreUnavailable as error:
            _log.warning("bookings wait for the store: %s", error)

    def _settle_stays(self, work: Work, now: datetime) -> None:
        settle_stays(work, now, self._usable_since, self._awake_since)
