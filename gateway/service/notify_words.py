"""What a message says: words from the catalogues in its reader's language, names from the store at the time of sending."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.domain.notices import Notice
from gateway.domain.people import Member
from gateway.domain.telling import wording_key
from gateway.ports.views import Views
from gateway.wording import LANGUAGES, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class LabWords:
    """How the lab itself speaks."""

    language: str
    zone: str
    name: str


def letter_words(views: Views, notice: Notice, member: Member, lab: LabWords, now: datetime) -> tuple[str, str, str]:
    """Subject, text and language."""
    language = member.language if member.language in LANGUAGES else lab.language
    words = Words(language, zone=lab.zone, now=now)
    params = _params(views, notice, now)
    key = wording_key(notice.kind, notice.data)
    body = words(f"{key}.text", **params)
    subject = " ".join(words(f"{key}.subject", **params).splitlines())
    return subject, words("notice.letter", first_name=member.first_name, body=body, lab=lab.name), language


def _params(views: Views, notice: Notice, now: datetime) -> dict[str, Any]:
    data: dict[str, Any] = dict(notice.data)
    found: dict[str, Any] = {
        name: data[name] for name in ("starts", "ends", "until", "titles", "reason", "days", "back_at", "shelf")
        if data.get(name) is not None
    }  # fmt: skip
    if data.get("expires_at"):
        found["until"] = data["expires_at"]
    floor = views.floor(now) if notice.resource_id else ()
    names = next((view.resource.names for view in floor if view.resource.id == notice.resource_id), None)
    training = next((each.names for each in views.trainings() if each.slug == data.get("training")), None)
    return found | {"names": names or {"fr": "…"}, "training_names": training or {"fr": "…"}}
