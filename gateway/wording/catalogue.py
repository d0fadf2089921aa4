"""The catalogues, one TOML file per language; ``~`` in them is a no-break space."""

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("fr", "en")
FOLDER = Path(__file__).parent
NO_BREAK = "\N{NO-BREAK SPACE}"

Entry = str | tuple[str, ...] | dict[str, str]
"""A sentence; or variants, of which the first whose values are all known is used; or one for each plural form."""


class Catalogue:
    """Every sentence of one language, by dotted key."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        data = tomllib.loads((FOLDER / f"{lang}.toml").read_text(encoding="utf-8"))
        self._entries = dict(_flatten(data, ""))

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __getitem__(self, key: str) -> Entry:
        return self._entries[key]

    def variants(self, key: str) -> tuple[str, ...]:
        """Every sentence that may be said for this key."""
        entry = self._entries[key]
        if isinstance(entry, str):
            return (entry,)
        return tuple(entry.values()) if isinstance(entry, dict) else entry


@cache
def catalogue(lang: str) -> Catalogue:
    """The catalogue of a language, read once; French for one that has none."""
    return Catalogue(lang if lang in LANGUAGES else LANGUAGES[0])


def _flatten(table: dict[str, Any], prefix: str) -> Iterator[tuple[str, Entry]]:
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and set(value) == {"one", "other"}:
            yield key, {form: _spaced(text) for form, text in value.items()}
        elif isinstance(value, dict):
            yield from _flatten(value, f"{key}.")
        elif isinstance(value, list):
            yield key, tuple(_spaced(text) for text in value)
        else:
            yield key, _spaced(value)


def _spaced(text: str) -> str:
    return text.replace("~", NO_BREAK)
