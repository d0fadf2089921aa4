"""The machine's own clock."""

import ctypes
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

CLOCKS = Path("/sys/class/rtc")
"""Clocks with a battery, as Linux lists them; without the folder nobody can tell."""
_UNSYNCHRONISED = 0x40
_SET = timedelta(seconds=2)


class _Timex(ctypes.Structure):
    _fields_ = (
        ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long), ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long), ("status", ctypes.c_int), ("rest", ctypes.c_byte * 256),
    )  # fmt: skip


class SystemClock:
    """The Clock of a real lab."""

    def __init__(self) -> None:
        self._said: tuple[timedelta, datetime] | None = None

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        now = datetime.now(UTC)
        if self._said is None:
            return now
        offset, started = self._said
        if abs(_started(now) - started) > _SET:
            # The computer has been told the hour since: that is the better one.
            self._said = None
            return now
        return now + offset

    def monotonic(self) -> float:
        """Seconds since this machine started (CLOCK_MONOTONIC): the same count in every process until it reboots."""
        return time.monotonic()

    def say(self, now: datetime) -> None:
        """From here on it goes on from this hour, until the computer itself is told another."""
        system = datetime.now(UTC)
        self._said = (now - system, _started(system))

    @property
    def told(self) -> bool:
        """Whether the network keeps the computer's hour right."""
        told = _Timex()
        try:
            ctypes.CDLL(None).adjtimex(ctypes.byref(told))
        except (OSError, AttributeError):
            return False
        return not told.status & _UNSYNCHRONISED

    @property
    def kept(self) -> bool:
        """Whether the computer keeps its hour while it has no power, as far as anybody can see."""
        return not CLOCKS.is_dir() or any(CLOCKS.iterdir())


def _started(now: datetime) -> datetime:
    """When this machine started, if ``now`` is right: another answer means that its clock was set."""
    return now - timedelta(seconds=time.monotonic())
