"""What InfluxDB's answers to a write mean, and how a batch it refuses in part is divided."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.ports.errors import SeriesUnavailable
from gateway.ports.timeseries import FieldValue, Point

Line = tuple[Point, str]
"""A point and its line."""

_CONFLICT = re.compile(r'input field "(?P<field>.*)" on measurement "(?P<measurement>.*)" is type (?P<type>\w+)')
_DROPPED = re.compile(r"\s*dropped=(\d+)$")
_TYPES: dict[str, type] = {"float": float, "integer": int, "string": str, "boolean": bool}


@dataclass(frozen=True, slots=True, kw_only=True)
class No:
    """The server will never take some of a batch; ``dropped`` says how many, where it told."""

    reason: str
    dropped: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What was asked, for the sentences that staff read."""

    url: str
    org: str
    bucket: str


def understood(target: Target, status: int | None, body: str | None) -> No:
    """The server's refusal of a batch; whatever else it says is SeriesUnavailable, with what to check."""
    code, message = _told(body)
    at = f"InfluxDB at {target.url}"
    if status in (401, 403):
        raise SeriesUnavailable(
            f"{at} refuses the token: check that it may read and write the bucket {target.bucket!r}"
        )  # fmt: skip
    if status == 404:
        raise SeriesUnavailable(
            f"{at} does not know bucket {target.bucket!r} of organisation {target.org!r} ({message or status}): "
            "check both names, or create them"
        )
    if status == 413:
        return No(reason="the point is too large")
    # Any proxy can answer 400; only the server's own words may cost a point.
    if (status, code) in ((400, "invalid"), (422, "unprocessable entity")):
        dropped = _DROPPED.search(message)
        return No(reason=_plain(message), dropped=int(dropped[1]) if dropped else None)
    if status == 429 or (status or 0) >= 500:
        raise SeriesUnavailable(f"{at} cannot take points now ({message or status})")
    raise SeriesUnavailable(f"What answers at {target.url} is no InfluxDB 2 (HTTP {status}): check the address")


def _told(body: str | None) -> tuple[str, str]:
    try:
        told = json.loads(body or "")
        return str(told.get("code", "")), str(told.get("message", ""))
    except (ValueError, AttributeError):
        return "", ""


def _plain(message: str) -> str:
    """The reason alone: the same for points that are refused alike."""
    message = _DROPPED.sub("", message).rsplit("partial write: ", 1)[-1]
    return message.rsplit("': ", 1)[-1] if message.startswith("unable to parse") else message


def divided(part: Sequence[Line], no: No) -> tuple[list[Line], list[Line]]:
    """Two smaller batches: those that a type conflict is about apart from the rest, else halves."""
    conflict = _CONFLICT.search(no.reason)
    if conflict:
        suspects: list[Line] = []
        rest: list[Line] = []
        for line in part:
            value = line[0].fields.get(conflict["field"])
            suspected = line[0].measurement == conflict["measurement"] and _is(value, conflict["type"])
            (suspects if suspected else rest).append(line)
        if suspects and rest:
            return rest, suspects
    middle = len(part) // 2
    return list(part[:middle]), list(part[middle:])


def _is(value: FieldValue | None, type_name: str) -> bool:
    if type_name in ("float", "integer"):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, _TYPES.get(type_name, object))
