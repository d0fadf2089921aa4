"""Which device sends more than any device does: it is not listened to until it calms down.

A bucket per device holds :data:`BURST` messages and fills again with :data:`RATE` a second: more than a bridge sends that
brings what it has kept for days, and less than would keep the others waiting.
"""

from collections import OrderedDict
from dataclasses import dataclass

BURST, RATE = 2000.0, 500.0
CALM_S = 10.0
"""A device set apart is heard again once it has sent no more than it may for so long."""
MOST_NAMES = 2000
"""So many devices are told apart in memory; the one unheard for longest makes room."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float
    over_at: float = 0.0


class Floodgate:
    """Counts what each device sends. One thread hears; any may ask who is :attr:`apart`."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self.apart: frozenset[str] = frozenset()
        """The devices that are not listened to now; replaced as a whole, so that it can be read while others are counted."""

    def admits(self, device: str, now_s: float) -> bool:
        """Whether to take one more message of this device at ``now_s`` (a monotonic clock's seconds)."""
        bucket = self._buckets.get(device)
        if bucket is None:
            bucket = self._buckets[device] = _Bucket(left=BURST, at=now_s)
            if len(self._buckets) > MOST_NAMES:
                gone, _ = self._buckets.popitem(last=False)
                self.apart -= {gone}
        self._buckets.move_to_end(device)
        bucket.left = min(BURST, bucket.left + (now_s - bucket.at) * RATE) - 1
        bucket.at = now_s
        if bucket.left < 0:
            bucket.left = 0.0
            bucket.over_at = now_s
            if device not in self.apart:
                self.apart |= {device}
        elif device in self.apart and now_s - bucket.over_at > CALM_S:
            self.apart -= {device}
        return device not in self.apart
