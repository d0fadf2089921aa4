"""The tables `[lab.opening]` and `[resources.opening]`: every mistake at the place of its own key."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationError
from pydantic_core import InitErrorDetails

from etabli.words import Sentence
from gateway.domain.opening import Opening
from gateway.domain.opening_plain import read_opening
from gateway.domain.refusals import Refusal
from gateway.wording import Words

_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""These sentences speak of no moment."""


def _sentence(refusal: Refusal) -> Sentence:
    said = [Words(lang, zone=UTC, now=_NEVER).say(refusal.code, refusal.params) for lang in ("fr", "en")]
    fr, en = (f"{each.title} {each.sentence}".rstrip(".") for each in said)
    return Sentence(fr, en)


def _read(told: dict[str, Any]) -> dict[str, Any]:
    found = read_opening(told, "UTC")
    if isinstance(found, Opening):
        return told
    wrong: list[InitErrorDetails] = []
    for refusal in found:
        field = str(refusal.params["field"])
        error = ValueError(_sentence(refusal))
        loc = () if field == "opening" else (field,)
        wrong.append({"type": "value_error", "loc": loc, "input": told.get(field), "ctx": {"error": error}})
    raise ValidationError.from_exception_data("opening", wrong)


OpeningTable = Annotated[dict[str, Any], AfterValidator(_read)]
