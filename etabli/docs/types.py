"""Python types as words for people who write firmware."""

import types
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

_SIMPLE: dict[Any, str] = {
    str: "text", bool: "true or false", int: "whole number", float: "number", datetime: "time, ISO 8601 with zone",
    Any: "anything",
}  # fmt: skip


def words(hint: Any) -> str:
    """``list of [whole number, whole number]``, ``text or null`` …"""
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        told = [words(arg) for arg in args if arg is not types.NoneType]
        return " or ".join([*told, "null"] if types.NoneType in args else told)
    if origin is tuple:
        if len(args) == 2 and args[1] is Ellipsis:
            return f"list of {words(args[0])}"
        return f"[{', '.join(words(arg) for arg in args)}]"
    if origin is dict:
        return f"object of {words(args[1])} by name"
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return "one of " + ", ".join(f"`{value}`" for value in hint)
    if is_dataclass(hint):
        return "{" + ", ".join(f"`{name}`: {told}" for name, told, _ in rows(hint)) + "}"
    return getattr(hint, "__name__", str(hint))


def rows(cls: Any) -> tuple[tuple[str, str, bool], ...]:
    """(field, type in words, whether it must be there) of a dataclass."""
    hints = get_type_hints(cls)
    return tuple(
        (f.name, words(hints[f.name]), f.default is MISSING and f.default_factory is MISSING) for f in fields(cls)
    )


def sentence(text: str | None) -> str:
    """A docstring as one paragraph of Markdown."""
    plain = " ".join((text or "").replace("``", "`").split()).replace(":class:`", "`").replace(":data:`", "`")
    for python, json in (("=False", ": false"), ("=True", ": true"), (" None", " null")):
        plain = plain.replace(python, json)
    return plain
