"""Points as text (InfluxDB's line protocol, JSON), and which points no series takes."""

import json
import math
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from gateway.ports.timeseries import FieldValue, Point

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

INTEGER_FIELDS = frozenset({"event"})
"""The one table of types: these fields are integers, every other number is a float, so that no field's type flaps."""

LONGEST_KEY = 1000
"""Bytes of measurement and tags together; an index cannot hold much more."""
LONGEST_TEXT = 16_000
EARLIEST_NS, LATEST_NS = -(2**63) + 2, 2**63 - 2
# Line protocol has no sure way to write a backslash or a line's end in a name or a tag.
_UNWANTED = "\x00\n\r\\"
_MOST = sys.float_info.max
_INT64 = range(-(2**63), 2**63)

Key = tuple[str, tuple[tuple[str, str], ...]]


def ns_of(at: datetime) -> int:
    """Nanoseconds since 1970, exactly."""
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000


class Refused(ValueError):
    """No series will ever take this point; the text says why."""


def typed(name: str, value: FieldValue) -> FieldValue:
    """A field as it is kept: the same type at every point."""
    if isinstance(value, bool | str):
        return value
    return int(value) if name in INTEGER_FIELDS else float(value)


class Writer:
    """Fields as text, checked on the way; names are checked and escaped once."""

    def __init__(
        self, *, name: Callable[[str], str], text: Callable[[str], str], integer_end: str, most_names: int = 10_000
    ) -> None:
        self._name, self._text, self._integer_end, self._most_names = name, text, integer_end, most_names
        self._names: dict[str, str] = {}

    def fields(self, point: Point) -> str:
        """The fields of a point, with commas between; raises Refused."""
        if not EARLIEST_NS <= point.at_ns <= LATEST_NS:
            raise Refused("its time is out of range")
        if not point.fields:
            raise Refused("it has no fields")
        parts = []
        names = self._names
        for name, value in point.fields.items():
            start = names.get(name) or self._new_name(name)
            # Nearly every field is a float: no call for those. An infinity and what is not a number fail both tests.
            if type(value) is float and name not in INTEGER_FIELDS and -_MOST <= value <= _MOST:
                parts.append(f"{start}{value!r}")
            else:
                parts.append(start + self._other(name, value))
        return ",".join(parts)

    def _new_name(self, name: str) -> str:
        if not _good_name(name):
            raise Refused(f"a field cannot be called {name!r}")
        if len(self._names) >= self._most_names:
            self._names.clear()
        return self._names.setdefault(name, self._name(name))

    def _other(self, name: str, value: FieldValue) -> str:
        if isinstance(value, str):
            if len(value) > LONGEST_TEXT or not _clean(value, "\x00"):
                raise Refused(f"the text of field {name!r} cannot be kept")
            return self._text(value)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, float) and not math.isfinite(value):
            raise Refused(f"field {name!r} is not a finite number")
        if int(value) not in _INT64 and (isinstance(value, int) or name in INTEGER_FIELDS):
            raise Refused(f"field {name!r} is too large")
        return f"{int(value)}{self._integer_end}" if name in INTEGER_FIELDS else repr(float(value))


def check_key(key: Key) -> None:
    """Raise Refused when no series can have this measurement and these tags."""
    measurement, tags = key
    if not _good_name(measurement):
        raise Refused(f"a measurement cannot be called {measurement!r}")
    names = [name for name, _ in tags]
    if len(set(names)) < len(names):
        raise Refused("a tag stands twice")
    for name, value in tags:
        if not _good_name(name) or not _clean(value, _UNWANTED):
            raise Refused(f"tag {name!r} cannot have the value {value!r}")
    if sum(len(part.encode()) for pair in tags for part in pair) + len(measurement.encode()) > LONGEST_KEY:
        raise Refused("its tags are too long")


def _good_name(name: str) -> bool:
    # InfluxDB keeps names with a leading underscore, and "time", for itself.
    return bool(name) and name[0] != "_" and name != "time" and _clean(name, _UNWANTED)


def _clean(text: str, unwanted: str) -> bool:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return False
    return not any([char in text for char in unwanted])  # noqa: C419 - a generator costs more than the four looks


def series_part(key: Key) -> str:
    """The measurement and tags of a line, escaped; a tag without a value is no tag."""
    measurement, tags = key
    told = sorted((name, value) for name, value in tags if value)
    return ",".join([_escaped(measurement, ", "), *(f"{_escaped(n, ',= ')}={_escaped(v, ',= ')}" for n, v in told)])


def line_fields() -> Writer:
    """Fields as line protocol writes them."""
    return Writer(
        name=lambda name: _escaped(name, ",= ") + "=",
        text=lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"',
        integer_end="i",
    )


def json_fields() -> Writer:
    """Fields as JSON writes them, without the braces."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    return Writer(name=lambda name: encode(name) + ":", text=encode, integer_end="")


def _escaped(text: str, special: str) -> str:
    for char in special:
        text = text.replace(char, "\\" + char)
    return text
