"""What nobody understands, made fit to be shown: short, printable, and without a badge's number."""

import re

_NUMBER = re.compile(r"(?:[0-9A-Fa-f][ ,.:;_-]?){7,}[0-9A-Fa-f]")
_BINARY = re.compile(r"[^\x20-\x7e]+")

EXAMPLE_CHARS = 80


def fit_to_show(example: bytes, *, most: int = EXAMPLE_CHARS) -> str:
    """Bytes as text for staff: short, printable, and without anything long enough to be a badge's number.

    A damaged frame from a reader still holds most of the number, which goes into no outbox, log or page.
    """
    text = _BINARY.sub(lambda run: f"<{len(run[0])}>", example[: 4 * most].decode("latin-1"))
    return _NUMBER.sub("<number>", text)[:most]
