"""What people do at a machine of the demo: start, pause, resume, cancel; and how it fails and is mended."""

from collections.abc import Callable

from devices.simulated.grbl import SimulatedGrbl
from devices.simulated.octoprint import SimulatedOctoPrint
from etabli.demo.lab import Station
from etabli.demo.stage import Stage

FEED_MM_S = 20.0
STROKE_MM = 40.0
FILAMENT_MM_S = 60.0


class Machines:
    """The hands at the machines."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def start(self, station: Station, name: str, seconds: float, owner: str) -> bool:
        """Start a job; False when the machine is not free."""
        slug = station.slug
        if slug in self._stage.printers:
            filament = seconds * FILAMENT_MM_S
            return self._stage.printers[slug].do(
                lambda twin, now: twin.print_file(name, seconds, now=now, owner=owner.lower(), filament_mm=filament)
            )
        controller = self._stage.controllers.get(slug)
        if controller is None or controller.device.state != "Idle":
            return False
        controller.do(lambda twin, _now: twin.load(strokes(seconds)))
        return True

    def pause(self, station: Station) -> None:
        """Pause its job."""
        self._act(station, SimulatedOctoPrint.pause, b"!")

    def resume(self, station: Station) -> None:
        """Let it go on."""
        self._act(station, SimulatedOctoPrint.resume, b"~")

    def cancel(self, station: Station) -> None:
        """Give its job up."""
        if station.slug in self._stage.printers:
            self._stage.printers[station.slug].do(SimulatedOctoPrint.cancel)
            return
        controller = self._stage.controllers.get(station.slug)
        if controller is not None:
            controller.do(reset_and_unlock)

    def fail(self, station: Station) -> None:
        """Let it fail in mid-job."""
        if station.slug in self._stage.printers:
            self._stage.printers[station.slug].do(SimulatedOctoPrint.drop)
        elif station.slug in self._stage.controllers:
            self._stage.controllers[station.slug].do(lambda twin, _now: twin.fail(1))

    def mend(self, station: Station) -> None:
        """Put it right again."""
        if station.slug in self._stage.printers:
            self._stage.printers[station.slug].do(SimulatedOctoPrint.connect)
        elif station.slug in self._stage.controllers:
            self._stage.controllers[station.slug].do(reset_and_unlock)

    def _act(self, station: Station, verb: Callable[[SimulatedOctoPrint, float], bool], realtime: bytes) -> None:
        if station.slug in self._stage.printers:
            self._stage.printers[station.slug].do(verb)
        elif station.slug in self._stage.controllers:
            self._stage.controllers[station.slug].do(lambda twin, now: twin.receive(realtime, now))


def reset_and_unlock(twin: SimulatedGrbl, now: float) -> None:
    """What a person does after an alarm: the reset button, then unlock."""
    twin.receive(b"\x18", now)
    twin.receive(b"$X\n", now)


def strokes(seconds: float) -> list[str]:
    """A program that cuts to and fro for so long."""
    count = max(2, round(seconds * FEED_MM_S / STROKE_MM))
    lines = ["G21", "G91", "M4 S400"]
    lines += [f"G1 X{STROKE_MM if number % 2 == 0 else -STROKE_MM} F{FEED_MM_S * 60:.0f}" for number in range(count)]
    return [*lines, "M5", "G90"]
