"""docs/configuration.md: every key of `etabli.toml`, from the settings models themselves."""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from etabli.docs.types import sentence, words
from etabli.settings.models import ChannelSettings, EmailSettings, InfluxSettings, Settings
from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.opening_plain import WEEKDAYS
from gateway.domain.policy import settings_of
from gateway.domain.public_holidays import Holidays
from gateway.domain.use_policy import UsePolicy

_INTRO = """\
# Configuration

*This page is written by `make docs` from the settings' own models.*

`etabli init` writes a commented `etabli.toml`; `etabli check-config` says everything that is wrong with one, in plain
words, with the line. `etabli.toml` says how to start; what a manager edits is in the database. Resources, devices and
trainings named in the file are put into the database by their slug at each start.

- The file is the one of `--config`, else of `ETABLI_CONFIG`, else `etabli.toml` in the present folder.
- Paths are seen from the file's folder. A secret is never written into it: it stands in a file of its own, mode 0600.
- Each key of a table can be set by the environment too, which wins: `ETABLI_WEB__PORT=8081` is `port` in `[web]`,
  `ETABLI_SERIES__INFLUX__URL` is `url` in `[series.influx]`.
"""


def page() -> str:
    """The whole page."""
    parts = [_INTRO]
    for name, field in Settings.model_fields.items():
        model, many = _model_of(field.annotation)
        parts.append(_section(f"[[{name}]]" if many else f"[{name}]", model))
        if name == "series":
            parts.append(_section("[series.influx]", InfluxSettings))
        if name == "notify":
            parts.append(_section("[notify.email]", EmailSettings))
            parts.append(_section("[[notify.channels]]", ChannelSettings))
    parts += [_opening(), _policy("use", UsePolicy), _policy("booking", BookingPolicy), _bridges()]
    return "\n".join(parts).rstrip() + "\n"


def _opening() -> str:
    days = ", ".join(f"`{day}`" for day in WEEKDAYS)
    return "\n".join([
        "## `[lab.opening]`, `[resources.opening]`", "",
        "Opening hours by day, in local time. What stands in the file replaces what staff set, at each start.", "",
        "| key | type | |", "|---|---|---|",
        f'| {days} | list of hours | `["9:00-12:30", "14:00-18:00"]`; `"20:00-2:00"` goes past midnight; none: closed |',
        f"| `holidays` | {' or '.join(f'`{each}`' for each in Holidays)} | closed on these public holidays |",
        "| `zone` | text | a time zone other than the lab's |", "",
    ])  # fmt: skip


def _policy(name: str, policy: type[Any]) -> str:
    """The keys of one kind of policy, which may stand in three places."""
    rows = [f"| `{key}` | {setting.type} | {setting.about} |" for key, setting in settings_of(policy).items()]
    places = ", ".join(f"`[{place}.{name}]`" for place in ("lab", "groups", "resources"))
    return "\n".join([
        f"## {places}", "", sentence(policy.__doc__), "",
        'Every key is off until it is set. A group overrides the lab, a resource its group; `"off"` takes a rule back.',
        "A table that stands in the file replaces what staff set at each start; without one, what they set stays.", "",
        "| key | type | |", "|---|---|---|", *rows, "",
    ])  # fmt: skip


def _model_of(hint: Any) -> tuple[type[BaseModel], bool]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint, False
    found = next(arg for arg in get_args(hint) if isinstance(arg, type) and issubclass(arg, BaseModel))
    return found, get_origin(hint) is tuple


def _section(title: str, model: type[BaseModel]) -> str:
    return "\n".join([f"## `{title}`", "", sentence(model.__doc__), "", *table(model), ""])


def table(model: type[BaseModel]) -> Iterator[str]:
    """The rows of one model."""
    yield "| key | type | default | |"
    yield "|---|---|---|---|"
    for name, field in model.model_fields.items():
        if {InfluxSettings, EmailSettings, ChannelSettings} & {field.annotation, *get_args(field.annotation)}:
            continue
        yield f"| `{name}` | {_type(field)} | {_default(field)} | {sentence(field.description)} |"


def _type(field: FieldInfo) -> str:
    hint = field.annotation
    told = _plain(hint)
    limits = [*field.metadata, *(m for arg in get_args(hint) for m in getattr(arg, "__metadata__", ()))]
    bounds = ", ".join(text for limit in limits for text in _bound(limit))
    return told.removesuffix(" or null") + (f" ({bounds})" if bounds else "")


def _plain(hint: Any) -> str:
    """A type in words, whatever pydantic has wrapped around it."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(f"`{arg}`" for arg in args)
    if hasattr(hint, "__metadata__"):
        return _plain(args[0])
    if origin is tuple:
        return f"list of {_plain(args[0])}"
    if origin is dict:
        return "table" if args[1] is Any else "text, or table of texts by language"
    named = {"Path": "path", "NoneType": "null", "AnyHttpUrl": "address", "HttpUrl": "address", "SecretStr": "text"}
    if isinstance(hint, type) and hint.__name__ in named:
        return named[hint.__name__]
    if origin is not None and args:
        return " or ".join(_plain(arg) for arg in args if arg is not type(None))
    return words(hint)


def _bound(limit: Any) -> Iterator[str]:
    signs = {Ge: "≥", Gt: ">", Le: "≤", Lt: "<"}
    for kind, sign in signs.items():
        if isinstance(limit, kind):
            yield f"{sign} {getattr(limit, kind.__name__.lower())}"
    for inner in getattr(limit, "metadata", ()):
        yield from _bound(inner)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True) if not field.default_factory_takes_validated_data else None
    if value is None or value is PydanticUndefined:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int | float):
        return f"`{value}`"
    if isinstance(value, tuple | list | dict):
        return "`[]`" if isinstance(value, tuple | list) and not value else "none" if not value else f"`{value}`"
    return f'`"{value}"`'


def _bridges() -> str:
    from firmware_bridges.registry import BRIDGES, load

    parts = [
        "## Bridges", "",
        f"The `settings` of a device in `[[devices]]` depend on its `bridge`: {', '.join(f'`{n}`' for n in sorted(BRIDGES))}.",
        "Without one, the device speaks [our own topics](topics.md).", "",
    ]  # fmt: skip
    for name in sorted(BRIDGES):
        model = load(name)[0]
        parts += [f"### `{name}`", "", sentence(model.__doc__), "", *table(model), ""]
    return "\n".join(parts)
