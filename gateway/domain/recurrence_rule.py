"""The text of a recurrence: an RRULE that ends, made of the parts that a lab needs, and EXDATE lines."""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from gateway.domain.local_time import wall_clock

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = "|".join(WEEKDAYS)
_SMALL = r"[1-9]\d{0,2}"
_VALUES = {
    "FREQ": re.compile("DAILY|WEEKLY|MONTHLY|YEARLY"),
    "INTERVAL": re.compile(_SMALL),
    "COUNT": re.compile(r"[1-9]\d{0,5}"),
    "UNTIL": re.compile(r".+"),
    "BYDAY": re.compile(rf"([+-]?[1-5])?({_DAY})(,([+-]?[1-5])?({_DAY}))*"),
    "BYMONTHDAY": re.compile(r"-?([1-9]|[12]\d|3[01])(,-?([1-9]|[12]\d|3[01]))*"),
    "BYMONTH": re.compile(r"([1-9]|1[0-2])(,([1-9]|1[0-2]))*"),
    "BYSETPOS": re.compile(r"-?[1-5]"),
    "WKST": re.compile(_DAY),
}
_MOMENT = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")


class Unreadable(ValueError):
    """The piece of a rule that cannot be read."""

    def __init__(self, piece: str) -> None:
        super().__init__(piece if len(piece) <= 60 else piece[:59] + "…")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that ends: ``until`` (on the wall, included) or ``count``; ``pattern`` is the rest of it."""

    parts: Mapping[str, str]
    until: datetime | None
    count: int | None
    left_out: frozenset[datetime | date]

    @property
    def pattern(self) -> str:
        """The rule without its end."""
        return ";".join(f"{name}={value}" for name, value in self.parts.items() if name not in {"COUNT", "UNTIL"})

    def leaves_out(self, wall: datetime) -> bool:
        """Whether an EXDATE names this moment, or its day."""
        return wall in self.left_out or wall.date() in self.left_out


def read_rule(text: str, zone: ZoneInfo) -> Rule | None:
    """The rule; None when it has no end; Unreadable with the piece that cannot be read."""
    rules, exceptions = [], []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, _, value = line.rpartition(":")
        kind = name.split(";")[0].upper()
        if kind == "EXDATE":
            exceptions += value.split(",")
        elif kind in {"", "RRULE"}:
            rules.append(value)
        else:
            raise Unreadable(line)
    if len(rules) != 1:
        raise Unreadable(text)
    parts = _parts(rules[0])
    if "COUNT" not in parts and "UNTIL" not in parts:
        return None
    return Rule(
        parts=parts,
        until=_end_of(_moment(parts["UNTIL"], zone)) if "UNTIL" in parts else None,
        count=int(parts["COUNT"]) if "COUNT" in parts else None,
        left_out=frozenset(_moment(exception.strip(), zone) for exception in exceptions),
    )


def _parts(rule: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in rule.upper().strip().rstrip(";").split(";"):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in _VALUES or name in parts or not _VALUES[name].fullmatch(value):
            raise Unreadable(part)
        parts[name] = value
    long = parts.get("FREQ") in {"MONTHLY", "YEARLY"}
    numbered = bool(re.search(r"\d", parts.get("BYDAY", "")))
    if (
        "FREQ" not in parts
        or {"COUNT", "UNTIL"} <= parts.keys()
        or (numbered and (not long or "BYMONTHDAY" in parts))
        or ("BYSETPOS" in parts and (not long or numbered or "BYMONTHDAY" in parts or "BYDAY" not in parts))
    ):
        raise Unreadable(rule)
    return parts


def _moment(text: str, zone: ZoneInfo) -> datetime | date:
    """``20270630``, ``20270630T140000`` on the wall, or ``20270630T120000Z``: a day, or what the wall clock shows."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise Unreadable(text)
    day, clock, utc = match.groups()
    try:
        if clock is None:
            return date.fromisoformat(day)
        told = datetime.fromisoformat(f"{day}T{clock}")
        return wall_clock(told.replace(tzinfo=UTC), zone) if utc else told
    except (ValueError, OverflowError):
        raise Unreadable(text) from None


def _end_of(until: datetime | date) -> datetime:
    return until if isinstance(until, datetime) else datetime.combine(until, time.max)


def falls_on(parts: Mapping[str, str], day: date) -> bool:
    """Whether the day is of the weekdays, days of the month and months that the rule asks for, if it does.

    A rule whose own first day is one of them comes again, sooner rather than later.
    """
    last = monthrange(day.year, day.month)[1]
    asked = {name: parts[name].split(",") for name in ("BYDAY", "BYMONTHDAY", "BYMONTH") if name in parts}
    return (
        WEEKDAYS[day.weekday()] in {each[-2:] for each in asked.get("BYDAY", WEEKDAYS)}
        and {str(day.day), str(day.day - last - 1)} & set(asked.get("BYMONTHDAY", [str(day.day)])) != set()
        and str(day.month) in asked.get("BYMONTH", [str(day.month)])
    )
