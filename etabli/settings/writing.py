"""Adding to `etabli.toml` while the lab runs: at its end, so that every line and comment in it stays as it is."""

import json
from pathlib import Path
from typing import Any

from etabli.settings.check import contradictions
from etabli.settings.load import parse, validate
from etabli.settings.models import Settings
from etabli.settings.problems import Misconfigured
from gateway.adapters.private_files import write_whole

Table = dict[str, Any]


def block(table: str, values: Table) -> str:
    """One entry of a list of tables; a dictionary in it becomes a table of its own."""
    plain = [f"{key} = {_value(value)}" for key, value in values.items() if not isinstance(value, dict)]
    inner = [
        line
        for key, value in values.items() if isinstance(value, dict)
        for line in (f"[{table}.{key}]", *(f"{name} = {_value(one)}" for name, one in value.items()))
    ]  # fmt: skip
    return "\n".join((f"[[{table}]]", *plain, *inner)) + "\n"


def _value(value: str) -> str:
    # JSON leaves this one control character as it is; TOML does not allow it.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def append(file: Path, text: str) -> Settings:
    """The settings with ``text`` at the end of their file, which is written whole or not at all.

    The file as it was stays beside it, as ``etabli.toml.bak``. Misconfigured when the file would not be right with it;
    OSError when it cannot be written.
    """
    file = file.resolve()
    old = file.read_bytes()
    new = old.rstrip(b"\n") + b"\n\n" + text.encode()
    source = parse(file, new.decode("utf-8", "replace"))
    settings, problems = validate(source)
    wrong = [*problems, *(each for each in contradictions(source) if not each.warning)]
    if settings is None or wrong:
        raise Misconfigured(wrong, file.name)
    mode = file.stat().st_mode & 0o777
    write_whole(file.with_name(f"{file.name}.bak"), old, mode=mode)
    write_whole(file, new, mode=mode)
    return settings
