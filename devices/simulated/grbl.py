"""A laser controller that answers as Grbl 1.1h or as grblHAL does, with the quirks of either. See devices/grbl.py."""

from collections import deque
from collections.abc import Iterable
from typing import Literal

from devices.simulated.grbl_motion import Planner

Dialect = Literal["grbl-1.1h", "grblhal"]

BANNERS: dict[Dialect, str] = {
    "grbl-1.1h": "\r\nGrbl 1.1h ['$' for help]\r\n",
    "grblhal": "\r\nGrblHAL 1.1f ['$' or '$HELP' for help]\r\n",
}
INFO: dict[Dialect, str] = {
    "grbl-1.1h": "[VER:1.1h.20190830:{name}]\r\n[OPT:V,15,128]\r\n",
    "grblhal": "[VER:1.1f.20260817:{name}]\r\n[OPT:VNML+,100,1024,3,0]\r\n[AXS:3:XYZ]\r\n[FIRMWARE:grblHAL]\r\n",
}
RESTORING: dict[Dialect, str] = {"grbl-1.1h": "[MSG:Restoring spindle]", "grblhal": "[MSG:]"}
REALTIME = frozenset(b"?!~\x18") | frozenset(range(0x80, 0x100))
HOLD_S = 0.4
"""How long the tool takes to come to rest, and the safety door's retraction on grblHAL."""


class SimulatedGrbl:
    """Bytes in, bytes out, moving with the time it is told. It goes on working while nobody listens, as real ones do."""

    def __init__(self, *, dialect: Dialect = "grbl-1.1h", laser: bool = True, name: str = "") -> None:
        self.hal = dialect == "grblhal"
        self.planner = Planner(size=100 if self.hal else 15, strict=not self.hal)
        self.settings = {10: "511" if self.hal else "1", 30: "1000", 31: "0", 32: "1" if laser else "0"}
        self.alarm: int | None = None
        self.silent = False
        self._dialect, self._name = dialect, name
        self._door = False
        self._held_at: float | None = None
        self._lines: deque[tuple[str, bool]] = deque()
        self._partial = bytearray()
        self._out = bytearray()
        self._now: float | None = None
        self._wco, self._ovr, self._told = 0, 0, ""
        self._boot()

    # --- what it hears and says ---------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes: real-time ones act at once, wherever they stand."""
        self._advance(now)
        for byte in data:
            if byte in REALTIME:
                self._realtime(byte)
            elif byte in b"\r\n":
                if self._partial:
                    self._lines.append((self._partial.decode("latin-1"), True))
                self._partial.clear()
            elif len(self._partial) < 255:
                self._partial.append(byte)

    def tick(self, now: float) -> bytes:
        """Move on to ``now`` and give what there is to say; nothing while told to be silent."""
        self._advance(now)
        said = bytes(self._out)
        self._out.clear()
        return b"" if self.silent else said

    def load(self, lines: Iterable[str]) -> None:
        """Run a job from the machine's own memory card: nobody on the cable sees its lines or their answers."""
        self._lines += ((line, False) for line in lines)

    # --- failing on demand --------------------------------------------------------------------------------------------

    def fail(self, alarm: int = 1) -> None:
        """Stop with an alarm; after 1 and 2 nothing is answered until a reset."""
        self.alarm = alarm
        self._say(f"ALARM:{alarm}")
        if alarm in (1, 2):
            self._say("[MSG:Reset to continue]")
        self._stop()

    def reset(self) -> None:
        """What the byte 0x18 does, and the reset button, and DTR."""
        if self.state in ("Run", "Hold") and self.alarm is None:
            self.fail(3)
        self._stop()
        self._boot()
        if self.alarm is not None:
            self.alarm = 0
            self._say("[MSG:'$H'|'$X' to unlock]")

    def power_cycle(self) -> None:
        """Forget everything and start."""
        self._stop()
        self.alarm = None
        self._out.clear()
        self._boot()

    def babble(self, data: bytes) -> None:
        """Say these bytes, whatever they are."""
        self._out += data

    # --- inside -------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """The word that a status report begins with, without its substate."""
        if self.alarm is not None:
            return "Alarm"
        if self._door:
            return "Door"
        if self._held_at is not None:
            return "Hold"
        return "Run" if self.planner.moves and not self.planner.moves[0].dwell else "Idle"

    def _say(self, line: str) -> None:
        self._out += line.encode() + b"\r\n"

    def _boot(self) -> None:
        self._out += BANNERS[self._dialect].encode()
        self._wco, self._ovr, self._told = 0, 0, "?"

    def _stop(self) -> None:
        self._lines.clear()
        self._partial.clear()
        self.planner.clear()
        self._door, self._held_at = False, None

    def _advance(self, now: float) -> None:
        """Take lines and move, in steps so short that a line taken late does not move late."""
        if self._now is None:
            self._now = now
        while True:
            self._take_lines()
            busy = bool(self.planner.moves) and self.state in ("Run", "Idle")
            step = min(0.02 if busy else now - self._now, now - self._now)
            if step <= 0:
                return
            self._now += step
            if busy:
                self.planner.advance(step)

    def _take_lines(self) -> None:
        while self._lines and self.alarm not in (1, 2) and not self._door and self._held_at is None:
            line, heard = self._lines[0]
            error = self._system(line.strip()) if line.lstrip().startswith("$") else self._gcode(line)
            if error is None:
                return
            self._lines.popleft()
            if heard:
                self._say(f"error:{error}" if error else "ok")

    def _gcode(self, line: str) -> int | None:
        return 9 if self.alarm is not None else self.planner.submit(line)

    def _system(self, line: str) -> int | None:
        command = line.upper()
        number, _, value = command[1:].partition("=")
        if command == "$X":
            if self.alarm is not None:
                self._say("[MSG:Caution: Unlocked]")
            self.alarm = None
        elif command == "$I":
            self._out += INFO[self._dialect].format(name=self._name).encode()
        elif command == "$G":
            self._say("[GC:G0 G54 G17 G21 G90 G94 M5 M9 T0 F0 S0]")
        elif command == "$H":
            return 5
        elif self.state not in ("Idle", "Alarm"):
            return 8
        elif command == "$$":
            for key, setting in self.settings.items():
                self._say(f"${key}={setting}")
        elif number.isdecimal() and len(number) < 4 and value:
            self.settings[int(number)] = value
        else:
            return 3 if self.hal else 2
        return 0

    def _realtime(self, byte: int) -> None:
        if byte == 0x18:
            self.reset()
        elif self.alarm in (1, 2):
            return
        elif byte == ord("?"):
            self._say(self._status())
        elif byte == ord("!") and self.state == "Run":
            self._held_at = self._now
        elif byte == 0x84 and self.alarm is None and not self._door:
            self._door, self._held_at = True, self._now
            self._say("[MSG:Check Door]")
        elif byte == ord("~") and self._substate() == 0:
            self._door, self._held_at = False, None
            self._say(RESTORING[self._dialect])

    def _substate(self) -> int | None:
        if self._held_at is None or self._now is None:
            return None
        if self._now - self._held_at > HOLD_S:
            return 0
        return (2 if self.hal else 0) if self._door else 1

    def _power(self, speed: float) -> float:
        """S as the status report gives it: the beam's present power on Grbl, the programmed one on grblHAL."""
        modal, moves = self.planner.modal, self.planner.moves
        move = moves[0] if moves else self.planner.last
        mode, power = (move.mode, move.power) if move and moves else (modal.mode, modal.power)
        if not mode:
            return 0.0
        if self.hal or self.settings.get(32) == "0":
            return power
        if self._held_at is not None or move is None or move.rapid:
            return 0.0
        if mode == "S":
            return power
        return power * speed / move.rate if moves and move.rate else 0.0

    def _status(self) -> str:
        (x, y, z), speed = self.planner.now()
        moving = self.state == "Run"
        speed = speed if moving else 0.0
        substate = self._substate()
        parts = [self.state + (f":{substate}" if substate is not None else ""), f"MPos:{x:.3f},{y:.3f},{z:.3f}"]
        if self.hal:
            parts.append(f"Bf:{self.planner.size - len(self.planner.moves)},1023")
        parts.append(f"FS:{speed * 60:.0f},{self._power(speed):.0f}")
        return f"<{'|'.join(parts + self._now_and_then(busy=moving))}>"

    def _now_and_then(self, *, busy: bool) -> list[str]:
        """The fields that come with every tenth to thirtieth report only."""
        mode = self.planner.moves[0].mode if self.planner.moves else self.planner.modal.mode
        extra = []
        if self._wco > 0:
            self._wco -= 1
        else:
            self._wco, self._ovr = 29 if busy else 9, self._ovr or 1
            extra.append("WCO:0.000,0.000,0.000")
        told = f"A:{mode}"
        if self._ovr > 0:
            self._ovr -= 1
            if self.hal and told != self._told:
                extra.append(told)
        else:
            self._ovr = 19 if busy else 9
            extra += ["Ov:100,100,100", *([told] if mode else [])]
        self._told = told
        return extra
