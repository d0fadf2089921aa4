"""The addresses of our files, each with its fingerprint, and the hashes that browsers check them against."""

import re
from base64 import b64encode
from functools import cache, lru_cache
from hashlib import sha256, sha384
from pathlib import Path

from markupsafe import Markup

STATIC = Path(__file__).parent / "static"
FONTS = "vendor/fonts.css"
NIGHT = "dark.css"
FRAME = ("tokens.css", NIGHT, "base.css", "components.css")
"""What every page is dressed in, sent as one sheet: each more costs a slow link a round trip."""
BY_NIGHT = {"auto": "(prefers-color-scheme: dark)", "light": "", "dark": "all"}
"""For each look, when the colours of the night hold."""
OWN_SHEETS = frozenset(path.name for path in STATIC.glob("*.css"))


@cache
def static(name: str) -> str:
    """The address of one of our files, with its fingerprint: a new version is never taken from a cache."""
    return f"/static/{name}?v={sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


@cache
def installed(name: str) -> bool:
    """Whether ``make assets`` has put this file in place."""
    return (STATIC / name).is_file()


def _integrity(name: str) -> str:
    return _hash((STATIC / name).read_bytes())


def _hash(data: bytes) -> str:
    return f"sha384-{b64encode(sha384(data).digest()).decode()}"


@cache
def style(name: str) -> Markup:
    """The link to a style sheet: ``booking.css``, or ``frame-auto.css`` for the one of every page in a look."""
    text = sheet(name)
    data = (STATIC / name).read_bytes() if text is None else text.encode()
    address = f"/static/{name}?v={sha256(data).hexdigest()[:12]}"
    return Markup('<link rel="stylesheet" href="{}" integrity="{}">').format(address, _hash(data))


@lru_cache(maxsize=64)
def sheet(name: str) -> str | None:
    """A sheet of ours as it is sent, without what only its authors read; None for any other name."""
    look = name.removeprefix("frame-").removesuffix(".css")
    if look in BY_NIGHT:
        return "".join(_by_night(look) if part == NIGHT else _tight(part) for part in FRAME)
    return _tight(name) if name in OWN_SHEETS else None


def _by_night(look: str) -> str:
    when = BY_NIGHT[look]
    return f"@media {when}{{{_tight(NIGHT)}}}" if when else ""


def _tight(name: str) -> str:
    text = re.sub(r"/\*.*?\*/", "", (STATIC / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s*([{};])\s*", r"\1", re.sub(r"\s+", " ", text)).strip()


def font(at_once: bool) -> Markup:
    """The font that is installed: at once for a browser that has it, else once the page stands (``font.js``)."""
    if not installed(FONTS):
        return Markup()
    if at_once:
        return style(FONTS)
    return Markup('<meta name="font" content="{}" data-integrity="{}">').format(static(FONTS), _integrity(FONTS))


@cache
def script(name: str) -> Markup:
    """The attributes of a script's tag: where it is, and its hash."""
    return Markup('src="{}" integrity="{}"').format(static(name), _integrity(name))
