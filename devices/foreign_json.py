"""JSON that others wrote: each getter gives a value of the wanted type, None where there is none, or BadMessage."""

import json
from math import isfinite
from typing import Any

from devices.codec import MAX_BYTES, MAX_TEXT, BadMessage

HUGE = 1e15
"""No device of a fab lab has a reading beyond this; JSON allows numbers that no float can hold."""


def _refuse_constant(text: str) -> Any:
    raise BadMessage(f"{text} is not a JSON number")


def load(data: bytes) -> Any:
    """The JSON value in ``data``; BadMessage for anything else: too long, not UTF-8, not JSON, too deep."""
    if len(data) > MAX_BYTES:
        raise BadMessage(f"{len(data)} bytes, at most {MAX_BYTES} are read")
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
    except BadMessage:
        raise
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"not JSON: {str(error)[:120]}") from None


def load_mapping(data: bytes) -> dict[str, Any]:
    """The JSON object in ``data``, or BadMessage."""
    value = load(data)
    if not isinstance(value, dict):
        raise BadMessage(f"expected a JSON object, got {type(value).__name__}")
    return value


def mapping(value: Any, where: str) -> dict[str, Any]:
    """An object; empty for null, which many devices send for what they do not know."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadMessage(f"{where}: expected an object, got {value!r:.60}")
    return value


def number(value: Any, where: str) -> float | None:
    """A finite number of sane size, or None."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -HUGE < value < HUGE or not isfinite(value):
        raise BadMessage(f"{where}: expected a number, got {value!r:.60}")
    return float(value)


def number_in_text(data: bytes, where: str) -> float:
    """A finite number of sane size, written as plain text."""
    try:
        value = number(float(data.decode("ascii")), where)
    except ValueError:
        raise BadMessage(f"{where}: expected a number, got {data!r:.60}") from None
    assert value is not None
    return value


def text(value: Any, where: str) -> str | None:
    """Text, cut to a sane length, or None; empty text counts as none."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise BadMessage(f"{where}: expected text, got {value!r:.60}")
    # JSON can escape half of a surrogate pair, which no database takes.
    return value[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8")


def flag(value: Any, where: str) -> bool | None:
    """True, false or None."""
    if value is not None and not isinstance(value, bool):
        raise BadMessage(f"{where}: expected true or false, got {value!r:.60}")
    return value
