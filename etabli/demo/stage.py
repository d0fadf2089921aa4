"""The demo's machines: twins on real ptys, HTTP and MQTT topics, and the settings that lead real bridges to them."""

import contextlib
import secrets
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from devices.relay import relay
from devices.simulated.badge_reader import SimulatedBadgeReader
from devices.simulated.grbl import SimulatedGrbl
from devices.simulated.relay import SimulatedRelay
from devices.topics import ROOT
from etabli.bootstrap import Broker, open_bus
from etabli.demo import lab
from etabli.demo.lab import Station
from etabli.settings.models import (
    BrokerSettings,
    DataSettings,
    DeviceSettings,
    GroupSettings,
    LabSettings,
    ResourceSettings,
    Settings,
    TrainingSettings,
    WebSettings,
)
from firmware_bridges.twins.node_on_the_bus import NodeOnTheBus
from firmware_bridges.twins.octoprint_server import OctoPrintServer
from firmware_bridges.twins.pty import PtyTwin
from firmware_bridges.twins.relay_topics import RelayOnTheBus
from gateway.adapters.clock import SystemClock
from gateway.adapters.ids import TimeOrderedIds
from gateway.ports.bus import Bus

READER_TICK_S, GRBL_TICK_S, PLUG_TICK_S = 0.1, 0.05, 0.25


class Stage:
    """Every simulated device of the demo, by the slug of its place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._clock = SystemClock()
        self._bus: Bus | None = None
        self.readers: dict[str, PtyTwin[SimulatedBadgeReader]] = {}
        self.shared: dict[str, PtyTwin[SimulatedBadgeReader]] = {}
        """The reader of the kiosk, and that of the door."""
        self.controllers: dict[str, PtyTwin[SimulatedGrbl]] = {}
        self.printers: dict[str, OctoPrintServer] = {}
        self.plugs: dict[str, RelayOnTheBus] = {}
        self.nodes: dict[str, NodeOnTheBus] = {}

    def plug_in(self) -> None:
        """Start everything that hangs on a cable or has an address of its own."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self.shared = {name: self._reader(name) for name in (lab.KIOSK_READER, lab.DOOR_READER)}
        for station in lab.STATIONS:
            if station.node:
                continue
            self.readers[station.slug] = self._reader(f"{station.slug}-lecteur")
            if station.machine == "octoprint":
                printer = OctoPrintServer(self._clock)
                printer.start()
                self.printers[station.slug] = printer
            elif station.machine is not None:
                twin = SimulatedGrbl(dialect=station.machine, laser=station.slug == "laser", name=station.slug)
                controller = PtyTwin(twin, self._folder / f"{station.slug}-grbl", self._clock, tick_s=GRBL_TICK_S)
                controller.start()
                self.controllers[station.slug] = controller

    def _reader(self, name: str) -> PtyTwin[SimulatedBadgeReader]:
        reader = PtyTwin(SimulatedBadgeReader("rdm6300"), self._folder / name, self._clock, tick_s=READER_TICK_S)
        reader.start()
        return reader

    def switch_on(self, broker: Broker, badge_key: Path) -> None:
        """Put the plugs and nodes on the broker, as soon as there is one."""
        self._bus = open_bus(broker, name="prises-de-l-atelier", patient=False)
        for station in lab.STATIONS:
            if station.node:
                self.nodes[station.slug] = self._node(station, badge_key)
            if station.plug is None:
                continue
            channel = "relay" if station.plug == "esphome" else ""
            told = relay(
                station.plug, station.slug, channel=channel, reply_to=f"{ROOT}/{lab.SLUG}/{station.slug}-prise"
            )
            plug = RelayOnTheBus(
                self._bus, self._clock, SimulatedRelay(told, load_w=station.watts, telemetry_s=10.0),
                tick_s=PLUG_TICK_S,
            )  # fmt: skip
            plug.start()
            self.plugs[station.slug] = plug

    def _node(self, station: Station, badge_key: Path) -> NodeOnTheBus:
        assert self._bus is not None
        node = NodeOnTheBus(
            self._bus, self._clock, TimeOrderedIds(), site=lab.SLUG, device=f"{station.slug}-noeud",
            key=bytes.fromhex(self._node_key(station).read_text()), badge_key=bytes.fromhex(badge_key.read_text()),
        )  # fmt: skip
        node.start()
        return node

    def present(self, station: Station, badge: bytes) -> None:
        """Somebody holds a badge to what reads it there."""
        node = self.nodes.get(station.slug)
        if node is not None:
            node.do(lambda twin, now: twin.present(f"em:{badge.hex().upper()}", now))
        else:
            self.readers[station.slug].do(lambda reader, now: reader.hold(badge, now, seconds=0.5))

    def pass_by(self, reader: str, badge: bytes) -> None:
        """Somebody holds a badge to the reader of the kiosk, or at the door."""
        self.shared[reader].do(lambda twin, now: twin.hold(badge, now, seconds=0.5))

    def powered(self, station: Station) -> bool:
        """Whether it has current; what nothing switches always has."""
        node, plug = self.nodes.get(station.slug), self.plugs.get(station.slug)
        return node.twin.contact if node is not None else plug is None or plug.twin.on

    def stop(self) -> None:
        """Pull every cable."""
        ends: list[Callable[[], None]] = [plug.stop for plug in self.plugs.values()]
        ends += [node.stop for node in self.nodes.values()]
        ends += [printer.stop for printer in self.printers.values()]
        ends += [controller.stop for controller in self.controllers.values()]
        ends += [reader.stop for reader in (*self.readers.values(), *self.shared.values())]
        # All at once: each waits for its own thread.
        leaving = [threading.Thread(target=_quietly, args=(end,), name="twin-leaves", daemon=True) for end in ends]
        for thread in leaving:
            thread.start()
        for thread in leaving:
            thread.join(timeout=2)
        if self._bus is not None:
            self._bus.close()

    def _key_file(self) -> Path:
        """The printers' key, as any secret: in a file of its own."""
        file = self._folder / "octoprint.key"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text("simulated")
        return file

    def _node_key(self, station: Station) -> Path:
        file = self._folder / f"{station.slug}-noeud.key"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_hex(32))
        return file

    def settings(self, *, data: Path, host: str, port: int, broker: BrokerSettings) -> Settings:
        """The configuration of this lab, as `etabli.toml` would give it."""
        return Settings(
            lab=LabSettings(slug=lab.SLUG, name=lab.NAME),
            data=DataSettings(directory=data),
            web=WebSettings(host=host, port=port),
            broker=broker,
            trainings=tuple(map(TrainingSettings.model_validate, lab.TRAININGS)),
            groups=tuple(map(GroupSettings.model_validate, lab.GROUPS)),
            resources=tuple(resource_settings(station) for station in lab.STATIONS),
            devices=(*(device for station in lab.STATIONS for device in self._devices(station)), *self._shared()),
        )

    def _shared(self) -> Iterator[DeviceSettings]:
        """The kiosk of several machines, and the door."""
        told: dict[str, dict[str, Any]] = {
            lab.KIOSK_READER: {"role": "kiosk", "resources": lab.SERVED}, lab.DOOR_READER: {"role": "place"},
        }  # fmt: skip
        for name, more in told.items():
            more |= {"slug": name, "bridge": "badge-reader-serial", "settings": {"port": str(self.shared[name].link)}}
            yield DeviceSettings.model_validate(more)

    def _devices(self, station: Station) -> list[DeviceSettings]:
        if station.node:
            node = _device(station, "noeud", "node", None)
            return [node.model_copy(update={"key_file": self._node_key(station)})]
        found = [
            _device(station, "lecteur", "reader", "badge-reader-serial", port=str(self.readers[station.slug].link))
        ]
        if station.plug is not None:
            channel = "relay" if station.plug == "esphome" else ""
            found.append(
                _device(
                    station, "prise", "interlock", "relay-mqtt", dialect=station.plug, name=station.slug,
                    channel=channel, ask_every_s=10.0,
                )
            )  # fmt: skip
        if station.slug in self.printers:
            found.append(
                _device(
                    station,
                    "machine",
                    "machine",
                    "octoprint-http",
                    url=self.printers[station.slug].url,
                    snapshot=self.printers[station.slug].snapshot,
                    key_file=str(self._key_file()),
                )
            )
        elif station.slug in self.controllers:
            link = str(self.controllers[station.slug].link)
            found.append(_device(station, "machine", "machine", "grbl-serial", port=link, keep_job_s=20.0))
        return found


def _quietly(end: Callable[[], None]) -> None:
    # One twin that will not end must not keep the next from ending.
    with contextlib.suppress(Exception):
        end()


def resource_settings(station: Station) -> ResourceSettings:
    """A place as `etabli.toml` would give it."""
    return ResourceSettings.model_validate(
        {
            "slug": station.slug, "names": {"fr": station.fr, "en": station.en}, "kind": station.kind,
            "trainings": station.place.trainings, "ceiling_hours": station.ceiling_hours,
            "forgotten_minutes": station.forgotten_minutes, "reservation_required": station.reservation_required,
            "group": station.group,
        }
    )  # fmt: skip


def _device(station: Station, suffix: str, role: str, bridge: str | None, **settings: Any) -> DeviceSettings:
    return DeviceSettings.model_validate(
        {
            "slug": f"{station.slug}-{suffix}", "resource": station.slug, "role": role, "bridge": bridge,
            "settings": settings,
        }
    )  # fmt: skip
