"""The bridges of one process: one connection, one outbox, one courier, and a runner for each device."""

import threading
from collections.abc import Sequence
from functools import partial

from pydantic import ValidationError

from etabli.bootstrap.folder import device_key
from etabli.bootstrap.parts import Basis, Broker, open_bus
from etabli.settings.models import DeviceSettings
from etabli.settings.problems import Misconfigured, Problem, expected, with_value
from etabli.supervisor import Supervisor
from firmware_bridges import registry
from firmware_bridges.bridge import Bridge, BridgeContext
from firmware_bridges.courier import Courier, last_will
from firmware_bridges.outbox import Outbox
from firmware_bridges.runner import BridgeRunner
from gateway.ports.bus import Bus

STAGE = 2
STOP_S = 2.0


class Bridges:
    """Everything between the devices of this process and the broker."""

    def __init__(self, base: Basis, broker: Broker, devices: Sequence[DeviceSettings], *, name: str) -> None:
        # One will speaks for one device. Several devices of one process turn stale when it dies.
        will = last_will(site=base.site, device=devices[0].slug) if len(devices) == 1 else None
        self.bus: Bus = open_bus(broker, name=f"etabli-{base.site}-{name}", will=will)
        self.outbox = Outbox(base.folder.outboxes / f"{name}.db")
        keys = {each.slug: device_key(each.key_file) for each in devices if each.key_file}
        self.courier = Courier(self.bus, self.outbox, base.site, base.clock, device_keys=keys)
        self.runners = tuple(self._runner(base, device) for device in devices)
        self._changing = threading.Lock()
        self._running = False

    def add(self, base: Basis, device: DeviceSettings) -> None:
        """One more device, reached from now on."""
        runner = self._runner(base, device)
        with self._changing:
            self.runners += (runner,)
            if self._running:
                runner.start()

    def _runner(self, base: Basis, device: DeviceSettings) -> BridgeRunner:
        context = BridgeContext(
            site=base.site, device=device.slug, bus=self.bus, clock=base.clock, ids=base.ids,
            hash_badge=base.hash_badge, hide_card=base.hide_card,
        )  # fmt: skip
        return BridgeRunner(
            device.slug, made(device, context), context, self.courier.reporter(device.slug),
            presence=partial(self.courier.set_online, device.slug),
        )  # fmt: skip

    def run(self, stop: threading.Event) -> None:
        """Reach the devices until ``stop``; then let go of all of them at once."""
        self.courier.start()
        with self._changing:
            self._running = True
            for runner in self.runners:
                runner.start()
        stop.wait()
        with self._changing:
            self._running, runners = False, self.runners
        leaving = [threading.Thread(target=each.stop, args=(STOP_S,), name=f"leave-{each.name}") for each in runners]
        for thread in leaving:
            thread.start()
        for thread in leaving:
            thread.join()
        self.courier.stop()

    @property
    def alive(self) -> bool:
        """Whether every bridge's thread runs, and what they say can be kept."""
        return self.outbox.usable() and all(runner.alive for runner in self.runners)

    def close(self) -> None:
        """Let go of the broker and the file."""
        self.bus.close()
        self.outbox.close()


def made(device: DeviceSettings, context: BridgeContext) -> Bridge:
    """The bridge of one device; Misconfigured when its own settings are wrong."""
    assert device.bridge is not None
    model, build = registry.load(device.bridge)
    try:
        settings = model.model_validate(device.settings)
    except ValidationError as error:
        raise Misconfigured(
            tuple(_problem(device, one) for one in error.errors(include_url=False)), "etabli.toml"
        ) from None
    return build(context, settings)


def _problem(device: DeviceSettings, error: "object") -> Problem:
    told = dict(error)  # type: ignore[call-overload]
    where = ".".join(str(step) for step in told["loc"])
    key = f"devices.{device.slug}.settings" + (f".{where}" if where else "")
    return Problem(key=with_value(key, told.get("input")), says=expected(told))


def add_bridges(
    supervisor: Supervisor, base: Basis, broker: Broker, devices: Sequence[DeviceSettings], *, name: str = "bridges"
) -> Bridges:
    """The bridges under the supervisor; where the settings name none yet, one may be added while we run."""
    reached = [device for device in devices if device.bridge is not None]
    bridges = Bridges(base, broker, reached, name=name)
    supervisor.on_close(name, bridges.close)
    supervisor.add(name, bridges.run, stage=STAGE, ping=lambda: bridges.alive)
    return bridges
