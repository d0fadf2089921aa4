"""A serial line that is there or is lost: pyserial with its surprises kept in one place.

One thread opens, reads, writes and closes: ``close()`` during another thread's ``read()`` ends there in a TypeError.
"""

import errno
import termios
from types import TracebackType
from typing import Any, Self

import serial

from gateway.ports.errors import BridgeLost

READ_S = 0.05
"""The longest that a read waits for bytes, and so the longest that a stop goes unnoticed."""
WRITE_S = 2.0

LOST = (OSError, termios.error, TypeError)
"""What pyserial raises when the cable is pulled: SerialException is an OSError, but ``in_waiting`` raises bare ones."""

SENTENCES = {
    errno.ENOENT: "there is no such port; is the cable plugged in?",
    errno.ENXIO: "there is no device behind this port; is the cable plugged in?",
    errno.EACCES: "this program may not open it; is its user in the group dialout?",
    errno.EPERM: "this program may not open it; is its user in the group dialout?",
    errno.EBUSY: "another program is using it",
    errno.EWOULDBLOCK: "another program is using it",
    errno.ENOTTY: "this is no serial port",
}


class SerialLink:
    """One serial port or pyserial URL (``socket://host:port``), open from enter to exit. Every fault is BridgeLost."""

    def __init__(self, port: str, baudrate: int, *, dtr: bool = False) -> None:
        self.port = port
        self._baudrate = baudrate
        self._dtr = dtr
        self._serial: Any = None  # pyserial's types know no in_waiting

    def __enter__(self) -> Self:
        try:
            line = serial.serial_for_url(
                self.port, self._baudrate, timeout=READ_S, write_timeout=WRITE_S, do_not_open=True
            )
            # An edge of DTR resets an Arduino and kills its job; set before the port opens, a pty does not mind either.
            line.dtr = line.rts = self._dtr
            if isinstance(line, serial.Serial):
                line.exclusive = True
            line.open()
        except (*LOST, ValueError) as error:  # ValueError: a malformed URL or an impossible speed
            raise BridgeLost(f"{self.port}: {_sentence(error)}") from error
        _keep_dtr_at_close(line)
        self._serial = line
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing at once matters: while a lost port is still open, the replugged one gets another name (ttyUSB1).
        line, self._serial = self._serial, None
        if line is None:
            return
        try:
            line.close()
        except LOST:
            pass  # it is gone already

    def read(self) -> bytes:
        """The bytes that have come, after a short wait for the first; often none."""
        try:
            line = self._open
            first: bytes = line.read(1)
            return first + line.read(line.in_waiting) if first else first
        except LOST as error:
            raise BridgeLost(f"{self.port}: the line was lost; was the cable pulled?") from error

    def write(self, data: bytes) -> None:
        """Send bytes; nothing is done for none."""
        if not data:
            return
        try:
            self._open.write(data)
        except serial.SerialTimeoutException as error:
            raise BridgeLost(f"{self.port}: the device takes no more bytes") from error
        except LOST as error:
            raise BridgeLost(f"{self.port}: the line was lost; was the cable pulled?") from error

    @property
    def _open(self) -> Any:
        if self._serial is None:
            raise BridgeLost(f"{self.port}: the port is not open")
        return self._serial


def _sentence(error: BaseException) -> str:
    cause = error.__context__  # where pyserial wraps a termios.error, the number stays in that one
    numbers = (getattr(error, "errno", None), *(cause.args[:1] if cause is not None else ()))
    return next((SENTENCES[number] for number in numbers if number in SENTENCES), f"it cannot be opened ({error})")


def _keep_dtr_at_close(line: serial.SerialBase) -> None:
    """Ask the kernel to leave DTR alone when the port closes (``stty -hupcl``); a URL has no such thing."""
    if not isinstance(line, serial.Serial) or line.fd is None:
        return
    try:
        attributes = termios.tcgetattr(line.fd)
        attributes[2] &= ~termios.HUPCL
        termios.tcsetattr(line.fd, termios.TCSANOW, attributes)
    except LOST:
        pass  # a port that is lost this early says so at the first read
