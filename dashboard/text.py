"""Text that came from a file, a machine or a stranger, made fit for a line of a page."""

import unicodedata

MOST = 80
UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Control and format characters: among them those that turn the reading direction around."""


def one_line(text: str | None, most: int = MOST) -> str:
    """The text on one line, without characters that cannot be seen, cut where it would go on and on."""
    if not text:
        return ""
    seen = "".join(" " if letter.isspace() else letter for letter in text[: 8 * most] if _shown(letter))
    line = " ".join(seen.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _shown(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter) not in UNSEEN
