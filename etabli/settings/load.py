"""From `etabli.toml` and the environment to Settings. The only reader of the environment."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError

from etabli.settings.environment import FILE
from etabli.settings.lines import line_index, nearest
from etabli.settings.models import ENV_DELIMITER, ENV_PREFIX, Settings
from etabli.settings.problems import Loc, Misconfigured, Problem, at, dotted, expected, with_value
from etabli.words import Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A configuration as read: its tables, where each key stands, and what could not be read at all."""

    file: Path
    data: dict[str, Any]
    lines: dict[Loc, int]
    problems: tuple[Problem, ...] = ()

    def problem(self, loc: Loc, says: Sentence, *, warning: bool = False) -> Problem:
        """A problem with the key at that place."""
        name = env_name(loc)
        if name in os.environ:
            return Problem(key=with_value(name, os.environ[name]), says=says, warning=warning, in_file=False)
        key = with_value(dotted(loc, self.data), at(self.data, loc))
        return Problem(key=key, says=says, line=nearest(self.lines, loc), warning=warning)


def env_name(loc: Loc) -> str:
    """The environment's name for a key."""
    return ENV_PREFIX + ENV_DELIMITER.join(str(step).upper() for step in loc)


def read(file: Path) -> Source:
    """The file's tables; what keeps it from being read is in ``problems``."""
    empty = Source(file=file, data={}, lines={})
    try:
        text = file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        says = Sentence(
            "ce fichier n'existe pas ; `etabli init` en écrit un", "there is no such file; `etabli init` writes one"
        )
    except UnicodeDecodeError:
        says = Sentence("ce fichier n'est pas du texte UTF-8", "this file is not UTF-8 text")
    except OSError as error:
        says = Sentence(f"illisible ({error.strerror})", f"cannot be read ({error.strerror})")
    else:
        return parse(file, text)
    return replace(empty, problems=(Problem(key=file.name, says=says),))


def parse(file: Path, text: str) -> Source:
    """The same of a text that stands in the file, or is to."""
    source = Source(file=file, data={}, lines={})
    try:
        return replace(source, data=tomllib.loads(text), lines=line_index(text))
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).partition(" (at line ")
        line = int(place.split(",")[0]) if place[:1].isdigit() else None
        says = Sentence(f"ce n'est pas du TOML (en anglais : {reason})", f"this is not TOML ({reason})")
        return replace(source, problems=(Problem(key="TOML", says=says, line=line),))


def validate(source: Source) -> tuple[Settings | None, tuple[Problem, ...]]:
    """The settings, or every problem that their shapes have; paths are seen from the folder of the file."""
    if source.problems:
        return None, source.problems
    try:
        return rooted(Settings(**source.data), source.file.parent), ()
    except ValidationError as error:
        return None, shape_problems(source, error)
    except SettingsError as error:
        text = str(error)
        return None, (Problem(key=ENV_PREFIX + "…", says=Sentence(text, text), in_file=False),)


def shape_problems(source: Source, error: ValidationError, inside: Loc = ()) -> tuple[Problem, ...]:
    """One problem per error of pydantic's, at its place in the file."""
    found = []
    for one in error.errors(include_url=False):
        loc = inside + tuple(step for step in one["loc"] if step != "[key]")
        found.append(source.problem(loc, expected(one)))
    return tuple(found)


def load(file: Path) -> Settings:
    """The settings of a file, or Misconfigured with every problem of its shape."""
    settings, problems = validate(read(file))
    if settings is None:
        raise Misconfigured(problems, file.name)
    return settings


def rooted(settings: Settings, folder: Path) -> Settings:
    """The same settings with every path absolute."""
    root = folder.resolve()
    return settings.model_copy(update={name: _rooted(getattr(settings, name), root) for name in Settings.model_fields})


def _rooted(value: Any, root: Path) -> Any:
    """Paths in models, lists of models, and the ``…_file`` keys of a bridge's own settings."""
    if isinstance(value, Path):
        return root / value.expanduser()
    if isinstance(value, BaseModel):
        names = type(value).model_fields
        return value.model_copy(update={name: _rooted(getattr(value, name), root) for name in names})
    if isinstance(value, tuple):
        return tuple(_rooted(each, root) for each in value)
    if isinstance(value, dict):
        files = {
            k: str(root / Path(v).expanduser()) for k, v in value.items() if k.endswith("_file") and isinstance(v, str)
        }
        return value | files
    return value


def secret(file: Path, key: str) -> str:
    """What a secret's file holds, without the newline; Misconfigured when it cannot be read."""
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "UTF-8"
        says = Sentence(f"ce fichier est illisible ({why})", f"this file cannot be read ({why})")
        raise Misconfigured((Problem(key=with_value(key, str(file)), says=says),), FILE) from None


def unknown_names(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the environment that look like settings and are none."""
    tables = {name.upper() for name in Settings.model_fields}
    known = {"CONFIG", "NO_SKIP"}
    found = []
    for name in environ:
        rest = name.removeprefix(ENV_PREFIX)
        if rest != name and rest.split(ENV_DELIMITER)[0] not in tables | known:
            found.append(name)
    return tuple(sorted(found))


def secret_is_open(file: Path) -> bool:
    """Whether others than its owner may read a secret."""
    return bool(file.stat().st_mode & 0o077)
