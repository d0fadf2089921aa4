"""One machine, its plug, its badges, bookings, trainings and faults, in any order: what must hold after each step.

The whole service runs, on SQLite in memory, and a relay that speaks a real dialect. What may happen is kept here a second
time, by hand and without looking at the service's own rules.
"""

import logging
import sqlite3
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bench.figures import Figure
from dashboard.floor.views import board_state
from devices.codec import BadMessage
from devices.messages import (
    BadgeTapped,
    DeviceConnected,
    DeviceLost,
    Fact,
    JobEnded,
    JobStarted,
    Outcome,
    SetPower,
)
from devices.relay import RelayWatch, relay
from devices.relay_readings import BadPower
from devices.simulated.relay import SimulatedRelay, Spoken
from gateway.adapters.sql.store import SqlStore
from gateway.domain.booking import Reservation
from gateway.domain.floor import BoardKey
from gateway.domain.qualifications import Qualification
from gateway.domain.resources import Presence
from gateway.domain.sessions import Session, State
from gateway.service.bookings import book
from gateway.service.consume import Consumer
from gateway.service.deliver import Deliver
from gateway.service.hour import Hour
from gateway.service.resources import end_session, put_back, take_out
from gateway.service.sweeps import Sweeper
from tests.fakes.clock import FakeClock
from tests.fakes.service_lab import RecordingBus, ServiceLab, hashed

PEOPLE = ("ada", "bob")
DIALECT = "shelly-gen1"
FRESH_S = 10.0
GUARDS_OFF = False
"""For a planted bug: the database lets a second session open."""
SETTLED = 6
"""So many words back and forth at most: a plug that is told again and again what it does not do is no dialogue."""


class Template:
    """A furnished lab, made once; each run begins from a copy of it, and finds every statement compiled."""

    def __init__(self) -> None:
        self.lab = ServiceLab(SqlStore.memory())
        self._kept = sqlite3.connect(":memory:", check_same_thread=False)
        self.writer: sqlite3.Connection = self.lab.store._database._writer  # type: ignore[attr-defined]
        self.writer.backup(self._kept)

    def begin(self) -> ServiceLab:
        """The lab as it was furnished, with a clock, a bus and a gateway of its own."""
        self._kept.backup(self.writer)
        lab = self.lab
        lab.clock, lab.bus = FakeClock(), RecordingBus()
        lab._seq = {}
        if GUARDS_OFF:
            self.writer.execute("DROP INDEX uq_sessions_one_open")
            self.writer.execute("CREATE INDEX uq_sessions_one_open ON sessions (resource_id) WHERE closed_at IS NULL")
        start_gateway(lab)
        return lab


def start_gateway(lab: ServiceLab) -> None:
    """A gateway that knows nothing but what is in the store."""
    lab.hour = Hour(store=lab.store, clock=lab.clock)
    lab.deliver = Deliver(store=lab.store, bus=lab.bus, clock=lab.clock, ids=lab.ids, site=lab.site)
    lab.consumer = Consumer(
        store=lab.store, bus=lab.bus, clock=lab.clock, ids=lab.ids, site=lab.site, deliver=lab.deliver, hour=lab.hour
    )
    lab.sweeper = Sweeper(
        store=lab.store, clock=lab.clock, ids=lab.ids, deliver=lab.deliver, heard=lambda: lab.consumer.heard,
        hour=lab.hour,
    )  # fmt: skip


class Plug:
    """A plug and its bridge, in one thread: the real dialect, watched as the bridge watches it."""

    def __init__(self, dialect: str = DIALECT) -> None:
        self.relay = relay(dialect, "laser")
        self.twin = SimulatedRelay(self.relay)
        self.watch = RelayWatch(self.relay.dialect)

    def heard(self, spoken: tuple[Spoken, ...], at: float) -> list[Fact]:
        """What the bridge makes of what the plug says."""
        found: list[Fact] = []
        for one in spoken:
            try:
                found += self.watch.hear(self.relay.decode(one.topic, one.payload), at=at)
            except BadPower:
                found += self.watch.garbled()
            except BadMessage:
                continue
        return found

    def obey(self, command: SetPower, at: float) -> list[Fact]:
        """The bridge passes an order on, and hears the answer."""
        found = list(self.watch.sent(on=command.on, at=at, ceiling_s=command.ceiling_s))
        for topic, payload in self.relay.encode_power(on=command.on, ceiling_s=command.ceiling_s):
            found += self.heard(self.twin.hear(topic, payload, at), at)
        return found

    def ask(self, at: float) -> list[Fact]:
        """The bridge asks how it is."""
        found: list[Fact] = []
        for topic, payload in self.relay.query():
            found += self.heard(self.twin.hear(topic, payload, at), at)
        return found

    @property
    def current(self) -> bool:
        """Whether current can flow: the truth, whatever is said."""
        return self.twin.watts > 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A fact that a bridge keeps until the network is back."""

    device: str
    fact: Fact
    at: float
    seq: int


class Machine(RuleBasedStateMachine):
    """Everything that can happen, and what must hold."""

    template: Template | None = None

    def __init__(self) -> None:
        super().__init__()
        cls = type(self)
        if cls.template is None:
            Machine.template = Template()
        assert Machine.template is not None
        self.lab = Machine.template.begin()
        self.plug, self.link, self.mains = Plug(), True, True
        self.outbox: deque[Waiting] = deque()
        self.orders: list[tuple[SetPower, bool]] = []
        self.seqs: dict[str, int] = {}
        self.trained, self.out = {"ada"}, False
        self.booked: list[tuple[str, float, float]] = []
        self.running: str | None = None
        self.told_running = False
        self.jobs = 0
        self.may_begin: set[str] = set()
        """Who may be let in by what happens in this step: they have just tapped, and nothing speaks against them."""
        self.let_in: str | None = None
        """The session that a tap has opened and that has not been cut since."""
        self.counted = 0
        self.plug.twin.boot(self.now)
        self.tell("plug-1", DeviceConnected())
        self.say_all("plug-1", self.plug.ask(self.now))
        self.settle()

    # --- the world

    @property
    def now(self) -> float:
        return self.lab.clock.monotonic()

    def tell(self, device: str, fact: Fact) -> None:
        """A fact goes to its outbox, and from there to the gateway."""
        self.seqs[device] = self.seqs.get(device, 0) + 1
        self.outbox.append(Waiting(device, fact, self.now, self.seqs[device]))
        self.flush()

    def say_all(self, device: str, facts: list[Fact]) -> None:
        for fact in facts:
            self.tell(device, fact)

    def flush(self) -> None:
        while self.link and self.outbox:
            one = self.outbox.popleft()
            if isinstance(one.fact, JobStarted | JobEnded):
                self.told_running = isinstance(one.fact, JobStarted)
            self.lab.say(one.device, one.fact, seq=one.seq, age_ms=round(1000 * (self.now - one.at)))
            self.collect()

    def collect(self) -> None:
        """Orders that are on their way, with what the gateway knew when it gave them."""
        for each in self.lab.commands("plug-1"):
            if isinstance(each, SetPower):
                self.check_order(each)
                self.orders.append((each, self.told_running))
        self.lab.bus.sent.clear()

    def settle(self) -> None:
        """Orders go to the plug, and its answers back, until nothing more is said."""
        for _ in range(SETTLED):
            self.collect()
            if not self.orders:
                return
            orders, self.orders = self.orders, []
            for order, knew in orders:
                if self.link and self.mains:
                    self.obey(order, knew_of_job=knew)
            self.flush()
        raise AssertionError("the gateway and a plug that refuses talk without end")

    def obey(self, order: SetPower, *, knew_of_job: bool) -> None:
        was, ran = self.plug.current, self.running
        facts = self.plug.obey(order, self.now)
        if was and not self.plug.current and ran is not None and knew_of_job:
            raise AssertionError("cut while running, by an order of the gateway's")
        self.after_contact()
        self.say_all("plug-1", facts)

    def after_contact(self) -> None:
        """A machine without current does nothing more."""
        if self.running is not None and not self.plug.current:
            self.end_job(Outcome.UNKNOWN)

    def end_job(self, outcome: Outcome) -> None:
        job, self.running = self.running, None
        assert job is not None
        self.tell("grbl-1", JobEnded(job=job, outcome=outcome, wall_s=10, active_s=10, paused_s=0))

    def session(self) -> Session | None:
        return self.lab.session()

    def free_for(self, who: str) -> bool:
        """Whether nobody else has booked this moment."""
        return not any(whose != who and starts <= self.now < ends for whose, starts, ends in self.booked)

    def entitled(self, who: str) -> bool:
        """Whether this person may begin now, by what stands in this file."""
        return who in self.trained and not self.out and self.free_for(who)

    # --- what must hold

    def check_order(self, order: SetPower) -> None:
        if not order.on:
            return
        session = self.session()
        assert session is not None, "powered without right: nobody has the machine"
        whose = "ada" if session.operator_id == self.lab.ada else "bob"
        if session.id != self.let_in:
            assert whose in self.may_begin, f"powered without right, or by itself: {session.state} of {whose}"
            self.let_in = session.id
        assert session.state in (State.OPENING, State.ACTIVE), f"restarts alone: {session.state}"

    @invariant()
    def never_two_sessions(self) -> None:
        rows = Machine.template.writer.execute(  # type: ignore[union-attr]
            "SELECT count(*) FROM sessions WHERE closed_at IS NULL"
        ).fetchone()
        assert rows[0] <= 1, "two sessions on one machine"

    @invariant()
    def unknown_is_never_shown_as_off(self) -> None:
        view = self.lab.store.views().resource("laser-1", self.lab.clock.now())
        assert view is not None
        relay_ = next(device for device in view.devices if device.slug == "plug-1")
        shown = board_state(view, self.lab.clock.now()).key
        silent = relay_.presence is Presence.OFFLINE
        garbled = relay_.presence is Presence.ONLINE and relay_.power_at is not None and relay_.power_on is None
        if silent or garbled or (self.settled_contact() and relay_.power_on is not True):
            assert shown not in (BoardKey.OFF, BoardKey.FREE, BoardKey.RESERVED), f"UNKNOWN shown as {shown}"

    def settled_contact(self) -> bool:
        """Current flows, and whoever watches the plug has had the time to say so."""
        return self.link and self.mains and self.plug.current and not self.plug.twin.sticks and not self.outbox

    seen: Counter[str] = Counter()
    """How often what must be met was met, so that a run that met nothing proves nothing."""

    def step(self, act: Callable[[], None], *, taps: set[str] | None = None, network: bool = False) -> None:
        """One thing happens; orders that follow are obeyed, and looked at. ``network``: it touches no machine."""
        self.may_begin = taps or set()
        running, current = self.running is not None and self.told_running, self.plug.current
        act()
        self.settle()
        type(self).seen.update(
            name
            for name, so in (
                ("network while running", network and running),
                ("let in", bool(taps) and self.let_in is not None),
            )
            if so
        )
        if network and running and current:
            assert self.plug.current, "cut while running, for a network reason"
        session = self.session()
        if session is None or session.state is State.INTERRUPTED:
            self.let_in = None
        self.may_begin = set()

    # --- what can happen

    @initialize(begun=st.sampled_from(("idle", "in use", "running", "running")), both=st.booleans())
    def begins(self, begun: str, both: bool) -> None:
        """Most of what can go wrong needs a machine at work, and somebody else who may use it."""
        if both:
            self.learns("bob")
        if begun != "idle":
            self.tap("ada")
        if begun == "running":
            self.job_begins()

    @rule(who=st.sampled_from(PEOPLE))
    def tap(self, who: str) -> None:
        may = {who} if self.entitled(who) else set()
        if self.link:
            self.step(lambda: self.tell("reader-1", BadgeTapped(badge=hashed(who))), taps=may)
        else:
            self.tell("reader-1", BadgeTapped(badge=hashed(who)))

    @rule(seconds=st.sampled_from((1, 3, 6, 11, 40, 130, 900, 4000)))
    def wait(self, seconds: int) -> None:
        def pass_() -> None:
            for part in (min(seconds, 2), seconds - min(seconds, 2)):
                if not part:
                    continue
                self.lab.later(part)
                if self.mains:
                    self.say_all("plug-1", self.plug.heard(self.plug.twin.tick(self.now), self.now))
                    self.after_contact()
                self.lab.sweeper.sweep()
                self.settle()

        self.step(pass_)

    @rule()
    def job_begins(self) -> None:
        if not (self.plug.current and self.running is None):
            return
        self.jobs += 1
        self.running = f"j{self.jobs}"
        self.step(lambda: self.tell("grbl-1", JobStarted(job=f"j{self.jobs}", name="box")))

    @rule()
    def job_ends(self) -> None:
        if not (self.running is not None):
            return
        self.step(lambda: self.end_job(Outcome.FINISHED))

    @rule()
    def network_goes(self) -> None:
        if not (self.link):
            return
        self.link = False
        self.step(self.lose_network, network=True)

    def lose_network(self) -> None:
        """The bridge's last will is said."""
        self.lab.status("plug-1", online=False)

    @rule()
    def network_comes(self) -> None:
        if self.link:
            return
        self.link = True
        fresh = {
            who
            for waiting in self.outbox
            if isinstance(waiting.fact, BadgeTapped) and self.now - waiting.at <= FRESH_S
            for who in PEOPLE
            if waiting.fact.badge == hashed(who) and self.entitled(who)
        }

        def come() -> None:
            self.lab.status("plug-1", online=True)
            self.flush()
            if self.mains:
                self.say_all("plug-1", self.plug.ask(self.now))

        self.step(come, taps=fresh, network=True)

    @rule(seconds=st.sampled_from((1, 40, 900)))
    def network_blinks(self, seconds: int) -> None:
        """Away for a while, and back."""
        if not (self.link):
            return
        self.network_goes()
        self.wait(seconds)
        self.network_comes()

    @rule()
    def mains_go(self) -> None:
        if not (self.mains):
            return

        def go() -> None:
            self.mains = False
            self.plug.twin._closed = False
            self.plug.twin.vanish(self.now)
            self.after_contact()
            self.tell("plug-1", DeviceLost(reason="is offline"))
            if self.link:
                self.lab.status("plug-1", online=False)

        self.step(go)

    @rule(on_at_boot=st.booleans())
    def mains_come(self, on_at_boot: bool) -> None:
        if self.mains:
            return

        def come() -> None:
            self.mains = True
            self.plug.twin.on_at_boot = on_at_boot
            self.plug.watch.forget()
            facts = self.plug.heard(self.plug.twin.boot(self.now), self.now)
            self.tell("plug-1", DeviceConnected())
            if self.link:
                self.lab.status("plug-1", online=True)
            self.say_all("plug-1", facts + self.plug.ask(self.now))

        self.step(come)

    @rule()
    def button(self) -> None:
        if not (self.mains):
            return

        def press() -> None:
            facts = self.plug.heard(self.plug.twin.press_button(self.now), self.now)
            self.after_contact()
            self.say_all("plug-1", facts)

        self.step(press)

    @rule()
    def plug_talks_nonsense(self) -> None:
        if not (self.mains):
            return
        self.step(lambda: self.say_all("plug-1", self.plug.heard(self.plug.twin.garble(), self.now)))

    @rule(fault=st.sampled_from(("refuses", "sticks")), on=st.booleans())
    def plug_fails(self, fault: str, on: bool) -> None:
        setattr(self.plug.twin, fault, on)

    @rule()
    def gateway_starts_anew(self) -> None:
        start_gateway(self.lab)
        self.step(self.lab.sweeper.sweep, network=True)

    @rule(who=st.sampled_from(PEOPLE))
    def learns(self, who: str) -> None:
        if who in self.trained:
            return
        self.trained.add(who)
        with self.lab.store.begin() as work:
            training = work.training("laser")
            assert training is not None
            work.add_qualification(
                Qualification(
                    id=self.lab.ids.new(), member_id=getattr(self.lab, who), training_id=training.id,
                    granted_at=self.lab.clock.now(),
                )
            )  # fmt: skip

    @rule(who=st.sampled_from(PEOPLE))
    def loses_the_right(self, who: str) -> None:
        self.trained.discard(who)

        def lose() -> None:
            with self.lab.store.begin() as work:
                for right in work.rights_of(getattr(self.lab, who)):
                    work.save_qualification(replace(right, revoked_at=right.revoked_at or self.lab.clock.now()))

        self.step(lose)

    @rule()
    def locked_out(self) -> None:
        self.out = True
        self.step(
            lambda: self.staff(lambda work, now: take_out(work, slug="laser-1", reason="x", back_at=None, now=now))
        )

    @rule()
    def back_in_service(self) -> None:
        self.out = False
        self.step(lambda: self.staff(lambda work, now: put_back(work, slug="laser-1", now=now)))

    @rule()
    def staff_end_it(self) -> None:
        self.step(lambda: self.staff(lambda work, now: end_session(work, slug="laser-1", now=now)))

    def staff(self, act: Callable[..., object]) -> None:
        with self.lab.store.begin() as work:
            act(work, self.lab.clock.now())
            events = work.appended
        self.lab.deliver.after_commit((), events)

    @rule(who=st.sampled_from(PEOPLE), in_s=st.sampled_from((0, 60, 600)), for_s=st.sampled_from((600, 3600)))
    def books(self, who: str, in_s: int, for_s: int) -> None:
        now = self.lab.clock.now()
        starts = now + timedelta(seconds=in_s + 1)
        with self.lab.store.begin() as work:
            made = book(
                work, id=self.lab.ids.new(), resource="laser-1", member_id=getattr(self.lab, who), starts=starts,
                ends=starts + timedelta(seconds=for_s), now=now,
            )  # fmt: skip
        if isinstance(made, Reservation):
            self.booked.append((who, self.now + in_s + 1, self.now + in_s + 1 + for_s))


def live(runs: int, steps: int) -> None:
    """So many lives of so many things that happen; AssertionError at the first broken promise."""
    Machine.seen.clear()
    logging.disable(logging.ERROR)
    try:
        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=runs, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
                phases=[Phase.generate], suppress_health_check=list(HealthCheck), print_blob=False,
            ),
        )  # fmt: skip
    finally:
        logging.disable(logging.NOTSET)


def of_the_model(runs: int, steps: int) -> list[Figure]:
    met = ", ".join(f"{count:,} × {what}" for what, count in sorted(Machine.seen.items()))
    note = f"{runs:,} runs of up to {steps} steps of machine, badges, bookings, trainings and faults; {met}"
    return [Figure("model_violations", 0, "violations", note, "0")]
