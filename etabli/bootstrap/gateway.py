"""The gateway's workers: hear devices, decide, deliver, sweep, keep the series."""

import logging
import threading
from datetime import datetime, timedelta
from functools import partial

from devices.messages import Sample
from etabli.bootstrap.notify import add_notify
from etabli.bootstrap.parts import Basis, device_keys, open_influx, open_series
from etabli.supervisor import Supervisor
from gateway.ports.bus import Bus
from gateway.ports.errors import BusUnavailable, EtabliError, SeriesUnavailable
from gateway.ports.store import Store
from gateway.ports.timeseries import TimeSeries
from gateway.service.arrivals_sweep import ArrivalsSweeper
from gateway.service.consume import Consumer
from gateway.service.deliver import Deliver
from gateway.service.hour import Hour
from gateway.service.node_lists import NodeLists
from gateway.service.series import SampleBuffer, SeriesSink, points_of_sample
from gateway.service.sweeps import Sweeper
from gateway.service.transact import Transact
from gateway.service.workshops_sweep import WorkshopSweeper

FLUSH_S = 2.0
KEEP_HOUSE_S = 300.0
UNPLACED_S = 10.0
"""How soon it is looked up again whether a device without a resource has got one."""
STAGE = 1

_log = logging.getLogger(__name__)


class Gateway:
    """The gateway, built and put under the supervisor."""

    def __init__(self, basis: Basis, store: Store, bus: Bus, supervisor: Supervisor, *, group: str | None) -> None:
        self.basis, self.store, self.bus = basis, store, bus
        keys, nodes = device_keys(basis), {each.slug for each in basis.settings.devices if each.role == "node"}
        self.deliver = Deliver(
            store=store, bus=bus, clock=basis.clock, ids=basis.ids, site=basis.site,
            keys=lambda slug: keys(slug) if slug in nodes else None,
        )  # fmt: skip
        # Several gateways have a clock each, and what one of them writes is not for another to move.
        self.hour = Hour(store=store, clock=basis.clock) if group is None else None
        self.node_lists = NodeLists(
            store=store, clock=basis.clock, deliver=self.deliver, site=basis.site,
            believed=lambda: self.hour is None or self.hour.doubt is None,
            signs=lambda slug: slug in nodes and keys(slug) is not None,
        )  # fmt: skip
        self.series = open_series(basis.settings)
        supervisor.on_close("series", self.series.close)
        influx = open_influx(basis.settings)
        self._every_series: dict[str, TimeSeries] = {"series": self.series}
        if influx is not None:
            self._every_series["influx"] = influx
            supervisor.on_close("influx", influx.close)
        self.samples = Samples(basis, store, tuple(self._every_series.values()))
        self.consumer = Consumer(
            store=store,
            bus=bus,
            clock=basis.clock,
            ids=basis.ids,
            site=basis.site,
            deliver=self.deliver,
            keys=keys,
            on_sample=self.samples.take,
            on_ask=self.node_lists.asked,
            cards=basis.card_keys(),
            hour=self.hour,
            group=group,
        )
        self.sweeper = Sweeper(
            store=store, clock=basis.clock, ids=basis.ids, deliver=self.deliver, heard=lambda: self.consumer.heard,
            hour=self.hour,
        )  # fmt: skip
        transact = Transact(store=store, clock=basis.clock, deliver=self.deliver)
        self.workshops = WorkshopSweeper(store=store, clock=basis.clock, transact=transact)
        self.arrivals = ArrivalsSweeper(clock=basis.clock, transact=transact)
        self._supervise(supervisor)
        add_notify(supervisor, basis, store, self.deliver)

    def _supervise(self, supervisor: Supervisor) -> None:
        supervisor.add("consume", self._consume, stage=STAGE, ping=self._hears_and_keeps)
        supervisor.add("sweeps", self.sweeper.run, stage=STAGE)
        supervisor.add("workshops", self.workshops.run, stage=STAGE)
        supervisor.add("arrivals", self.arrivals.run, stage=STAGE)
        supervisor.add("node-lists", self.node_lists.run, stage=STAGE)
        supervisor.add("samples", self.samples.run, stage=STAGE)
        for name, series in self._every_series.items():
            supervisor.add(f"sink-{name}", partial(self.deliver.run_sink, SeriesSink(series, name)), stage=STAGE)
        supervisor.add("series-house", self._keep_house, stage=STAGE)

    def _hears_and_keeps(self) -> bool:
        return self.bus.connected and self.consumer.trouble is None

    def _consume(self, stop: threading.Event) -> None:
        try:
            self.consumer.listen()
        except BusUnavailable as error:
            # The subscription stands and is made when the broker is back; meanwhile gaps are looked after.
            _log.warning("%s", error)
        self.consumer.run(stop)

    def _keep_house(self, stop: threading.Event) -> None:
        """Roll up what is due and forget single readings that are too old."""
        keep = timedelta(days=self.basis.settings.series.retention_days)
        while not stop.wait(KEEP_HOUSE_S):
            now = self.basis.clock.now()
            roll_up, trim = getattr(self.series, "roll_up", None), getattr(self.series, "trim", None)
            if roll_up is not None and trim is not None:
                roll_up(now)
                trim(now - keep)


class Samples:
    """Readings on their way to every series; a device's resource is looked up and remembered for a while."""

    def __init__(self, basis: Basis, store: Store, series: tuple[TimeSeries, ...]) -> None:
        self._basis, self._store = basis, store
        self._buffers = tuple(SampleBuffer(each) for each in series)
        self._places: dict[str, tuple[str | None, str | None]] = {}
        self._known_at = float("-inf")
        self._complained = False

    def take(self, device: str, sample: Sample, at: datetime) -> None:
        """Take one reading; never waits for a series."""
        resource, kind = self._place(device)
        points = points_of_sample(sample, at=at, site=self._basis.site, resource=resource, device=device, kind=kind)
        for buffer in self._buffers:
            buffer.add(points)

    def _place(self, device: str) -> tuple[str | None, str | None]:
        now = self._basis.clock.monotonic()
        if now - self._known_at > (KEEP_HOUSE_S if device in self._places else UNPLACED_S):
            self._known_at = now
            try:
                floor = self._store.views().floor(self._basis.clock.now())
            except EtabliError:
                floor = None
            if floor is not None:
                self._places = {
                    d.slug: (view.resource.slug, str(view.resource.kind)) for view in floor for d in view.devices
                }
        return self._places.get(device, (None, None))

    def run(self, stop: threading.Event) -> None:
        """Write what waits, every two seconds and once more at the end."""
        while not stop.wait(FLUSH_S):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        for buffer in self._buffers:
            try:
                buffer.flush()
                self._complained = False
            except SeriesUnavailable as error:
                if not self._complained:
                    _log.warning("readings wait for their series: %s", error)
                self._complained = True
