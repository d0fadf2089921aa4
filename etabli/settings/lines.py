"""On which line of a TOML file a key stands: the standard parser does not say."""

import re

from etabli.settings.problems import Loc

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:"[^"]*"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[\w-]+))*)\s*=""")


def line_index(text: str) -> dict[Loc, int]:
    """The line, from 1, of every table and key; keys inside inline tables go by the line of their table."""
    found: dict[Loc, int] = {}
    counts: dict[Loc, int] = {}
    table: Loc = ()
    fence: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if fence is not None:
            fence = None if fence in line else fence
            continue
        header, key = _HEADER.match(line), _KEY.match(line)
        if header:
            table = _table(_split(header[2]), header[1] == "[[", counts)
            found.setdefault(table, number)
        elif key:
            loc = table + _split(key[1])
            for end in range(len(table) + 1, len(loc) + 1):
                found.setdefault(loc[:end], number)
            rest = line[key.end() :]
            fence = next((mark for mark in ('"""', "'''") if rest.count(mark) == 1), None)
    return found


def nearest(lines: dict[Loc, int], loc: Loc) -> int | None:
    """The line of that key, or of the closest table around it."""
    for end in range(len(loc), 0, -1):
        if loc[:end] in lines:
            return lines[loc[:end]]
    return None


def _split(name: str) -> Loc:
    return tuple(part.strip().strip("\"'") for part in re.findall(r""""[^"]*"|'[^']*'|[^.]+""", name))


def _table(parts: Loc, is_array: bool, counts: dict[Loc, int]) -> Loc:
    """The place of a header: ``[[devices]]`` opens the next entry, ``[devices.settings]`` belongs to the last one."""
    place: Loc = ()
    for index, part in enumerate(parts):
        place += (part,)
        last = index == len(parts) - 1
        if last and is_array:
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place += (counts[place],)
    return place
