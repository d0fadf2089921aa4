"""Codes to scan, drawn into the page itself: what they hold is never in an address."""

import segno
from markupsafe import Markup


def scan_me(text: str) -> Markup:
    """A drawing that grows with the page."""
    drawn = segno.make(text, error="m", micro=False)
    # What comes out are numbers: nothing of the text stands in it.
    return Markup(drawn.svg_inline(border=3, light="white", omitsize=True, svgclass="scan", lineclass=None))  # noqa: S704
