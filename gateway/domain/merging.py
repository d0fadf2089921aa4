"""Two records of one person: what the one that stays says afterwards."""

from dataclasses import replace
from datetime import datetime

from gateway.domain.people import Member
from gateway.domain.workshops import LIVE, Place, PlaceState, Roll


def merged(keep: Member, gone: Member) -> Member:
    """The record that stays: its own word where it has one, and nothing that the other one granted or forbade is lost.

    A suspension of either stands; the longer membership counts.
    """
    suspended = next((each for each in (keep, gone) if not each.active), None)
    return replace(
        keep,
        last_name=keep.last_name or gone.last_name,
        email=keep.email or gone.email,
        active=suspended is None,
        suspended_reason=suspended.suspended_reason if suspended else None,
        member_until=_later(keep.member_until, gone.member_until),
        created_at=_earliest(keep.created_at, gone.created_at),
        birth_date=keep.birth_date or gone.birth_date,
        charter_version=max(keep.charter_version or 0, gone.charter_version or 0) or None,
        guardian_consent_at=_earliest(keep.guardian_consent_at, gone.guardian_consent_at),
        responsible=keep.responsible or gone.responsible,
        language=keep.language or gone.language,
        reference=keep.reference or gone.reference,
    )


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later end; None is no end."""
    return None if one is None or other is None else max(one, other)


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def one_place(roll: Roll, keep: str, gone: str) -> tuple[Roll, tuple[Place, ...]]:
    """A list on which both stand: the place that says more stays theirs, the other one is nobody's and frees its seat."""
    both = [place for place in roll.places if place.member_id in (keep, gone)]
    stays = max(both, key=_says)
    changed = tuple(
        replace(place, member_id=keep if place is stays else None)
        if place is stays or place.state not in LIVE
        else replace(place, member_id=None, state=PlaceState.LEFT, offered_until=None)
        for place in both
    )
    by_id = {place.id: place for place in changed}
    nobodys_first = tuple(sorted(changed, key=lambda place: place.member_id is not None))
    return replace(roll, places=tuple(by_id.get(place.id, place) for place in roll.places)), nobodys_first


def _says(place: Place) -> tuple[bool, bool, bool, bool, float]:
    return (
        place.qualification_id is not None, bool(place.passed), bool(place.present), place.state in LIVE,
        -place.joined_at.timestamp(),
    )  # fmt: skip
