"""How the command speaks: one language, colours on a terminal only, one log line per change."""

import json
import logging
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etabli.settings.environment import colours_wanted
from etabli.settings.problems import Misconfigured
from etabli.words import Language, Sentence
from gateway.ports.errors import (
    BadConfiguration,
    BridgeLost,
    BusUnavailable,
    EtabliError,
    GrafanaRefused,
    SeriesRejected,
    SeriesUnavailable,
    StoreUnavailable,
)

if TYPE_CHECKING:
    from rich.console import Console

    from etabli.settings.models import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What every command is given: the language and the configuration's file."""

    language: Language
    config: Path
    verbose: bool = False

    def say(self, fr: str, en: str) -> str:
        """A sentence in the user's language."""
        return Sentence(fr, en).to(self.language)

    def settings(self) -> "Settings":
        """The settings, or Misconfigured."""
        from etabli.settings.load import load

        return load(self.config)


def rich_console(*, stderr: bool = False) -> "Console":
    """Rich's console: no colours when piped or when NO_COLOR is set, and lines are never broken when piped."""
    from rich.console import Console

    console = Console(stderr=stderr, no_color=None if colours_wanted() else True, highlight=False)
    if not console.is_terminal:
        console = Console(stderr=stderr, no_color=True, highlight=False, width=10_000, soft_wrap=True)
    return console


def print_json(value: Any) -> None:
    """For scripts."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def complain(sentences: Iterable[str]) -> None:
    """What went wrong, one line each, on the error output."""
    red, plain = ("\033[31m", "\033[0m") if sys.stderr.isatty() and colours_wanted() else ("", "")
    for sentence in sentences:
        print(f"{red}✗{plain} {sentence}", file=sys.stderr)


_FAULTS = {
    StoreUnavailable: "la base de données n'est pas utilisable",
    BusUnavailable: "le courtier MQTT n'est pas utilisable",
    SeriesUnavailable: "la base de mesures n'est pas utilisable",
    SeriesRejected: "la base de mesures refuse ces mesures",
    BridgeLost: "l'appareil ne répond pas",
    GrafanaRefused: "Grafana n'a rien fait de cette demande",
    BadConfiguration: "un réglage ne va pas",
}
"""What adapters tell is English; in French it comes after what it is about, and is called what it is."""


def sentences_of(error: EtabliError, language: Language) -> tuple[str, ...]:
    """An error of ours as the user should read it."""
    if isinstance(error, Misconfigured):
        return error.sentences(language)
    said = error.args[0] if error.args else ""
    text = said.to(language) if isinstance(said, Sentence) else str(error)
    if language == "fr" and not isinstance(said, Sentence):
        about = next((fr for kind, fr in _FAULTS.items() if isinstance(error, kind)), "cela n'a pas marché")
        text = f"{about}. Le détail, en anglais : {text}"
    # A key of the configuration keeps its small letter.
    begins_with_word = text.partition(" ")[0].isalpha()
    return (text[:1].upper() + text[1:] if begins_with_word else text,)


class _Lines(logging.Formatter):
    """``2026-03-02 10:00:00  warning  laser is offline: …``; traces only when asked for."""

    converter = staticmethod(time.localtime)

    def __init__(self, *, traces: bool) -> None:
        super().__init__("%(asctime)s  %(levelname)-7s  %(message)s", "%Y-%m-%d %H:%M:%S")
        self._traces = traces

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        level, record.levelname = record.levelname, record.levelname.lower()
        try:
            return super().format(record)
        finally:
            record.levelname = level

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's own name
        """The kind and the sentence, unless traces are wanted."""
        if self._traces:
            return super().formatException(ei)
        return f"  {ei[0].__name__}: {ei[1]} (--verbose shows where)"


def set_up_logging(*, verbose: bool, quiet: bool = False, file: Path | None = None) -> None:
    """Logs go to the error output, or to a file; libraries only speak when something is wrong."""
    handler: logging.Handler = logging.StreamHandler() if file is None else logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(_Lines(traces=verbose))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO)
    for noisy in ("uvicorn", "uvicorn.error", "alembic", "amqtt", "urllib3", "transitions", "asyncio", "sqlalchemy"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
