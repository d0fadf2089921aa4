"""A lab without threads or sockets: the real use cases on the real store in memory, a clock to move, what was published."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from devices import codec
from devices.envelope import Envelope, seal
from devices.messages import BadgeTapped, Command, DeviceStatus, Fact, HashedBadge, PowerReported, Receipt, SetPower
from devices.topics import Channel, parse, topic
from gateway.adapters.ids import TimeOrderedIds
from gateway.adapters.sql.store import SqlStore
from gateway.domain.events import Event
from gateway.domain.people import Member
from gateway.domain.qualifications import Qualification
from gateway.domain.resources import DeviceRole, Resource
from gateway.domain.sessions import Session
from gateway.domain.training import Training
from gateway.ports.bus import Delivery, Handler
from gateway.ports.store import ResourceFacts, Store, Work
from gateway.service.consume import Consumer
from gateway.service.deliver import Deliver
from gateway.service.hour import Hour
from gateway.service.sweeps import Sweeper
from tests.fakes.clock import FakeClock

SITE = "hesdin"


@dataclass
class RecordingBus:
    """A bus that only remembers."""

    sent: list[tuple[str, bytes]] = field(default_factory=list)
    connected: bool = True

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        self.sent.append((topic, payload))

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()

    def subscribe(self, filters: Iterable[tuple[str, int]], handler: Handler, *, group: str | None = None) -> None:
        """Nothing arrives by itself here."""

    def unsubscribe(self, handler: Handler) -> None:
        """Nothing to stop."""

    def on_connection(self, listener: Callable[[bool], None]) -> None:
        """Always connected."""

    def close(self) -> None:
        """Nothing to close."""


class ServiceLab:
    """One machine ``laser-1`` with reader, interlock and controller; Ada is trained, Bob is not."""

    site = SITE

    def __init__(self, store: Store | None = None) -> None:
        self.clock, self.ids, self.bus = FakeClock(), TimeOrderedIds(), RecordingBus()
        self.store: Store = store or SqlStore.memory()
        self.deliver = Deliver(store=self.store, bus=self.bus, clock=self.clock, ids=self.ids, site=self.site)
        self.hour = Hour(store=self.store, clock=self.clock)
        self.consumer = Consumer(
            store=self.store, bus=self.bus, clock=self.clock, ids=self.ids, site=self.site, deliver=self.deliver,
            hour=self.hour,
        )  # fmt: skip
        self.sweeper = Sweeper(
            store=self.store, clock=self.clock, ids=self.ids, deliver=self.deliver, heard=lambda: self.consumer.heard,
            hour=self.hour,
        )  # fmt: skip
        self._seq: dict[tuple[str, str], int] = {}
        self._furnish()

    def _furnish(self) -> None:
        with self.store.begin() as work:
            work.put_site(id=self.ids.new(), slug=SITE, name="Hesdin", timezone="Europe/Paris")
            training = work.put_training(Training(id=self.ids.new(), slug="laser", names={"fr": "Découpe laser"}))
            self.laser = work.put_resource(
                Resource(id=self.ids.new(), slug="laser-1", names={"fr": "Laser"}, trainings=("laser",))
            )
            for slug, role in (
                ("reader-1", DeviceRole.READER), ("plug-1", DeviceRole.INTERLOCK), ("grbl-1", DeviceRole.MACHINE)
            ):  # fmt: skip
                work.put_device(id=self.ids.new(), slug=slug, role=role, resource="laser-1")
            self.ada = self._member(work, "Ada", "ada")
            self.bob = self._member(work, "Bob", "bob")
            work.add_qualification(
                Qualification(
                    id=self.ids.new(), member_id=self.ada, training_id=training.id, granted_at=self.clock.now()
                )
            )
        self.say("plug-1", PowerReported(on=False))
        self.bus.sent.clear()

    def _member(self, work: Work, name: str, badge: str) -> str:
        member = Member(id=self.ids.new(), first_name=name)
        work.put_member(member)
        work.add_badge(id=self.ids.new(), member_id=member.id, badge=hashed(badge), now=self.clock.now())
        return member.id

    def fact(
        self, device: str, fact: Fact, *, boot: str = "b1", seq: int | None = None, age_ms: int | None = 0
    ) -> Delivery:
        """The bytes a device would send; ``seq`` counts up unless given."""
        key = (device, boot)
        self._seq[key] = seq if seq is not None else self._seq.get(key, 0) + 1
        name = topic(Channel.FACT, site=self.site, device=device)
        envelope = Envelope(
            site=self.site,
            device=device,
            boot=boot,
            seq=self._seq[key],
            mono_ms=0,
            age_ms=age_ms,
            at=None,
            message=fact,
        )
        return Delivery(name, seal(envelope, topic=name))

    def hear(self, *deliveries: Delivery) -> None:
        """All of these in one batch, now."""
        self.consumer.consume([(delivery, self.clock.now()) for delivery in deliveries])

    def say(self, device: str, fact: Fact, **how: object) -> None:
        """One fact, heard at once."""
        self.hear(self.fact(device, fact, **how))  # type: ignore[arg-type]

    def tap(self, badge: str, **how: object) -> None:
        """A tap at the laser's reader."""
        self.say("reader-1", BadgeTapped(badge=hashed(badge)), **how)

    def status(self, device: str, *, online: bool) -> None:
        """A retained presence or a last will."""
        name = topic(Channel.STATUS, site=self.site, device=device)
        self.hear(Delivery(name, codec.encode(DeviceStatus(online=online))))

    def later(self, seconds: float) -> datetime:
        """Let time pass."""
        self.clock.advance(seconds)
        return self.clock.now()

    def in_(self, **how: float) -> datetime:
        """A moment from now."""
        return self.clock.now() + timedelta(**how)

    def commands(self, device: str) -> list[Command]:
        """Every command sent to a device."""
        return [message for message in self._messages(Channel.COMMAND, device) if isinstance(message, Command)]

    def power(self) -> list[bool]:
        """What the interlock was told, in order."""
        return [command.on for command in self.commands("plug-1") if isinstance(command, SetPower)]

    def receipts(self, device: str) -> list[tuple[tuple[int, int], ...]]:
        """The ranges receipted to a device."""
        return [message.ranges for message in self._receipts(device)]

    def missing(self, device: str) -> list[tuple[tuple[int, int], ...]]:
        """The ranges that a device was asked for again, by receipt."""
        return [message.missing for message in self._receipts(device)]

    def _receipts(self, device: str) -> list[Receipt]:
        return [message for message in self._messages(Channel.RECEIPT, device) if isinstance(message, Receipt)]

    def _messages(self, channel: Channel, device: str) -> list[object]:
        found: list[object] = []
        for name, payload in self.bus.sent:
            address = parse(name)
            if address and (address.channel, address.device) == (channel, device):
                found.append(codec.decode(payload.split(b"\n")[0]))
        return found

    def facts(self) -> ResourceFacts:
        """The laser as the store knows it."""
        with self.store.begin() as work:
            found = work.facts_for(self.laser.id)
        assert found is not None
        return found

    def session(self) -> Session | None:
        """The laser's open session."""
        return self.facts().session

    def events(self, kind: str | None = None) -> list[Event]:
        """The log, in order."""
        stored = self.store.views().events_after(0, 10_000)
        return [row.event for row in stored if kind is None or row.event.kind == kind]

    def close(self) -> None:
        """Release the store."""
        self.store.close()


def hashed(badge: str) -> tuple[HashedBadge, ...]:
    """A badge by a short name."""
    return (HashedBadge(form="em-10", key_id="k1", digest=badge.encode().hex()),)
