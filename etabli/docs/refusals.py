"""docs/refusals.md: every code that says no, with its words in both languages."""

from etabli.docs.types import sentence
from gateway.domain.refusals import ACCOUNT_MATTERS, NEXT_STEPS, Code, NextStep

_INTRO = """\
# Refusals

*This page is written by `make docs` from `gateway/domain/refusals.py` and the catalogues of `gateway/wording`.*

The answer to a tap or a booking names **every** unmet rule: a stable code, its parameters and what the person can do next.
The codes stand in the API, in events and on the readers' `show_verdict`; the sentences only in the catalogues. Version 1
only adds codes. A public screen shows the first reason that can be acted on, and of account matters (marked ●) only
*come to the desk*.
"""


def page() -> str:
    """The whole page."""
    from gateway.wording.catalogue import LANGUAGES, catalogue

    lines = [_INTRO]
    for code in Code:
        mark = " ●" if code in ACCOUNT_MATTERS else ""
        lines += [f"## `{code}`{mark}", "", "Next: " + ", ".join(f"`{step}`" for step in NEXT_STEPS[code]) + ".", ""]
        for language in LANGUAGES:
            words = catalogue(language)
            title = words.variants(f"refusal.{code}.title")[0]
            why = words.variants(f"refusal.{code}.why")[0]
            lines.append(f"- {language}: **{title}** {why}")
        lines.append("")
    lines += ["# Next steps", "", "| code | fr | en |", "|---|---|---|"]
    for step in NextStep:
        said = [catalogue(language).variants(f"next.{step}")[0] for language in ("fr", "en")]
        lines.append(f"| `{step}` | {sentence(said[0])} | {sentence(said[1])} |")
    return "\n".join(lines) + "\n"
