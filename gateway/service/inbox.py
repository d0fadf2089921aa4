"""What devices have said and nobody has taken yet: each device's in order, and no device in another's way.

One that brings what it has kept for a day must not keep people waiting at a reader: when more waits than one batch
holds, every device gives its oldest few.
"""

import queue
import threading
from collections import deque
from datetime import datetime

from gateway.ports.bus import Delivery

Heard = tuple[Delivery, datetime]


class Inbox:
    """Filled by the bus's thread, emptied by one other. ``most`` may wait at once, and one more of any device."""

    def __init__(self, most: int, most_devices: int) -> None:
        self._most, self._most_devices = most, most_devices
        self._lock, self._bell = threading.Lock(), queue.SimpleQueue[None]()
        """A bell that rings in C: a Condition's ring costs each tap a fifth of a millisecond."""
        self._lanes: dict[str, deque[tuple[int, Heard]]] = {}
        self._number = self._count = 0

    def __len__(self) -> int:
        return self._count

    def holds(self, device: str) -> bool:
        """Whether something of this device waits."""
        return device in self._lanes

    def put(self, device: str, heard: Heard, *, whatever: bool = False) -> bool:
        """Take it in; False when too much waits already, ``whatever`` is taken all the same."""
        with self._lock:
            lane = self._lanes.get(device)
            full = self._count >= self._most and (lane is not None or len(self._lanes) >= self._most_devices)
            if full and not whatever:
                return False
            if lane is None:
                lane = self._lanes[device] = deque()
            self._number += 1
            self._count += 1
            lane.append((self._number, heard))
        self._bell.put(None)
        return True

    def take(self, most: int, *, within_s: float) -> list[Heard]:
        """The next, in the order in which they came; none when nothing comes in time."""
        try:
            self._bell.get(timeout=within_s)
            while True:
                self._bell.get_nowait()
        except queue.Empty:
            pass
        with self._lock:
            taken = self._share(most)
            self._count -= len(taken)
            if self._count:
                self._bell.put(None)
        return [heard for _, heard in sorted(taken, key=lambda each: each[0])]

    def _share(self, most: int) -> list[tuple[int, Heard]]:
        """All, or of each device its oldest few: whose oldest waits longest comes first."""
        taken: list[tuple[int, Heard]] = []
        turns = sorted(self._lanes, key=lambda device: self._lanes[device][0][0])
        while turns and len(taken) < most:
            share = max(1, (most - len(taken)) // len(turns))
            for device in turns[: most - len(taken)]:
                lane = self._lanes[device]
                taken += [lane.popleft() for _ in range(min(share, len(lane)))]
                if not lane:
                    del self._lanes[device]
            turns = [device for device in turns if device in self._lanes]
        return taken
