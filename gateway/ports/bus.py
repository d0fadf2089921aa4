"""The bus: MQTT as the rest of the program sees it."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message that arrived. ``retained`` is true only for a message the broker kept from earlier."""

    topic: str
    payload: bytes
    retained: bool = False


Handler = Callable[[Delivery], None]
"""Called in the bus's own thread, in the order of arrival per topic: it must return at once and never raise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Will:
    """What the broker says for us when we vanish."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True


class Bus(Protocol):
    """Publish and subscribe. Thread-safe. Reconnects by itself and subscribes again each time."""

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Hand a message to the broker without waiting; raises BusUnavailable when there is no connection now.

        Nothing is queued while disconnected: what must arrive is kept by its sender until a receipt.
        """

    def together(self) -> AbstractContextManager[None]:
        """What this thread publishes inside the block may leave in one write, at its end: many messages cost one."""

    def subscribe(self, filters: Iterable[tuple[str, int]], handler: Handler, *, group: str | None = None) -> None:
        """Call ``handler`` for every message on these ``(filter, qos)``; ``group`` shares them among its members.

        Returns when the broker has accepted; raises SubscriptionRefused naming the filter, or BusUnavailable.
        """

    def unsubscribe(self, handler: Handler) -> None:
        """Stop calling ``handler``."""

    @property
    def connected(self) -> bool:
        """Whether the broker hears us now."""

    def on_connection(self, listener: Callable[[bool], None]) -> None:
        """Call ``listener(connected)`` at each change (after subscriptions stand again, when it is True)."""

    def close(self) -> None:
        """Disconnect cleanly and stop the bus's threads."""
