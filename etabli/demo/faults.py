"""What goes wrong in the demo, and rights itself after a while."""

import random
from collections.abc import Callable

from devices.simulated.octoprint import SimulatedOctoPrint
from devices.simulated.relay import SimulatedRelay
from etabli.demo.machines import reset_and_unlock
from etabli.demo.stage import Stage

Soon = Callable[[float, Callable[[], None]], None]


class Faults:
    """One mishap at a time, each with its end."""

    def __init__(self, stage: Stage, chance: random.Random, soon: Soon) -> None:
        self._stage, self._chance, self._soon = stage, chance, soon
        self._kinds = (
            self._printer_falls_silent, self._plug_leaves, self._controller_alarms, self._reader_babbles,
            self._reader_unplugged, self._controller_unplugged, self._node_left_alone,
        )  # fmt: skip
        self._turn = 0

    def one(self) -> None:
        """The next mishap, each kind in turn."""
        kind = self._kinds[self._turn % len(self._kinds)]
        self._turn += 1
        kind()

    def _printer_falls_silent(self) -> None:
        """The computer of a printer is restarted, or its cable falls out."""
        twin = self._stage.printers[self._chance.choice(sorted(self._stage.printers))]
        twin.do(SimulatedOctoPrint.drop)
        self._soon(14.0, lambda: twin.do(SimulatedOctoPrint.connect))

    def _plug_leaves(self) -> None:
        """A plug loses the network."""
        plug = self._stage.plugs[self._chance.choice(sorted(self._stage.plugs))]
        plug.do(SimulatedRelay.vanish)
        self._soon(16.0, lambda: plug.do(SimulatedRelay.come_back))

    def _controller_alarms(self) -> None:
        """A machine runs into its limit switch."""
        controller = self._stage.controllers[self._chance.choice(sorted(self._stage.controllers))]
        controller.do(lambda twin, _now: twin.fail(1))
        self._soon(12.0, lambda: controller.do(reset_and_unlock))

    def _reader_babbles(self) -> None:
        """A bad cable: bytes that are no badge."""
        reader = self._stage.readers[self._chance.choice(sorted(self._stage.readers))]
        reader.do(lambda twin, _now: twin.babble(b"\x02\xfe\x13zz\x03\x80\x80garbage\r\n"))

    def _reader_unplugged(self) -> None:
        """Someone trips over the cable of a reader."""
        reader = self._stage.readers[self._chance.choice(sorted(self._stage.readers))]
        reader.unplug()
        self._soon(10.0, reader.replug)

    def _node_left_alone(self) -> None:
        """The radio of a node is lost for a while: it decides by its list, and tells afterwards."""
        node = self._stage.nodes[self._chance.choice(sorted(self._stage.nodes))]
        node.leave_network(away=True)
        self._soon(20.0, lambda: node.leave_network(away=False))

    def _controller_unplugged(self) -> None:
        """Someone pulls a machine's USB plug, and puts it back."""
        controller = self._stage.controllers[self._chance.choice(sorted(self._stage.controllers))]
        controller.unplug()
        self._soon(12.0, controller.replug)
