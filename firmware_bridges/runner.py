"""Keeps one bridge running: says once that its device is lost and once that it is back, and hands it its commands."""

import logging
import random
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from devices.codec import BadMessage, decode
from devices.messages import Command, DeviceConnected, DeviceLost, Fact
from devices.topics import BY_CHANNEL, Channel, topic
from firmware_bridges.bridge import Bridge, BridgeContext, Reporter
from gateway.ports.bus import Delivery
from gateway.ports.errors import BridgeLost, BusUnavailable, StoreUnavailable, SubscriptionRefused

log = logging.getLogger(__name__)

COMMANDS_REMEMBERED = 512
"""Commands live five seconds at most; this many ids outlive them all."""
REASON_CHARS = 300
STEADY_S = 10.0
"""A device that stayed this long was really there: after a loose cable's flicker the waits go on growing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOff:
    """How long to wait before the next attempt: doubling, with chance, so that twenty bridges do not call in step."""

    shortest_s: float = 0.5
    longest_s: float = 30.0

    def wait_s(self, failures: int) -> float:
        """The wait after this many failures in a row, from 1."""
        ceiling = min(self.longest_s, self.shortest_s * 2 ** min(failures, 16))
        return random.uniform(ceiling / 2, ceiling)


class BridgeRunner:
    """One bridge in a thread of its own: whatever happens to its device, no other bridge notices."""

    def __init__(
        self,
        name: str,
        bridge: Bridge,
        context: BridgeContext,
        reporter: Reporter,
        *,
        presence: Callable[[bool], None] | None = None,
        back_off: BackOff | None = None,
    ) -> None:
        self.name = name
        self._bridge = bridge
        self._context = context
        self._report = reporter
        self._presence = presence or (lambda _online: None)
        self._back_off = back_off or BackOff()
        self._stop = threading.Event()
        self._online: bool | None = None
        self._since = 0.0
        self._failures = 0
        self._trouble = ""
        self._obeyed: OrderedDict[str, None] = OrderedDict()
        self._thread = threading.Thread(target=self._run, name=f"bridge-{name}", daemon=True)

    def start(self) -> None:
        """Listen for commands and begin to reach the device; SubscriptionRefused when the broker forbids it."""
        where = topic(Channel.COMMAND, site=self._context.site, device=self._context.device)
        try:
            self._context.bus.subscribe([(where, BY_CHANNEL[Channel.COMMAND].qos)], self._hear_command)
        except SubscriptionRefused:
            raise
        except BusUnavailable:
            pass  # the bus makes the subscription when it connects
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> bool:
        """Ask the bridge to let go of its device and wait; False when it did not end in time."""
        self._stop.set()
        self._context.bus.unsubscribe(self._hear_command)
        if self._thread.is_alive():
            self._thread.join(timeout)
        if self._thread.is_alive():
            log.error("the bridge %s did not stop within %g s", self.name, timeout)
            return False
        return True

    @property
    def online(self) -> bool:
        """Whether the bridge reaches its device now."""
        return bool(self._online)

    @property
    def alive(self) -> bool:
        """Whether the thread runs: for a health check."""
        return self._thread.is_alive()

    # --- the bridge's own thread

    def _run(self) -> None:
        while not self._stop.is_set():
            reason = self._attempt()
            if self._stop.is_set():
                return
            held_s = self._context.clock.monotonic() - self._since if self._online else 0.0
            self._failures = 1 if held_s >= STEADY_S else self._failures + 1
            self._lost(reason)
            self._stop.wait(self._back_off.wait_s(self._failures))

    def _attempt(self) -> str:
        """One run of the bridge, until it ends; the answer is why, in plain words."""
        try:
            self._bridge.run(self._report, self._connected, self._stop)
        except (BridgeLost, StoreUnavailable) as error:
            return str(error)
        except OSError as error:
            return error.strerror or str(error) or type(error).__name__
        except Exception as error:  # a fault in one bridge must never end the others
            if self._trouble != repr(error):
                log.exception("the bridge %s failed in an unforeseen way", self.name)
            self._trouble = repr(error)
            return f"a fault in the bridge: {error!r}"
        return "the bridge ended by itself"

    def _connected(self, detail: str | None) -> None:
        if self._online:
            return
        self._online, self._since, self._trouble = True, self._context.clock.monotonic(), ""
        log.info("the bridge %s reaches its device%s", self.name, f" ({detail})" if detail else "")
        self._tell(DeviceConnected(detail=detail))
        self._presence(True)

    def _lost(self, reason: str) -> None:
        if self._online is False:
            log.debug("the bridge %s: still %s", self.name, reason)
            return
        self._online = False
        log.warning("the bridge %s lost its device: %s", self.name, reason)
        self._tell(DeviceLost(reason=reason[:REASON_CHARS]))
        self._presence(False)

    def _tell(self, fact: Fact) -> None:
        try:
            self._report.fact(fact)
        except StoreUnavailable as error:
            log.error("the bridge %s could not report %s: %s", self.name, fact.kind, error)

    # --- the bus's thread

    def _hear_command(self, delivery: Delivery) -> None:
        if delivery.retained:
            # It may be months old: a broker hands it to every newcomer. Commands are never retained.
            self._nonsense("retained command", delivery.payload)
            return
        try:
            command = decode(delivery.payload)
        except BadMessage as error:
            log.debug("the bridge %s: %s", self.name, error)
            self._nonsense("command", delivery.payload)
            return
        if not isinstance(command, Command):
            self._nonsense("command", delivery.payload)
        elif command.expires_at <= self._context.clock.now():
            log.warning("the bridge %s did not obey %s %s: it came too late", self.name, command.kind, command.id)
        elif command.id not in self._obeyed:
            self._remember(command.id)
            self._obey(command)

    def _remember(self, command_id: str) -> None:
        self._obeyed[command_id] = None
        if len(self._obeyed) > COMMANDS_REMEMBERED:
            self._obeyed.popitem(last=False)

    def _obey(self, command: Command) -> None:
        try:
            self._bridge.obey(command)
        except (BridgeLost, BusUnavailable, OSError) as error:
            log.warning("the bridge %s could not carry out %s: %s", self.name, command.kind, error)
        except Exception:  # a fault in one bridge must never end the bus
            log.exception("the bridge %s failed on %s", self.name, command.kind)

    def _nonsense(self, what: str, payload: bytes) -> None:
        try:
            self._report.nonsense(what, payload)
        except StoreUnavailable as error:
            log.error("the bridge %s could not report nonsense: %s", self.name, error)
