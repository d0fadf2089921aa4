"""Messages to bytes and back: versioned JSON. :class:`BadMessage` is the only error that any bytes can cause.

The shape on the wire is ``{"v": 1, "kind": "...", "body": {...}}``; unknown keys are ignored, so version 1 only grows.
"""

import json
import types
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from math import isfinite
from typing import Any, Union, get_args, get_origin, get_type_hints

from devices.messages import (
    COMMANDS,
    FACTS,
    AccessList,
    Changed,
    ClockTold,
    DeviceStatus,
    ListAsked,
    Message,
    Receipt,
    Sample,
)

VERSION = 1
MAX_BYTES = 64 * 1024
MAX_TEXT = 4096


class BadMessage(ValueError):
    """These bytes are not a message of ours; the text says why, in words fit for a log and for staff."""


Reader = Callable[[Any, str], Any]


def to_plain(value: Any) -> Any:
    """A message, or part of one, as JSON-ready values."""
    kind: Any = type(value)
    return _writer_of(kind)(value)


@cache
def _writer_of(cls: Any) -> Callable[[Any], Any]:
    """What turns values of ``cls`` into JSON-ready ones; worked out once per type."""
    if is_dataclass(cls):
        names = tuple(f.name for f in fields(cls))
        return lambda value: {name: to_plain(getattr(value, name)) for name in names}
    if issubclass(cls, tuple):
        return lambda value: [to_plain(item) for item in value]
    if issubclass(cls, datetime):
        return datetime.isoformat
    return lambda value: value


def _read_text(value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise BadMessage(f"{where}: expected text of at most {MAX_TEXT} characters, got {value!r:.60}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadMessage(f"{where}: text that is not Unicode") from None
    return value


def _read_bool(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise BadMessage(f"{where}: expected true or false, got {value!r:.60}")
    return value


def _read_int(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        raise BadMessage(f"{where}: expected a whole number, got {value!r:.60}")
    return value


def _read_float(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300 or not isfinite(value):
        raise BadMessage(f"{where}: expected a finite number, got {value!r:.60}")
    return float(value)


def _read_moment(value: Any, where: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadMessage(f"{where}: expected an ISO 8601 time, got {value!r:.60}") from None
    if moment.tzinfo is None:
        raise BadMessage(f"{where}: the time has no zone, got {value!r:.60}")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise BadMessage(f"{where}: no calendar holds the time {value!r:.60}") from None


def _reader_for(hint: Any) -> Reader:
    """The function that turns a JSON value into ``hint``; built once per type at import."""
    simple: dict[Any, Reader] = {
        str: _read_text, bool: _read_bool, int: _read_int, float: _read_float, datetime: _read_moment,
    }  # fmt: skip
    if hint in simple:
        return simple[hint]
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (inner,) = (_reader_for(arg) for arg in args if arg is not types.NoneType)
        return lambda value, where: None if value is None else inner(value, where)
    if origin is tuple:
        return _tuple_reader(args)
    if origin is dict:
        return _mapping_reader(_reader_for(args[1]))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _enum_reader(hint)
    if is_dataclass(hint) and isinstance(hint, type):
        return dataclass_reader(hint)
    raise TypeError(f"the codec has no rule for {hint!r}")


def _enum_reader(enum: type[StrEnum]) -> Reader:
    def read(value: Any, where: str) -> StrEnum:
        try:
            return enum(value)
        except ValueError:
            raise BadMessage(f"{where}: expected one of {', '.join(enum)}, got {value!r:.60}") from None

    return read


def _tuple_reader(args: tuple[Any, ...]) -> Reader:
    variadic = len(args) == 2 and args[1] is Ellipsis
    readers = [_reader_for(arg) for arg in args if arg is not Ellipsis]

    def read(value: Any, where: str) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > 1000 or (not variadic and len(value) != len(readers)):
            raise BadMessage(f"{where}: expected a list, got {value!r:.60}")
        each = readers * len(value) if variadic else readers
        return tuple(reader(item, f"{where}[{i}]") for i, (reader, item) in enumerate(zip(each, value, strict=True)))

    return read


def _mapping_reader(inner: Reader) -> Reader:
    def read(value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) > 100:
            raise BadMessage(f"{where}: expected an object, got {value!r:.60}")
        return {_read_text(key, where): inner(item, f"{where}.{key}") for key, item in value.items()}

    return read


def dataclass_reader(cls: type) -> Reader:
    """The reader for one dataclass: missing required keys and wrong types raise BadMessage, unknown keys pass."""
    hints = get_type_hints(cls)
    rows = [
        (f.name, _reader_for(hints[f.name]), f.default is MISSING and f.default_factory is MISSING) for f in fields(cls)
    ]

    def read(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise BadMessage(f"{where}: expected an object, got {value!r:.60}")
        found = {}
        for name, reader, required in rows:
            if name in value:
                found[name] = reader(value[name], f"{where}.{name}")
            elif required:
                raise BadMessage(f"{where}: {name!r} is missing")
        return cls(**found)

    return read


CARRIED: tuple[type[Message], ...] = (
    *FACTS, *COMMANDS, Sample, DeviceStatus, Receipt, Changed, ListAsked, ClockTold, AccessList,
)  # fmt: skip
READERS: dict[str, Reader] = {cls.kind: dataclass_reader(cls) for cls in CARRIED}


def _refuse_constant(text: str) -> Any:
    raise BadMessage(f"{text} is not a JSON number")


def load_object(data: bytes) -> dict[str, Any]:
    """The JSON object in ``data``, or BadMessage for anything else: too long, not UTF-8, not JSON, too deep."""
    if len(data) > MAX_BYTES:
        raise BadMessage(f"{len(data)} bytes, at most {MAX_BYTES} are read")
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
    except BadMessage:
        raise
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"not JSON: {str(error)[:120]}") from None
    if not isinstance(value, dict):
        raise BadMessage(f"expected a JSON object, got {type(value).__name__}")
    if type(value.get("v")) is not int or value["v"] != VERSION:
        raise BadMessage(f"version {value.get('v')!r:.20} is not understood, {VERSION} is")
    return value


def read_message(value: dict[str, Any]) -> Message:
    """The message that an already parsed object carries under ``kind`` and ``body``."""
    kind = value.get("kind")
    reader = READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise BadMessage(f"kind {kind!r:.60} is not known")
    message: Message = reader(value.get("body"), str(kind))
    return message


_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def dump(value: dict[str, Any]) -> bytes:
    """Compact UTF-8 JSON and a newline."""
    return _to_json(value).encode() + b"\n"


def encode(message: Message) -> bytes:
    """A message without an envelope (status, command, receipt, list, live)."""
    return dump({"v": VERSION, "kind": message.kind, "body": to_plain(message)})


def decode(data: bytes) -> Message:
    """The inverse of :func:`encode`; raises BadMessage and nothing else, whatever the bytes."""
    return read_message(load_object(data))
