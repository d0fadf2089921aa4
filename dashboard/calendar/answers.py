"""Calendars over HTTP: asked for again and again by programs, and mostly the same as before."""

import hashlib

from fastapi import Request
from fastapi.responses import Response

from dashboard.calendar.ics import Feed, written
from dashboard.calendar.views import Telling
from dashboard.dependencies import lab_of, services_of, words_of
from gateway.ports.views_feeds import Booked
from gateway.wording import Words

MEDIA_TYPE = "text/calendar; charset=utf-8"


def telling_of(request: Request, words: Words) -> Telling:
    """How this lab speaks to whoever asks."""
    return Telling(words, lab_of(request), str(request.base_url).rstrip("/"))


def calendar_answer(request: Request, feed: Feed, *, file: str, private: bool = False) -> Response:
    """The feed, or only that it has not changed."""
    body = written(feed)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache" if private else "no-cache", "Vary": "Accept-Language"}
    if private:
        headers["X-Robots-Tag"] = "noindex"
    if _known(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'inline; filename="{file}.ics"'
    return Response(body, media_type=MEDIA_TYPE, headers=headers)


def booking_file(request: Request, one: Booked) -> Response:
    """One booking to put into a calendar: taken again after a move, it takes the place of the first."""
    body = written(telling_of(request, words_of(request)).of_one(one))
    headers = {"Content-Disposition": f'attachment; filename="{one.slug}.ics"', "Cache-Control": "no-store"}
    return Response(body, media_type=MEDIA_TYPE, headers=headers)


def words_for(request: Request, language: str | None) -> Words:
    """For a program that asks in a member's name: as its address says, else as the member is written to."""
    services = services_of(request)
    asked = request.query_params.get("lang") or language or services.default_language
    return Words(asked, zone=lab_of(request).timezone, now=services.clock.now())


def _known(told: str, etag: str) -> bool:
    return any(part.strip().removeprefix("W/") in {etag, "*"} for part in told.split(","))
