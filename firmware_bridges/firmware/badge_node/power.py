"""Power as a table: what can happen to the relay of a machine, and what then is.

The relay is on in ``on``, ``running`` and ``leaving``, and in ``doubt`` only for as long as the machine runs. No network
is in this table: nothing that happens to it can switch anything off. Nothing but a grant leads out of ``off``.
"""

try:
    from typing import Any
except ImportError:
    pass  # MicroPython reads no annotations

OFF, ON, RUNNING, LEAVING, DOUBT = "off", "on", "running", "leaving", "doubt"
GRANT, END, BUSY, QUIET, CEILING, DIFFERS, AGREES = "grant", "end", "busy", "quiet", "ceiling", "differs", "agrees"

TABLE = {
    (OFF, GRANT): ON,
    (ON, BUSY): RUNNING,
    (ON, END): OFF,
    (ON, CEILING): OFF,
    (RUNNING, QUIET): ON,
    (RUNNING, END): LEAVING,
    (RUNNING, CEILING): OFF,
    (LEAVING, QUIET): OFF,
    (LEAVING, GRANT): RUNNING,
    (LEAVING, CEILING): OFF,
    (OFF, DIFFERS): DOUBT,
    (ON, DIFFERS): DOUBT,
    (RUNNING, DIFFERS): DOUBT,
    (LEAVING, DIFFERS): DOUBT,
    (DOUBT, AGREES): OFF,
}
"""What is not in the table changes nothing."""

SETTLE_MS = 400
"""A contactor may take so long to do what its coil says."""
GAP_MS = 5000
"""A run input that is quiet for less than this still runs: a print that changes layers, a saw between two cuts."""


class Power:
    """The relay's phase, its timers and what its read-back says. ``drive`` is what the coil must be now.

    ``tell(on, cause, on_s)``, ``alarm(code, on)`` and ``worked(begins, wall_ms, active_ms)`` are told what happens.
    """

    def __init__(
        self, tell: "Any", alarm: "Any", worked: "Any", read_back: bool = True, start_check_ms: int = 1500
    ) -> None:
        self.phase = OFF
        self.drive = False
        self.busy = False
        self._tell, self._alarm, self._worked = tell, alarm, worked
        self._start_check_ms = start_check_ms or -1
        self._read_back: bool | None = False if read_back else None
        self._agreed_ms = 0
        self._switched_ms = -SETTLE_MS
        self._on_ms = 0
        self._ceiling_ms: int | None = None
        self._end_ms: int | None = None
        self._cause = "command"
        self._unconfirmed: str | None = None
        self._busy_ms = self._quiet_ms = self._began_ms = 0
        self._active_ms = 0
        self._work = False
        self._bypassed = False

    @property
    def powered(self) -> bool:
        """Whether somebody has the machine."""
        return self.phase in (ON, RUNNING, LEAVING)

    def grant(self, ms: int, ceiling_s: int, end_s: "int | None", cause: str) -> bool:
        """Switch on under a hard ceiling; ``end_s``: from then on off as soon as it does not run."""
        if self.phase == OFF and self.busy:
            return False
        before = self.phase
        self._ceiling_ms = ms + 1000 * ceiling_s
        self._end_ms = None if end_s is None else ms + 1000 * end_s
        self._move(GRANT, ms, cause)
        if before == OFF and self.phase == ON:
            self._on_ms = ms
            if self._read_back is None:
                self._tell(True, cause, None)
            else:
                self._unconfirmed = cause
        return self.powered

    def end(self, ms: int, cause: str) -> None:
        """Off; as soon as it is quiet, where it runs."""
        self._move(END, ms, cause)

    def stay(self, ms: int) -> None:
        """Whoever was leaving is back; the ceiling stays where it is."""
        if self.phase == LEAVING:
            self._move(GRANT, ms, "tap")

    @property
    def state(self) -> "bool | None":
        """On, off, or nobody knows: never *off* where it may be on."""
        return None if self.phase == DOUBT else self.powered

    def reads_back(self, on: bool) -> None:
        """What the contact behind the relay says."""
        self._read_back = on

    def runs(self, busy: bool, ms: int) -> None:
        """What the run input says."""
        if busy == self.busy:
            return
        self.busy = busy
        if not busy:
            self._quiet_ms = ms
            self._active_ms += ms - self._busy_ms
            return
        self._busy_ms = ms
        if self.phase == ON and ms - self._on_ms <= self._start_check_ms:
            # Its own switch was left on: whoever tapped may stand with a hand in it.
            self._alarm("started-by-itself", True)
            self._move(END, ms, "unsafe_start")
        if not self._work and self.phase != OFF:
            self._work, self._began_ms, self._active_ms = True, ms, 0
            self._worked(True, 0, 0)
        self._move(BUSY, ms, self._cause)

    def idle_ms(self, ms: int) -> int:
        """For how long it has been on without running."""
        return 0 if self.phase != ON else ms - max(self._on_ms, self._quiet_ms)

    def tick(self, ms: int) -> None:
        """Let time pass."""
        if not self.busy and self._work and ms - self._quiet_ms >= GAP_MS:
            self._work = False
            self._worked(False, self._quiet_ms - self._began_ms, self._active_ms)
            self._move(QUIET, ms, self._cause)
        ceiling = self._ceiling_ms is not None and ms >= self._ceiling_ms
        if ceiling:
            self._move(CEILING, ms, "ceiling")
        if self._end_ms is not None and ms >= self._end_ms:
            self._end_ms = None
            self._move(END, ms, "until")
        self._compare(ms)
        if self.phase == DOUBT and self.drive and (ceiling or not self._work):
            self._switch(False, ms)
        if (self.phase == OFF and self.busy) != self._bypassed:
            self._bypassed = not self._bypassed
            self._alarm("runs-while-off", self._bypassed)

    def _compare(self, ms: int) -> None:
        if self._read_back is None:
            return
        if self._read_back == self.drive:
            self._agreed_ms = ms
            if self._unconfirmed is not None:
                cause, self._unconfirmed = self._unconfirmed, None
                self._tell(True, cause, None)
            if self.phase == DOUBT and not self.drive:
                self._move(AGREES, ms, "unknown")
                self._alarm("relay-unknown", False)
                self._tell(False, "unknown", None)
        elif self.phase != DOUBT and ms - max(self._agreed_ms, self._switched_ms) >= SETTLE_MS:
            self._move(DIFFERS, ms, "unknown")
            self._alarm("relay-unknown", True)
            self._tell(None, "unknown", None)

    def _move(self, trigger: str, ms: int, cause: str) -> None:
        to = TABLE.get((self.phase, trigger))
        if to is None:
            return
        before, self.phase = self.phase, to
        if to in (OFF, DOUBT):
            self._unconfirmed = None
        if to == LEAVING or trigger == GRANT:
            self._cause = cause
        if to == DOUBT:
            self._ceiling_ms = self._ceiling_ms if self._work else None
            return
        on = to in (ON, RUNNING, LEAVING)
        if on != self.drive:
            self._switch(on, ms)
        if not on and before in (ON, RUNNING, LEAVING):
            self._ceiling_ms = self._end_ms = None
            told = self._cause if trigger == QUIET else cause
            self._tell(False, told, (ms - self._on_ms) / 1000)

    def _switch(self, on: bool, ms: int) -> None:
        self.drive, self._switched_ms = on, ms
