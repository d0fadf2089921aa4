"""The addresses of our files, each with its fingerprint, and the hashes that browsers check them against."""

from base64 import b64encode
from functools import cache
from hashlib import sha256, sha384
from pathlib import Path

from markupsafe import Markup

STATIC = Path(__file__).parent / "static"
FONTS = "vendor/fonts.css"


@cache
def static(name: str) -> str:
    """The address of one of our files, with its fingerprint: a new version is never taken from a cache."""
    return f"/static/{name}?v={sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


@cache
def installed(name: str) -> bool:
    """Whether ``make assets`` has put this file in place."""
    return (STATIC / name).is_file()


def _integrity(name: str) -> str:
    return f"sha384-{b64encode(sha384((STATIC / name).read_bytes()).digest()).decode()}"


@cache
def style(name: str, media: str = "") -> Markup:
    """The link to a style sheet."""
    asked = Markup(' media="{}"').format(media) if media else ""
    return Markup('<link rel="stylesheet" href="{}" integrity="{}"{}>').format(static(name), _integrity(name), asked)


def font(at_once: bool) -> Markup:
    """The font that is installed: at once for a browser that has it, else once the page stands (``font.js``)."""
    if not installed(FONTS):
        return Markup()
    if at_once:
        return style(FONTS)
    later = Markup('<meta name="font" content="{}" data-integrity="{}">').format(static(FONTS), _integrity(FONTS))
    return later + Markup('<script type="module" {}></script>').format(script("font.js"))


@cache
def script(name: str) -> Markup:
    """The attributes of a script's tag: where it is, and its hash."""
    return Markup('src="{}" integrity="{}"').format(static(name), _integrity(name))
