"""The live stream: one reading and one rendering for each change, however many screens are open.

Hints come from the bus in its own thread, are gathered for some milliseconds, and make the resources they name be read
and drawn again once for each channel (a kind of page in a language). Every screen of a channel is handed the same
bytes; one that cannot keep up misses what lies between and gets the latest of each piece.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from dashboard.channels import Channel, Client, Draw, Scene
from dashboard.readings import MOST_READINGS, SHOWN, Reading
from devices import codec, envelope, topics
from devices.messages import Changed, Sample
from devices.topics import Channel as Topic
from gateway.ports.bus import Bus, Delivery
from gateway.ports.clock import Clock
from gateway.ports.errors import BusUnavailable, EtabliError
from gateway.ports.store import Store
from gateway.ports.views import Lab, ResourceView

GATHER_S = 0.004
"""The hints of one commit come together."""
REST_S = 0.03
"""Between two drawings: what a burst brings meanwhile is drawn at once after it."""
TICK_S = 15.0
"""How often states that only time changes are looked at again; also what keeps the connections open."""

_log = logging.getLogger(__name__)


class LiveHub:
    """Everything between the bus and the open screens. Made once; started and stopped with the application."""

    def __init__(self, *, store: Store, bus: Bus | None, clock: Clock, epoch: str) -> None:
        self._store, self._bus, self._clock, self.epoch = store, bus, clock, epoch
        self._channels: dict[tuple[str, ...], Channel] = {}
        self._floor: dict[str, ResourceView] = {}
        self._readings: dict[str, Reading] = {}
        self._lab: Lab | None = None
        self._dirty: set[str] = set()
        self._all_dirty = True
        self._counter = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bell = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._subscribed = False
        self._told = ""
        self._failing = False
        self.stopping = False

    @property
    def mark(self) -> str:
        """Where the stream stands: a page made now asks for what comes after."""
        return f"{self.epoch}-{self._counter}"

    @property
    def clients(self) -> int:
        """How many screens are open."""
        return sum(len(channel.clients) for channel in self._channels.values())

    # Life

    async def start(self) -> None:
        """Listen to the bus and begin to draw."""
        self._loop = asyncio.get_running_loop()
        # A server that is started again has another loop, and what is bound to the old one is of no use there.
        self._bell, self._subscribed, self.stopping = asyncio.Event(), False, False
        self._touch(None)
        self._tasks = [asyncio.create_task(self._draw_for_ever()), asyncio.create_task(self._tick_for_ever())]

    def stop(self) -> None:
        """End every stream now; may be called from any thread, before the server is told to stop."""
        self.stopping = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake_everyone)

    async def close(self) -> None:
        """Stop listening and drawing."""
        self.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._bus is not None:
            await asyncio.to_thread(self._bus.unsubscribe, self._hear)
        self._loop = None

    def _wake_everyone(self) -> None:
        for channel in self._channels.values():
            for client in channel.clients:
                client.bell.set()

    # The bus's side

    def _listen(self) -> None:
        """Subscribe; what went by while we could not hear is made up for by drawing everything again."""
        if self._bus is None or self._subscribed:
            return
        site = self._read_lab().slug
        filters = [(topics.subscription(channel, site=site), 0) for channel in (Topic.LIVE, Topic.SAMPLE)]
        try:
            self._bus.subscribe(filters, self._hear)
        except BusUnavailable as error:
            self._say_once(error)
            return
        self._subscribed = True
        self._bus.on_connection(lambda connected: self._call(self._touch, None) if connected else None)
        self._call(self._touch, None)

    def _say_once(self, error: EtabliError) -> None:
        """Tried every second: the log is told once for each reason."""
        if str(error) != self._told:
            self._told = str(error)
            _log.info("screens are refreshed from time to time only: %s", error)

    def _hear(self, delivery: Delivery) -> None:
        address = topics.parse(delivery.topic)
        if address is None:
            return
        try:
            if address.channel is Topic.LIVE:
                message = codec.decode(delivery.payload)
                if isinstance(message, Changed):
                    for change in message.changes:
                        self._call(self._touch, change.resource)
            elif any(name in delivery.payload for name in SHOWN):
                self._note_reading(delivery, address)
        except codec.BadMessage:
            return  # the gateway counts nonsense; screens need not

    def _note_reading(self, delivery: Delivery, address: topics.Address) -> None:
        sealed = envelope.unseal(delivery.payload, topic=delivery.topic, site=address.site, device=address.device)
        before = self._readings.get(address.device, Reading())
        found = before.after(sealed.message.values if isinstance(sealed.message, Sample) else {}, self._clock.now())
        if found is before:
            return
        if address.device not in self._readings and len(self._readings) >= MOST_READINGS:
            del self._readings[next(iter(self._readings))]
        self._readings[address.device] = found
        if found.percent is not None and (before.percent is None or round(before.percent) != round(found.percent)):
            self._call(self._touch_device, address.device)

    def _call(self, function: Callable[..., None], *values: object) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(function, *values)

    # The loop's side

    def _touch(self, slug: str | None) -> None:
        if slug is None:
            self._all_dirty = True
        else:
            self._dirty.add(slug)
        self._bell.set()

    def _touch_device(self, device: str) -> None:
        for slug, view in self._floor.items():
            if any(each.slug == device for each in view.devices):
                self._touch(slug)

    @contextmanager
    def join(
        self, key: tuple[str, ...], draw: Draw, *, slug: str | None, seen: str | None
    ) -> Iterator[tuple[Channel, Client]]:
        """Open a screen on a channel, which is made with the first and forgotten with the last of its screens."""
        channel = self._channels.get(key)
        if channel is None:
            channel = self._channels[key] = Channel(draw=draw, slug=slug)
            self._touch(None)
        client = Client(seen=self._number(seen))
        if channel.version > client.seen:
            client.bell.set()
        channel.clients.add(client)
        try:
            yield channel, client
        finally:
            channel.clients.discard(client)
            if not channel.clients and self._channels.get(key) is channel:
                del self._channels[key]

    def _number(self, mark: str | None) -> int:
        epoch, _, number = (mark or "").rpartition("-")
        return int(number) if epoch == self.epoch and number.isdecimal() and len(number) < 16 else -1

    async def _tick_for_ever(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._listen)
            except EtabliError as error:
                self._say_once(error)
            self._touch(None)
            for channel in self._channels.values():
                for client in channel.clients:
                    client.ping = True
                    client.bell.set()
            await asyncio.sleep(TICK_S if self._subscribed or self._bus is None else 1.0)

    async def _draw_for_ever(self) -> None:
        loop, rested = asyncio.get_running_loop(), 0.0
        while True:
            await self._bell.wait()
            await asyncio.sleep(max(GATHER_S, rested - loop.time()))
            self._bell.clear()
            changed = None if self._all_dirty else frozenset(self._dirty)
            self._dirty, self._all_dirty = set(), False
            channels = [
                c
                for c in self._channels.values()
                if c.clients and (changed is None or c.slug is None or c.slug in changed)
            ]
            if not channels and changed is not None:
                self._forget(changed)
            try:
                drawn = await asyncio.to_thread(self._draw, changed, channels) if channels else []
                self._failing = False
            except Exception:
                # A screen must not go dark for good because one reading failed.
                if not self._failing:
                    _log.warning("the screens cannot be drawn now; trying again each second", exc_info=True)
                self._failing = True
                await asyncio.sleep(1.0)
                self._touch(None)
                continue
            self._counter += 1
            for channel, pieces in drawn:
                channel.update(pieces, self._counter, self.epoch)
            rested = loop.time() + REST_S

    def _forget(self, changed: Iterable[str]) -> None:
        """Nobody looks: what changed is read again when somebody does."""
        for slug in changed:
            self._floor.pop(slug, None)

    # In a worker thread

    def _draw(self, changed: frozenset[str] | None, channels: list[Channel]) -> list[tuple[Channel, Mapping[str, str]]]:
        now, views = self._clock.now(), self._store.views()
        if changed is None or not self._floor:
            changed = None
            self._floor = {view.resource.slug: view for view in views.floor(now)}
        else:
            for slug in changed:
                view = views.resource(slug, now)
                if view is not None:
                    self._floor[slug] = view
        resources = {slug: self.with_progress(view) for slug, view in self._floor.items()}
        scene = Scene(resources=resources, changed=changed, lab=self._read_lab(), now=now, views=views)
        return [(channel, channel.draw(scene)) for channel in channels]

    def with_progress(self, view: ResourceView) -> ResourceView:
        """The view with what its devices last measured; of its progress only what was about the job it is at now."""
        for device in view.devices:
            if device.slug in self._readings:
                view = self._readings[device.slug].shown(view, self._clock.now())
        return view

    def _read_lab(self) -> Lab:
        if self._lab is None:
            self._lab = self._store.views().lab()
        return self._lab
