"""What is typed about a member: read, or sent back with what is wrong with it, field by field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from gateway.domain.members_file import EMAIL, LONGEST, UNFIT, read_day
from gateway.domain.members_plan import end_of, last_day
from gateway.domain.people import Member

FIELDS = ("first_name", "last_name", "email", "reference", "member_until", "birth_date", "charter_version")
DAYS = ("member_until", "birth_date")


@dataclass(slots=True, kw_only=True)
class Typed:
    """What stands in the form; ``errors`` by field are keys of sentences."""

    told: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


def of_member(member: Member, zone: ZoneInfo) -> Typed:
    """The form as it stands before anybody typed."""
    until = last_day(member.member_until, zone).isoformat() if member.member_until else ""
    return Typed(
        told={
            "first_name": member.first_name, "last_name": member.last_name, "email": member.email or "",
            "reference": member.reference or "", "member_until": until,
            "birth_date": member.birth_date.isoformat() if member.birth_date else "",
            "charter_version": str(member.charter_version or ""), "responsible": "1" if member.responsible else "",
            "show_first_name": "1" if member.show_first_name else "",
            "guardian_consent": "1" if member.guardian_consent_at else "",
        }
    )  # fmt: skip


def read_member(told: Mapping[str, str], *, before: Member | None, zone: ZoneInfo, now: datetime) -> Typed:
    """The values to keep, or what is wrong."""
    typed = Typed(told=told)
    for name in FIELDS:
        text = " ".join(told.get(name, "").split(" ")).strip()
        wrong = _wrong(name, text, now)
        if wrong:
            typed.errors[name] = wrong
        elif name in DAYS:
            day = read_day(text) if text else None
            typed.values[name] = end_of(day, zone) if day and name == "member_until" else day
        elif name == "charter_version":
            typed.values[name] = int(text) if text else None
        else:
            typed.values[name] = text or ("" if name == "last_name" else None)
    _keep_the_hour(typed, before, zone)
    for tick in ("responsible", "show_first_name"):
        typed.values[tick] = bool(told.get(tick))
    agreed = before.guardian_consent_at if before else None
    typed.values["guardian_consent_at"] = (agreed or now) if told.get("guardian_consent") else None
    return typed


def _keep_the_hour(typed: Typed, before: Member | None, zone: ZoneInfo) -> None:
    """A form shows days only: one that was left alone must not move the hour of an end."""
    until, held = typed.values.get("member_until"), before.member_until if before else None
    if until and held and last_day(until, zone) == last_day(held, zone):
        typed.values["member_until"] = held


def _wrong(name: str, text: str, now: datetime) -> str | None:
    if name == "first_name" and not text:
        return "members.wrong.first_name"
    if UNFIT.search(text):
        return "members.wrong.character"
    if len(text) > LONGEST:
        return "members.wrong.long"
    if not text:
        return None
    if name == "email" and not EMAIL.fullmatch(text):
        return "members.wrong.email"
    if name == "charter_version" and not (text.isascii() and text.isdigit() and 1 <= int(text) <= 10**6):
        return "members.wrong.charter"
    return _wrong_day(name, text, now) if name in DAYS else None


def _wrong_day(name: str, text: str, now: datetime) -> str | None:
    day: date | None = read_day(text)
    if day is None:
        return "members.wrong.day"
    return "members.wrong.birth" if name == "birth_date" and day > now.date() else None


def changes(member: Member, values: Mapping[str, Any]) -> dict[str, Any]:
    """Only what differs: the log names what was changed."""
    return {name: value for name, value in values.items() if getattr(member, name) != value}
