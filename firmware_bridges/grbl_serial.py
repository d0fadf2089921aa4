"""A laser cutter or mill with Grbl or grblHAL on a serial line: polled, never reset, never given a job."""

import logging
from collections import deque
from collections.abc import Callable
from threading import Event
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from devices.grbl import Banner, GrblEvent, GrblLink, Nonsense, Status
from devices.grbl_jobs import GRACE_S, SETTLE_S, GrblWatch
from devices.messages import Command, Fact
from firmware_bridges.bridge import BridgeContext, Reporter
from firmware_bridges.serial_link import SerialLink
from gateway.ports.errors import BridgeLost

log = logging.getLogger(__name__)

QUESTIONS = ("$I", "$$")
"""Asked once per connection and only in Idle: what it is, and whether S is a beam ($32)."""
LASER = {"laser": True, "mill": False, "auto": None}


class Settings(BaseModel):
    """One laser cutter or mill that speaks Grbl."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: str = Field(min_length=1, description="The serial port, best /dev/serial/by-id/..., or socket://host:port.")
    baudrate: int = Field(default=115200, ge=300, le=4_000_000, description="The speed of the line.")
    machine: Literal["auto", "laser", "mill"] = Field(
        default="auto", description="Whether S is a beam (laser) or a spindle (mill); auto asks the controller for $32."
    )
    poll_hz: float = Field(
        default=4.0, gt=0, le=5, description="How often it is asked how it is; Grbl advises 5 at most."
    )
    sample_every_s: float = Field(
        default=1.0, ge=0.2, le=3600, description="How often position and power are recorded."
    )
    settle_s: float = Field(
        default=SETTLE_S, gt=0, le=60, description="How long it rests before a job counts as ended."
    )
    keep_job_s: float = Field(
        default=GRACE_S, ge=0, le=3600, description="How long a job is kept open while the machine is out of reach."
    )
    answer_within_s: float = Field(default=5.0, gt=0, le=60, description="Silence after which the machine is lost.")
    hold_dtr: bool = Field(
        default=False, description="Some controllers with USB of their own say nothing unless DTR is held."
    )


def build(context: BridgeContext, settings: Settings) -> "GrblBridge":
    """The bridge for one machine."""
    return GrblBridge(context, settings)


class GrblBridge:
    """One machine: its jobs, alarms and readings, followed over every loss of the cable."""

    def __init__(self, context: BridgeContext, settings: Settings) -> None:
        self._context = context
        self._settings = settings
        self._watch = GrblWatch(laser=LASER[settings.machine], settle_s=settings.settle_s, grace_s=settings.keep_job_s)
        self._owed: deque[Fact] = deque()

    def run(self, report: Reporter, connected: Callable[[str | None], None], stop: Event) -> None:
        """As the protocol says; a pulled cable or a silent controller raises BridgeLost."""
        clock, settings = self._context.clock, self._settings
        self._tell(report, self._watch.tick(at=clock.monotonic()))
        try:
            with SerialLink(settings.port, settings.baudrate, dtr=settings.hold_dtr) as line:
                _Conversation(self._context, settings, self._watch, line).hold(
                    lambda facts: self._tell(report, facts), report, connected, stop
                )
        except BridgeLost:
            self._watch.lost(at=clock.monotonic())
            raise
        finally:
            if stop.is_set():
                self._tell(report, self._watch.stop(at=clock.monotonic()))

    def obey(self, command: Command) -> None:
        """Nothing: power is the interlock's, and a job is the sender's."""
        log.debug("%s takes no commands, %s was left", self._context.device, command.kind)

    def _tell(self, report: Reporter, facts: tuple[Fact, ...]) -> None:
        """Report facts in order; what a full disk refuses is told first next time."""
        self._owed += facts
        while self._owed:
            report.fact(self._owed[0])
            self._owed.popleft()


class _Conversation:
    """One connection, from open to lost."""

    def __init__(self, context: BridgeContext, settings: Settings, watch: GrblWatch, line: SerialLink) -> None:
        self._context = context
        self._settings = settings
        self._watch = watch
        self._line = line
        self._link = GrblLink()
        self._banner: Banner | None = None
        self._reached = self._asked = self._babbled = False
        self._sampled_at = float("-inf")
        self._sampled: dict[str, float] = {}

    def hold(
        self,
        tell: Callable[[tuple[Fact, ...]], None],
        report: Reporter,
        connected: Callable[[str | None], None],
        stop: Event,
    ) -> None:
        """Poll, listen and report until ``stop``."""
        clock = self._context.clock
        heard_at, poll_at = clock.monotonic(), float("-inf")
        while not stop.is_set():
            now = clock.monotonic()
            if now >= poll_at:
                self._line.write(self._link.poll())
                poll_at = now + 1 / self._settings.poll_hz
            for event in self._link.receive(self._line.read()):
                now = clock.monotonic()
                if isinstance(event, Nonsense):
                    self._babbled = True
                    report.nonsense(event.what, event.example)
                    continue
                heard_at = now
                # A job under way is told before the connection, so that the gateway finds it again.
                tell(self._follow(event, now))
                self._greet(event, connected)
                self._sample(event, report, now)
            self._listen_for_silence(clock.monotonic() - heard_at)

    def _greet(self, event: GrblEvent, connected: Callable[[str | None], None]) -> None:
        """Say once that the machine is reached, and ask it once who it is."""
        if isinstance(event, Banner):
            self._banner, self._asked = event, False
        if not isinstance(event, Status):
            return
        if not self._reached:
            self._reached = True
            name = "grblHAL" if self._link.hal else "Grbl"
            connected(f"{name} {self._banner.version}" if self._banner else name)
        if not self._asked and event.state == "Idle":
            self._asked = True
            for question in QUESTIONS:
                self._line.write(self._link.line(question))

    def _follow(self, event: GrblEvent, now: float) -> tuple[Fact, ...]:
        watch, link = self._watch, self._link
        if self._settings.machine == "auto" and link.laser_mode is not None:
            watch.laser = link.laser_mode
        job = self._context.ids.new()
        return watch.feed(event, at=now, job=job, waiting=len(link.waiting), hal=link.hal)

    def _sample(self, event: GrblEvent, report: Reporter, now: float) -> None:
        """Send the readings now and then, and only when they have changed."""
        if not isinstance(event, Status) or now - self._sampled_at < self._settings.sample_every_s:
            return
        values = dict(zip(("x", "y", "z"), event.position or (), strict=False))
        if event.feed is not None:
            values["feed"] = event.feed
        if event.power is not None:
            values["spindle" if self._watch.laser is False else "laser_power"] = event.power
        if values and values != self._sampled:
            self._sampled_at, self._sampled = now, values
            report.sample(values)

    def _listen_for_silence(self, silent_s: float) -> None:
        if silent_s < self._settings.answer_within_s or self._watch.silent:
            return
        port = self._settings.port
        if self._babbled and not self._reached:
            raise BridgeLost(
                f"{port}: what it says is not Grbl; is it the right port, and {self._settings.baudrate} baud?"
            )
        raise BridgeLost(f"{port}: the controller does not answer; is it switched on?")
