"""Making a member's secret address: told once, only its digest is kept."""

import secrets
from dataclasses import dataclass

from fastapi import Request

from dashboard.dependencies import Services, digest_of
from gateway.ports.store_feeds import CalendarLink
from gateway.service import calendars

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAddress:
    """The address, and what is kept of it."""

    address: str
    link: CalendarLink


def feed_address(request: Request, path: str) -> str:
    """The address of a feed that everybody may read, as this browser knows us."""
    return str(request.base_url.replace(path=f"/calendar/{path}.ics", query=""))


def new_address(request: Request, services: Services, member_id: str) -> NewAddress | None:
    """A new secret address for a member, in place of the one before; None when there is no such member."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    digest = digest_of(secret)
    link = services.transact(lambda work, now: calendars.make_link(work, member_id=member_id, digest=digest, now=now))
    if link is None:
        return None
    return NewAddress(address=str(request.base_url.replace(path=f"/calendar/m/{secret}.ics", query="")), link=link)
