"""What the environment says besides the settings: language, file, colours. Light, for `etabli --help`."""

import os
from pathlib import Path

from etabli.words import Language, language_of

FILE = "etabli.toml"


def ui_language(choice: str | None = None) -> Language:
    """The language of the command: ``--lang``, else LC_ALL, LC_MESSAGES, LANG."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    return language_of(choice or next((os.environ[name] for name in names if os.environ.get(name)), None))


def config_file(choice: Path | None = None) -> Path:
    """The file to read: ``--config``, else ETABLI_CONFIG, else etabli.toml here."""
    return choice or Path(os.environ.get("ETABLI_CONFIG") or FILE)


def colours_wanted() -> bool:
    """Whether the environment allows colours (https://no-color.org)."""
    return not os.environ.get("NO_COLOR")
