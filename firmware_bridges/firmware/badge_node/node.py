"""The node: asks the gateway first, decides by its list when nobody answers, and is never told to cut by a network.

No hardware here. The edge calls ``tapped``, ``heard``, ``runs``, ``reads_back``, ``linked`` and ``tick`` with its
milliseconds, sets the coil to ``drive``, shows ``face`` and publishes what ``take`` gives.
"""

from . import power
from .clock import Clock
from .listing import Listing
from .outgoing import Outgoing
from .wire import DIGEST, hashes, key_id, opened, seconds_of

try:
    from typing import Any
except ImportError:
    pass  # MicroPython reads no annotations

WAIT_MS = 600
"""How long the gateway may take to answer a tap."""
SILENT_MS = 6000
"""After an answer of its own the node obeys no order to switch on for so long: one to that tap may be on its way."""
HOLD_MS = 20000
"""After it went off by itself only a tap powers it again: an order that is given again and again does not, for so long."""
AGAIN_MS = 10000
IDS = 32
ALONE_QUIET_S = 300
CEILING_S = 8 * 3600


class Node:
    """One machine's door. ``drive`` is what the coil must be now."""

    def __init__(self, settings: "dict[str, Any]", flash: "Any", boot: str) -> None:
        site, device, self._key = settings["site"], settings["device"], settings["key"]
        self._badge_key = settings["badge_key"]
        self.clock = Clock()
        self.out = Outgoing(flash, site, device, self._key, boot)
        self.listing = Listing(flash, self.out.topic("list"), self._key, site, device)
        self.power = power.Power(
            self._tell_power, self._alarm, self._worked, settings.get("read_back", True),
            settings.get("start_check_ms", 1500),
        )  # fmt: skip
        self.face: tuple[str, str] = ("wait", "starting")
        self.link = False
        self._ms = 0
        self._wait_ms = settings.get("wait_ms", WAIT_MS)
        self._asked: dict[str, Any] | None = None
        self._holder: list[tuple[str, str]] | None = None
        self._granted_ms = -AGAIN_MS
        self._alone_ms, self._hold_ms = -SILENT_MS, -HOLD_MS
        self._off_ms: int | None = None
        self._ids: list[str] = []
        self._asks = 0
        self._alarms: dict[str, bool] = {}
        self._job = ""

    @property
    def drive(self) -> bool:
        """What the coil must be now."""
        return self.power.drive

    def start(self, ms: int) -> None:
        """After each start of memory: off, and said so."""
        self._ms = ms
        self._fact("device_connected", {"detail": "badge_node"})
        self._tell_power(False, "boot", None)
        if self.out.ring.skipped:
            told = {"what": "flash", "count": self.out.ring.skipped, "example": self.out.ring.example}
            self._fact("nonsense_heard", told)
        self.face = ("noted", "ready")

    def take(self) -> "list[tuple[str, bytes, int]]":
        """What is to be published now."""
        waiting, self.out.waiting = self.out.waiting, []
        return waiting

    # --- what happens to it ---

    def tapped(self, number: str, ms: int) -> None:
        """A badge, once for each time that it is presented."""
        self._ms = ms
        badge = hashes(number, self._badge_key)
        name = key_id(self._badge_key)
        told = [{"form": form, "key_id": name, "digest": digest} for form, digest in badge]
        seq = self._fact("badge_tapped", {"badge": told})
        if self._asked is not None:
            return
        self._asked = {"seq": seq, "badge": badge, "told": told, "due": ms + self._wait_ms}
        # One that is not heard may have come back just now: only a no waits for it.
        away = not self.link or (not self.clock.gateway_there(ms) and self._weigh(badge)[0] != "refused")
        if away:
            self._decide_alone()
        else:
            self.face = ("wait", "asking")

    def runs(self, busy: bool, ms: int) -> None:
        """The run input, or the power sensor, changed."""
        self._ms = ms
        self.power.runs(busy, ms)

    def reads_back(self, on: bool, ms: int) -> None:
        """The contact behind the relay changed."""
        self._ms = ms
        self.power.reads_back(on)

    def linked(self, up: bool, ms: int) -> None:
        """The broker came or went."""
        self._ms = ms
        if up and not self.link:
            self.out.reconnected()
            self.clock.ask_now()
        if not up:
            self.clock.away()
        self.link = up

    def heard(self, channel: str, payload: bytes, ms: int) -> None:
        """A message on one of its own topics; what is not signed by the gateway is not heard."""
        self._ms = ms
        try:
            self._hear(channel, payload)
        except Exception:  # a message, or too little memory for it, must never start anew what watches a machine
            self._alarm("bad-message", True)

    def _hear(self, channel: str, payload: bytes) -> None:
        value = opened(payload, self.out.topic(channel), self._key)
        if channel == "list" and (value is None or value.get("kind") == "access_list"):
            self._take_list(payload)
            return
        if value is None:
            self._alarm("forged-message", True)
            return
        kind, body = value.get("kind"), value["body"]
        if kind == "clock_told":
            self._take_clock(body)
        elif kind == "receipt":
            self.out.receipted(body)
        elif kind in ("set_power", "show_verdict") and self._once(body.get("id")):
            if kind == "set_power":
                self._order(body)
            else:
                self._verdict(body)

    def tick(self, ms: int) -> None:
        """Let time pass; at least ten times a second."""
        self._ms = ms
        if self._asked is not None and ms >= self._asked["due"]:
            self.clock.away()
            self.clock.ask_now()
            self._decide_alone()
        self.power.tick(ms)
        if not self.clock.gateway_there(ms):
            quiet = ALONE_QUIET_S if self.listing.body is None else self.listing.body["quiet_s"]
            if self.power.idle_ms(ms) >= 1000 * quiet:
                self.power.end(ms, "quiet")
        self._alarm("list-expired", self.listing.expired(self.clock.now_s(ms)))
        self._alarm("flash-full", self.out.broken or not self.out.ring.room)
        if self.link:
            if self.clock.asks(ms):
                self._asks += 1
                nonce = self.out.boot + "-" + str(self._asks)
                self.clock.asked(nonce, ms)
                self.out.say("ask", "list_asked", {"nonce": nonce, "version": self.listing.version}, ms=ms)
            self.out.tick(ms)

    # --- the gateway's word ---

    def _once(self, id: "Any") -> bool:
        if not isinstance(id, str) or id in self._ids:
            return False
        self._ids.append(id)
        del self._ids[:-IDS]
        return True

    def _in_time(self, body: "dict[str, Any]") -> bool:
        """Not expired, by an hour that was proved: one that was recorded yesterday switches nothing on."""
        now, expires = self.clock.now_s(self._ms), seconds_of(body.get("expires_at", ""))
        return now is not None and expires is not None and now - 1 <= expires <= now + 7

    def _order(self, body: "dict[str, Any]") -> None:
        if body.get("on") is False:
            if self.clock.now_s(self._ms) is not None and not self._in_time(body):
                return
            self.power.end(self._ms, "command")
            self._again("command")
        elif body.get("on") is True and self._in_time(body) and self._may_obey():
            ceiling = body.get("ceiling_s")
            was = self.power.powered
            if not self.power.grant(self._ms, ceiling if isinstance(ceiling, int) else CEILING_S, None, "command"):
                self._again("refused")
                return
            if was:
                self._again("command")
            else:
                self._holder = self._asked["badge"] if self._asked is not None else None
                self._granted_ms = self._ms

    def _may_obey(self) -> bool:
        held = self._asked is None and self._ms - self._hold_ms < HOLD_MS
        return self._ms - self._alone_ms >= SILENT_MS and not held

    def _again(self, cause: str) -> None:
        """Every order is answered with what the relay is, although nothing changed."""
        self._tell_power(self.power.state, cause, None)

    def _verdict(self, body: "dict[str, Any]") -> None:
        tone, code = body.get("tone"), body.get("code")
        if self._asked is None or not isinstance(tone, str) or not isinstance(code, str):
            return
        self.clock.heard(self._ms)
        if tone == "unavailable":
            self._decide_alone()
            return
        self._asked = None
        self.face = (tone, code)

    def _take_list(self, payload: bytes) -> None:
        refused = self.listing.take(payload, self.clock.now_s(self._ms))
        if refused is None:
            self._alarm("list-refused", False)
        elif not self._alarms.get("list-refused"):
            self._alarms["list-refused"] = True
            self._fact("alarm_raised", {"code": "list-refused", "text": refused})

    def _take_clock(self, body: "dict[str, Any]") -> None:
        held = self.listing.body
        away = not self.clock.gateway_there(self._ms)
        taken = self.clock.answered(body, self._ms, held["issued_s"] if held is not None else 0)
        if taken is not None:
            if away:
                # It is back: what it has not receipted must come before what happens next.
                self.out.reconnected()
            self._alarm("clock-went-back", not taken)

    # --- alone ---

    def _decide_alone(self) -> None:
        asked, self._asked = self._asked, None
        assert asked is not None
        tone, code, until_s = self._weigh(asked["badge"])
        body = {"tap": asked["seq"], "badge": asked["told"], "outcome": tone, "code": code,
                "list_version": self.listing.version, "until_s": until_s}  # fmt: skip
        self._fact("tap_decided", body)
        self._alone_ms = self._ms
        self.face = (tone, code)
        if code == "granted":
            ceiling_s = self.listing.body["ceiling_s"] if self.listing.body is not None else CEILING_S
            self._holder, self._granted_ms = asked["badge"], self._ms
            self.power.grant(self._ms, ceiling_s, until_s, "tap")
        elif code == "session_closed":
            self.power.end(self._ms, "tap")
        elif code == "person_gone":
            self.power.end(self._ms, "job_done")
        elif code == "person_back":
            self.power.stay(self._ms)

    def _weigh(self, badge: "list[tuple[str, str]]") -> "tuple[str, str, int | None]":
        if self.power.powered:
            return self._weigh_again(badge)
        code, until_s = self.listing.decide(badge, self.clock.now_s(self._ms))
        if code == "granted":
            if self.power.phase == power.DOUBT:
                code = "interlock_unknown"
            elif self.power.busy:
                code = "machine_running"
            elif not self.out.ring.room or self.out.broken:
                code = "memory_full"
            elif self._off_ms is not None and self._rests():
                code = "cooling_down"
        return ("granted", code, until_s) if code == "granted" else ("refused", code, None)

    def _rests(self) -> bool:
        assert self.listing.body is not None
        assert self._off_ms is not None
        return self._ms - self._off_ms < 1000 * int(self.listing.body["rest_s"])

    def _weigh_again(self, badge: "list[tuple[str, str]]") -> "tuple[str, str, int | None]":
        if self._holder is None or not _same_badge(badge, self._holder):
            return "refused", "in_use", None
        if self._ms - self._granted_ms < AGAIN_MS:
            return "noted", "tap_again", None
        if self.power.phase == power.ON:
            return "noted", "session_closed", None
        return "noted", "person_back" if self.power.phase == power.LEAVING else "person_gone", None

    # --- what it says ---

    def _fact(self, kind: str, body: "dict[str, Any]") -> int:
        return self.out.fact(kind, body, self._ms, self.clock.now_ms(self._ms), self.link)

    def _tell_power(self, on: "bool | None", cause: str, on_s: "float | None") -> None:
        if cause in ("unknown", "unsafe_start"):
            self._hold_ms = self._ms
        if on is False:
            self._holder = None
            self._off_ms = self._ms if on_s is not None else self._off_ms
        self._fact("power_reported", {"on": on, "cause": cause, "on_s": on_s})

    def _alarm(self, code: str, raised: bool) -> None:
        """Said once per change."""
        if bool(self._alarms.get(code)) != raised:
            self._alarms[code] = raised
            told: dict[str, Any] = {"code": code}
            self._fact("alarm_raised" if raised else "alarm_cleared", told)

    def _worked(self, begins: bool, wall_ms: int, active_ms: int) -> None:
        if begins:
            self._job = self.out.boot + "-" + str(self._ms)
            self._fact("job_started", {"job": self._job})
            return
        wall, active = wall_ms / 1000, active_ms / 1000
        body = {"job": self._job, "outcome": "unknown", "wall_s": wall, "active_s": active, "paused_s": wall - active}
        self._fact("job_ended", body)


def _same_badge(one: "list[tuple[str, str]]", other: "list[tuple[str, str]]") -> bool:
    return [digest[:DIGEST] for _, digest in one[:1]] == [digest[:DIGEST] for _, digest in other[:1]]
