"""The access list of this machine: signed, versioned, with an end; and the decision that it allows without the gateway.

A list is taken as a whole or refused; a refused one changes nothing, the one held is good until its own end. The bytes
on flash are those that were signed, and are checked again at each start.
"""

from .wire import DIGEST, opened

try:
    from typing import Any
except ImportError:
    pass  # MicroPython reads no annotations

LIST, FLOOR = "list", "list.version"
"""The signed bytes, and the highest version ever taken: it is written first, so that no older one can come back."""
_WHOLE = ("version", "issued_s", "expires_s", "ceiling_s", "quiet_s", "rest_s", "early_s", "pause_s")
_RULED = ("lockout", "reservation_required", "open", "booked", "people")


class Listing:
    """The list that is held, if any."""

    def __init__(self, flash: "Any", topic: str, key: bytes, site: str, device: str) -> None:
        self._flash, self._topic, self._key, self._site, self._device = flash, topic, key, site, device
        self.body: dict[str, Any] | None = None
        self.floor = self._read_floor()
        names = flash.names()
        if LIST in names:
            body = self._checked(flash.read(LIST))
            if isinstance(body, dict) and body["version"] >= self.floor:
                self.body, self.floor = body, body["version"]

    def _read_floor(self) -> int:
        try:
            return int(self._flash.read(FLOOR))
        except (OSError, ValueError, KeyError):
            return 0

    @property
    def version(self) -> "int | None":
        """Which one is held."""
        return self.body["version"] if self.body is not None else None

    def take(self, payload: bytes, now_s: "int | None") -> "str | None":
        """Take a new list, or say why not; one that is held already is no news."""
        body = self._checked(payload)
        if not isinstance(body, dict):
            return body
        if body["version"] < self.floor:
            return "older version %d, %d is known" % (body["version"], self.floor)
        if self.body is not None and body["version"] == self.body["version"]:
            return None
        if now_s is not None and body["expires_s"] <= now_s:
            return "past its date"
        self._flash.replace(FLOOR, str(body["version"]).encode())
        self._flash.replace(LIST, payload)
        self.body, self.floor = body, body["version"]
        return None

    def _checked(self, payload: bytes) -> "dict[str, Any] | str":
        value = opened(payload, self._topic, self._key)
        if value is None:
            return "bad signature"
        body: dict[str, Any] = value["body"]
        if value.get("kind") != "access_list" or any(name not in body for name in _RULED):
            return "not a list"
        if any(not isinstance(body.get(name), int) for name in _WHOLE):
            return "not a list"
        if not _sound(body):
            return "not a list"
        if body.get("site") != self._site or body.get("device") != self._device:
            return "for another machine"
        return body

    def expired(self, now_s: "int | None") -> bool:
        """Whether the list that is held is past its date."""
        return self.body is not None and now_s is not None and bool(now_s >= self.body["expires_s"])

    def decide(self, badge: "list[tuple[str, str]]", now_s: "int | None") -> "tuple[str, int]":
        """``("granted", seconds)`` or the code of what is in the way, and 0."""
        if self.body is None:
            return "no_list", 0
        if now_s is None:
            return "clock_unproved", 0
        if now_s < self.body["issued_s"] - 300 or self.expired(now_s):
            return "list_expired", 0
        if self.body["lockout"]:
            return self.body["lockout"], 0
        person = self._person(badge)
        if person is None:
            return "badge_unknown", 0
        found = self.body["people"][person]
        ends = [self.body["ceiling_s"]]
        if found.get("until_s") is not None:
            ends.append(found["until_s"] - now_s)
        if found.get("longest_s") is not None:
            ends.append(found["longest_s"])
        if min(ends) <= 0:
            return "right_over", 0
        closes = self._closes(now_s)
        if closes <= 0:
            return "closed_now", 0
        ends.append(closes)
        code, until = self._booking(person, now_s)
        return (code, 0) if code else ("granted", min(min(ends), until))

    def _person(self, badge: "list[tuple[str, str]]") -> "int | None":
        """Whose badge it is: by the most precise form that both have, for strangers share the coarser ones."""
        assert self.body is not None
        for index, person in enumerate(self.body["people"]):
            for held in person["badges"]:
                for form, digest in badge:
                    if form in held:
                        if held[form] == digest[:DIGEST]:
                            return index
                        break
        return None

    def _closes(self, now_s: int) -> int:
        """In how many seconds the place closes; 0 when it is closed."""
        assert self.body is not None
        if self.body["open"] is None:
            return 366 * 86400
        for starts, ends in self.body["open"]:
            if starts <= now_s < ends:
                return int(ends - now_s)
        return 0

    def _booking(self, person: int, now_s: int) -> "tuple[str | None, int]":
        """Why bookings are in the way, or in how many seconds they will be."""
        body = self.body
        assert body is not None
        for held in body["booked"]:
            if held["ends_s"] <= now_s:
                continue
            if held.get("person") == person:
                if held["starts_s"] - body["early_s"] <= now_s:
                    return None, held["ends_s"] - now_s
                if body["reservation_required"]:
                    return "too_early", 0
                continue
            if held["starts_s"] - body["pause_s"] <= now_s:
                return "reserved_by_other", 0
            if body["reservation_required"]:
                return "reservation_required", 0
            return None, held["starts_s"] - body["pause_s"] - now_s
        return ("reservation_required", 0) if body["reservation_required"] else (None, 366 * 86400)


def _sound(body: "dict[str, Any]") -> bool:
    """Whether every line can be read: a list is taken as a whole, or not at all."""
    try:
        times = [each for person in body["people"] for each in (person["until_s"], person["longest_s"])]
        held = [badge[form] for person in body["people"] for badge in person["badges"] for form in badge]
        spans = [(each["starts_s"], each["ends_s"]) for each in body["booked"]]
        if body["open"] is not None:
            spans += [(starts, ends) for starts, ends in body["open"]]
    except (KeyError, TypeError, ValueError, AttributeError):
        return False
    return (
        all(each is None or isinstance(each, int) for each in times)
        and all(isinstance(each, str) for each in held)
        and all(isinstance(starts, int) and isinstance(ends, int) for starts, ends in spans)
        and (body["lockout"] is None or isinstance(body["lockout"], str))
    )
