"""The world around a badge node: flash that can tear, a relay that can weld, a run input, a link, a plug to be pulled.

The decisions are not simulated: whoever builds one hands in the very core that runs on the microcontroller. Time is a
parameter, in seconds.
"""

from collections.abc import Callable
from typing import Protocol

Said = tuple[str, bytes, int]
"""Channel, payload, QoS."""


class Brain(Protocol):
    """The node's core as its edge sees it; see ``firmware_bridges/firmware/badge_node/node.py``."""

    face: tuple[str, str]
    link: bool

    @property
    def drive(self) -> bool:
        """What the coil must be now."""

    def start(self, ms: int) -> None:
        """Memory begins."""

    def take(self) -> list[Said]:
        """What is to be published now."""

    def tapped(self, number: str, ms: int) -> None:
        """A badge is presented."""

    def runs(self, busy: bool, ms: int) -> None:  # noqa: FBT001  (the firmware's own signature)
        """The run input."""

    def reads_back(self, on: bool, ms: int) -> None:  # noqa: FBT001
        """The contact behind the relay."""

    def linked(self, up: bool, ms: int) -> None:  # noqa: FBT001
        """The broker came or went."""

    def heard(self, channel: str, payload: bytes, ms: int) -> None:
        """A message came."""

    def tick(self, ms: int) -> None:
        """Time passes."""


class SimulatedFlash:
    """Files that survive a power cut, but for what is torn or flipped; ``full`` refuses every byte."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.full = False

    def names(self) -> list[str]:
        """Every file."""
        return list(self.files)

    def read(self, name: str) -> bytes:
        """All of a file; OSError when there is none."""
        try:
            return self.files[name]
        except KeyError:
            raise OSError(2, name) from None

    def append(self, name: str, data: bytes) -> None:
        """Add to a file."""
        self.replace(name, self.files.get(name, b"") + data)

    def replace(self, name: str, data: bytes) -> None:
        """Put a file in the place of another, at one stroke."""
        if self.full:
            raise OSError(28, name)
        self.files[name] = data

    def delete(self, name: str) -> None:
        """Forget a file."""
        self.files.pop(name, None)

    def tear(self, lost: int) -> None:
        """The last facts file loses its last bytes: power went while they were written."""
        name = max((n for n in self.files if n.startswith("facts.")), default=None)
        if name is not None:
            self.files[name] = self.files[name][: max(0, len(self.files[name]) - lost)]

    def flip(self, name: str, at: int) -> None:
        """One bit of a file is not what it was."""
        data = bytearray(self.files[name])
        data[at % len(data)] ^= 1 << at % 8
        self.files[name] = bytes(data)


class SimulatedNode:
    """A node in its machine. ``contact`` is the truth: whether current can flow."""

    def __init__(self, make: Callable[[SimulatedFlash, str], Brain], *, read_back: bool = True) -> None:
        self.flash = SimulatedFlash()
        self.welded = self.dead = False
        """The contact that does not open, and the one that does not close."""
        self.brain: Brain | None = None
        self.contact = False
        self.running = False
        """Whether the machine works; without current it does not."""
        self.boots = 0
        self._make, self._read_back, self._booted_at = make, read_back, 0.0
        self._link = False

    def boot(self, now: float) -> list[Said]:
        """Power comes: memory begins anew, flash is as it was left."""
        self.boots += 1
        self.brain = self._make(self.flash, f"{self.boots:06d}")
        self._booted_at = now
        self.brain.start(0)
        self.brain.linked(self._link, 0)
        return self.tick(now)

    def cut(self) -> None:
        """Somebody pulls the plug: the contact falls open, unless it is welded."""
        self.brain = None
        self._settle()

    def link(self, up: bool, now: float) -> list[Said]:  # noqa: FBT001
        """The broker comes or goes."""
        self._link = up
        if self.brain is not None:
            self.brain.linked(up, self._ms(now))
        return self.tick(now)

    def present(self, number: str, now: float) -> list[Said]:
        """Somebody holds a badge to it."""
        if self.brain is not None:
            self.brain.tapped(number, self._ms(now))
        return self.tick(now)

    def work(self, busy: bool, now: float) -> list[Said]:  # noqa: FBT001
        """The machine begins to work, if it can, or stops."""
        self.running = busy
        return self.tick(now)

    def hear(self, channel: str, payload: bytes, now: float) -> list[Said]:
        """A message reaches it, if the link stands."""
        if self.brain is not None and self._link:
            self.brain.heard(channel, payload, self._ms(now))
        return self.tick(now)

    def tick(self, now: float) -> list[Said]:
        """Let time pass; what it publishes, which is lost where the link is down."""
        self._settle()
        brain = self.brain
        if brain is None:
            return []
        ms = self._ms(now)
        brain.runs(self.running and self.contact, ms)
        if self._read_back:
            brain.reads_back(self.contact, ms)
        brain.tick(ms)
        self._settle()
        said = brain.take()
        return said if self._link else []

    def _settle(self) -> None:
        driven = self.brain is not None and self.brain.drive
        self.contact = (driven and not self.dead) or (self.welded and self.contact)
        self.running = self.running and self.contact

    def _ms(self, now: float) -> int:
        return int(1000 * (now - self._booted_at))
