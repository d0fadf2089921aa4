"""Policies: rules that a lab turns on. Each is off until the site, a group of equal machines or a resource says it.

What was said is kept as plain JSON by key; what is in force is the site's words, overlaid by the group's, overlaid by
the resource's. ``"off"`` takes back what a wider layer said.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

from gateway.domain.events import Plain

OFF = "off"
Said = dict[str, Plain]
"""The keys that one layer sets; the others are as the wider layer has them."""

P = TypeVar("P")
T = TypeVar("T")

DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_WEEKLY = re.compile(rf"({'|'.join(DAYS)})(?:-({'|'.join(DAYS)}))? ([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


class Wanted(StrEnum):
    """What was expected instead; the words stand in the catalogues."""

    KNOWN_KEY = "known_key"
    WHOLE = "whole"
    FLAG = "flag"
    ONE_OF = "one_of"
    TEXTS = "texts"
    ORDERED = "ordered"
    BY_LANGUAGE = "by_language"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """A key that does not exist or a value that it cannot have."""

    key: str
    value: Any
    wanted: Wanted
    params: dict[str, str | int] = field(default_factory=dict)


class BadPolicy(ValueError):
    """Every mistake in what was said of a policy."""

    def __init__(self, policy: type[Any], problems: tuple[Unfit, ...]) -> None:
        self.policy, self.problems = policy, problems
        super().__init__("; ".join(f"{p.key} = {p.value!r}: {p.wanted} {p.params or ''}".rstrip() for p in problems))


class _NotSo(ValueError):
    def __init__(self, wanted: Wanted, **params: str | int) -> None:
        super().__init__(wanted)
        self.wanted, self.params = wanted, params


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Generic[T]):
    """One key of a policy: its meaning, its value when off, how it is read from JSON and told again."""

    about: str
    off: T
    read: Callable[[Any], T]
    tell: Callable[[T], Plain]
    type: str
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class WeeklyHours:
    """Hours of some days of the week, in minutes of the local day: ``[starts, ends)``, ``ends`` up to 24:00."""

    first_day: int
    last_day: int
    starts: int
    ends: int

    @property
    def days(self) -> frozenset[int]:
        """The days it speaks of, Monday 0; ``fr-mo`` goes over the week's end."""
        length = (self.last_day - self.first_day) % 7
        return frozenset((self.first_day + n) % 7 for n in range(length + 1))

    def on(self, midnight: datetime) -> tuple[datetime, datetime] | None:
        """From when to when on the day that begins at this local ``midnight``; None on other days."""
        if midnight.weekday() not in self.days:
            return None
        return midnight + timedelta(minutes=self.starts), midnight + timedelta(minutes=self.ends)


def whole(about: str, *, least: int = 0, most: int) -> Any:
    """A whole number, None when off."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise _NotSo(Wanted.WHOLE, least=least, most=most)
        return value

    schema = {"type": "integer", "minimum": least, "maximum": most}
    return _field(about, None, read, lambda value: value, f"whole number (≥ {least}, ≤ {most})", schema)


def flag(about: str) -> Any:
    """True or false, False when off."""

    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise _NotSo(Wanted.FLAG)
        return value

    return _field(about, False, read, lambda value: value, "true or false", {"type": "boolean"})


def choice(about: str, *options: str) -> Any:
    """One of these words, None when off."""

    def read(value: Any) -> str:
        if value not in options:
            raise _NotSo(Wanted.ONE_OF, options=", ".join(options))
        return str(value)

    told = " or ".join(f"`{option}`" for option in options)
    return _field(about, None, read, lambda value: value, told, {"enum": list(options)})


def texts(about: str) -> Any:
    """A list of texts, empty when off."""

    def read(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or not all(
            isinstance(one, str) and 0 < len(one) <= 200 for one in value
        ):
            raise _NotSo(Wanted.TEXTS)
        return tuple(value)

    schema = {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 200}}
    return _field(about, (), read, list, "list of text", schema)


def ordered(about: str, *options: str) -> Any:
    """Some of these words, each once, the first before the others; none when off."""

    def read(value: Any) -> tuple[str, ...]:
        told = tuple(value) if isinstance(value, list | tuple) else ()
        if not told or any(one not in options for one in told) or len(set(told)) < len(told):
            raise _NotSo(Wanted.ORDERED, options=", ".join(options))
        return told

    schema = {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"enum": list(options)}}
    return _field(
        about, (), read, list, f"list of {', '.join(f'`{option}`' for option in options)}, the first goes first", schema
    )


def by_language(about: str) -> Any:
    """A text of the lab's own, by language and in French at least; None when off."""

    def read(value: Any) -> dict[str, str]:
        found = value if isinstance(value, dict) and "fr" in value else {}
        if not found or not all(isinstance(text, str) and 0 < len(text) <= 200 for text in found.values()):
            raise _NotSo(Wanted.BY_LANGUAGE)
        return dict(found)

    text = {"type": "string", "minLength": 1, "maxLength": 200}
    schema = {"type": "object", "required": ["fr"], "additionalProperties": text}
    return _field(about, None, read, dict, 'texts like `{ fr = "…", en = "…" }`', schema)


def weekly(about: str) -> Any:
    """Hours of the week such as ``mo-fr 17:00-20:00``, none when off."""
    schema = {"type": "array", "items": {"type": "string", "pattern": f"^{_WEEKLY.pattern}$"}}
    return _field(about, (), _read_weekly, _tell_weekly, 'list of hours like `"mo-fr 17:00-20:00"`', schema)


def _read_weekly(value: Any) -> tuple[WeeklyHours, ...]:
    found = []
    for one in value if isinstance(value, list | tuple) else (None,):
        match = _WEEKLY.fullmatch(one) if isinstance(one, str) else None
        if match is None:
            raise _NotSo(Wanted.WEEKLY)
        first, last, *clock = match.groups()
        starts, ends = (int(clock[i]) * 60 + int(clock[i + 1]) for i in (0, 2))
        if not starts < ends <= 24 * 60:
            raise _NotSo(Wanted.WEEKLY)
        first_day = DAYS.index(first)
        last_day = DAYS.index(last) if last else first_day
        found.append(WeeklyHours(first_day=first_day, last_day=last_day, starts=starts, ends=ends))
    return tuple(found)


def _tell_weekly(value: tuple[WeeklyHours, ...]) -> Plain:
    def told(hours: WeeklyHours) -> str:
        days = DAYS[hours.first_day] + (f"-{DAYS[hours.last_day]}" if hours.last_day != hours.first_day else "")
        (from_h, from_m), (to_h, to_m) = divmod(hours.starts, 60), divmod(hours.ends, 60)
        return f"{days} {from_h:02}:{from_m:02}-{to_h:02}:{to_m:02}"

    return [told(hours) for hours in value]


def _field(
    about: str, off: Any, read: Callable[[Any], Any], tell: Callable[[Any], Plain], type_: str, schema: dict[str, Any]
) -> Any:
    setting = Setting(about=about, off=off, read=read, tell=tell, type=type_, schema=schema)
    return field(default=off, metadata={"setting": setting})


def settings_of(policy: type[Any]) -> dict[str, Setting[Any]]:
    """Every key of a kind of policy."""
    return {item.name: item.metadata["setting"] for item in fields(policy)}


def read_policy(policy: type[P], said: Mapping[str, Any]) -> P:
    """The policy that these words make; BadPolicy with every key and value that cannot be."""
    known, values, problems = settings_of(policy), {}, []
    for key, value in said.items():
        if key not in known:
            problems.append(Unfit(key=key, value=value, wanted=Wanted.KNOWN_KEY, params={"keys": ", ".join(known)}))
            continue
        try:
            values[key] = known[key].off if value == OFF else known[key].read(value)
        except _NotSo as why:
            problems.append(Unfit(key=key, value=value, wanted=why.wanted, params=why.params))
    if problems:
        raise BadPolicy(policy, tuple(problems))
    return policy(**values)


def tell_policy(policy: Any) -> Said:
    """What is in force, as plain JSON; keys that are off are left out."""
    told = {}
    for key, setting in settings_of(type(policy)).items():
        value = getattr(policy, key)
        if value != setting.off:
            told[key] = setting.tell(value)
    return told


def in_force(policy: type[P], *layers: Mapping[str, Any] | None) -> P:
    """The policy of all layers together, the widest first; a key of a later one wins."""
    if not any(layers):
        return policy()
    said: dict[str, Any] = {}
    for layer in layers:
        said |= layer or {}
    return read_policy(policy, said)
