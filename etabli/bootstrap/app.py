"""Settings -> running app: everything in one process (`run`), or each part by itself."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from etabli.bootstrap import web as web_part
from etabli.bootstrap.bridges import Bridges, add_bridges
from etabli.bootstrap.gateway import Gateway
from etabli.bootstrap.lab import put_lab
from etabli.bootstrap.parts import (
    Basis,
    Broker,
    basis,
    embedded_broker,
    external_broker,
    on_sqlite,
    open_bus,
    open_series,
    open_store,
    ready_store,
    refuse_apart,
)
from etabli.bootstrap.setup import FileSetup
from etabli.settings.models import Settings
from etabli.supervisor import Supervisor
from etabli.words import Sentence
from gateway.ports.bus import Bus
from gateway.ports.errors import BadConfiguration, BusUnavailable
from gateway.ports.store import Store

READY_S = 20.0
GATEWAYS = "gateways"
"""The group in which several gateways share the facts."""

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class App:
    """A running Établi, or one about to run."""

    supervisor: Supervisor
    basis: Basis
    broker: Broker | None = None
    bus: Bus | None = None
    store: Store | None = None
    gateway: Gateway | None = None
    web: web_part.Web | None = None
    bridges: Bridges | None = None

    def start(self) -> None:
        """Start every worker; returns once pages are answered."""
        self.supervisor.start()
        deadline = time.monotonic() + READY_S
        while self.web is not None and not self.web.started and not self.supervisor.stopping.is_set():
            if time.monotonic() > deadline:
                raise BusUnavailable(f"the pages did not start within {READY_S:.0f} s; the log says why")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop everything and let go of it."""
        self.supervisor.stop()


def run_app(
    settings: Settings, *, prepare: Callable[[Basis, Store], None] | None = None, demo: bool = False,
    embed: Callable[[Basis, Supervisor], Broker] | None = None, doors: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> App:  # fmt: skip
    """Everything in one process. ``prepare`` is called with the store once the lab stands in it.

    ``file`` is where the settings stand, if machines may be added to it from the browser. ``doors`` are the demo's: who is signed in at once by which secret; ``prepare`` may fill them.
    """
    base, supervisor = basis(settings), Supervisor()
    held = base.folder.hold()
    supervisor.on_close("lock", held.release)
    try:
        return _assemble(base, supervisor, prepare, demo, embed or _embedded, doors, file)
    except BaseException:
        supervisor.stop()
        raise


def _assemble(
    base: Basis, supervisor: Supervisor, prepare: Callable[[Basis, Store], None] | None, demo: bool,
    embed: Callable[[Basis, Supervisor], Broker], doors: Mapping[str, str] | None, file: Path | None,
) -> App:  # fmt: skip
    settings = base.settings
    sock = web_part.claim(settings)
    supervisor.on_close("web port", sock.close)
    broker = embed(base, supervisor) if settings.broker.mode == "embedded" else external_broker(settings)
    store = ready_store(settings)
    supervisor.on_close("store", store.close)
    put_lab(store, settings, base.ids)
    if prepare is not None:
        prepare(base, store)
    bus = open_bus(broker, name=f"etabli-{base.site}-gateway")
    supervisor.on_close("bus", bus.close)
    app = App(supervisor=supervisor, basis=base, broker=broker, bus=bus, store=store)
    app.gateway = Gateway(base, store, bus, supervisor, group=None)
    app.bridges = add_bridges(supervisor, base, broker, settings.devices)
    pings = web_part.pings_of(supervisor, store, bus)
    app.web = web_part.add_web(
        supervisor, base, sock, store, bus, app.gateway.deliver, pings=pings, series=app.gateway.series, demo=demo,
        doors=doors, hour=app.gateway.hour, setup=FileSetup(base, store, file=file, bridges=lambda: app.bridges),
    )  # fmt: skip
    return app


def _embedded(base: Basis, supervisor: Supervisor) -> Broker:
    """A broker of our own, stopped last."""
    broker, found = embedded_broker(base)
    supervisor.on_close("broker", broker.stop)
    return found


def gateway_app(settings: Settings) -> App:
    """The gateway alone: one of several, on PostgreSQL and a broker of its own."""
    refuse_apart(settings, "gateway")
    if settings.broker.mode == "embedded":
        raise _needs_external("gateway")
    base, supervisor = basis(settings), Supervisor()
    store = ready_store(settings)
    supervisor.on_close("store", store.close)
    put_lab(store, settings, base.ids)
    broker = external_broker(settings)
    bus = open_bus(broker, name=f"etabli-{base.site}-gateway-{base.ids.new()[-8:]}")
    supervisor.on_close("bus", bus.close)
    app = App(supervisor=supervisor, basis=base, broker=broker, bus=bus, store=store)
    app.gateway = Gateway(base, store, bus, supervisor, group=GATEWAYS if broker.protocol == 5 else None)
    if settings.gateway.health_port is not None:
        from etabli.bootstrap.health import add_health

        add_health(
            supervisor, settings.gateway.health_port, web_part.pings_of(supervisor, store, bus), app.gateway.consumer
        )
    return app


def dashboard_app(settings: Settings) -> App:
    """The pages alone: one of several."""
    from gateway.service.deliver import Deliver

    refuse_apart(settings, "dashboard")
    base, supervisor = basis(settings), Supervisor()
    sock = web_part.claim(settings)
    supervisor.on_close("web port", sock.close)
    store = open_store(settings)
    supervisor.on_close("store", store.close)
    store.check()
    broker = external_broker(settings)
    bus = open_bus(broker, name=f"etabli-{base.site}-dashboard-{base.ids.new()[-8:]}")
    supervisor.on_close("bus", bus.close)
    deliver = Deliver(store=store, bus=bus, clock=base.clock, ids=base.ids, site=base.site)
    series = open_series(settings)
    supervisor.on_close("series", series.close)
    app = App(supervisor=supervisor, basis=base, broker=broker, bus=bus, store=store)
    app.web = web_part.add_web(
        supervisor, base, sock, store, bus, deliver, pings=web_part.pings_of(supervisor, store, bus), series=series,
        setup=FileSetup(base, store, file=None, bridges=lambda: None),
    )  # fmt: skip
    return app


def bridge_app(settings: Settings, name: str) -> App:
    """One bridge alone, next to its cable."""
    device = next((each for each in settings.devices if each.slug == name), None)
    if device is None or device.bridge is None:
        known = ", ".join(each.slug for each in settings.devices if each.bridge) or "–"
        raise BadConfiguration(
            Sentence(
                f"aucun appareil {name!r} avec un bridge dans etabli.toml ; il y a : {known}",
                f"no device {name!r} with a bridge in etabli.toml; there are: {known}",
            )
        )
    if settings.broker.mode == "embedded":
        raise _needs_external("bridge")
    base, supervisor = basis(settings), Supervisor()
    broker = external_broker(settings)
    app = App(supervisor=supervisor, basis=base, broker=broker)
    app.bridges = add_bridges(supervisor, base, broker, [device], name=name)
    return app


def _needs_external(what: str) -> BadConfiguration:
    """A part that runs by itself meets the others at a broker that none of them owns."""
    return BadConfiguration(
        Sentence(
            f'`etabli {what}` demande un courtier que les autres joignent : broker.mode = "external", et son host',
            f'`etabli {what}` needs a broker that the others reach: broker.mode = "external", and its host',
        )
    )


__all__ = ["App", "bridge_app", "dashboard_app", "gateway_app", "on_sqlite", "run_app"]
