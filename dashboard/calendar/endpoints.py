"""``/calendar/``: feeds of a member (by a secret address), of a resource and of the site."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from dashboard.calendar.answers import calendar_answer, telling_of, words_for
from dashboard.calendar.views import window_at
from dashboard.dependencies import Asked, digest_of, lab_of, words_of
from dashboard.problems import Problem

router = APIRouter(prefix="/calendar", include_in_schema=False)

LONGEST_SECRET = 100
READ = ["GET", "HEAD"]


@router.api_route("/m/{secret}.ics", methods=READ)
def of_member(request: Request, services: Asked, secret: str) -> Response:
    """A member's own bookings and workshops; whoever has the address may read it."""
    views = services.store.views()
    member = views.calendar_owner(digest_of(secret)) if len(secret) <= LONGEST_SECRET else None
    if member is None:
        raise Problem("not_found")
    window = window_at(services.clock.now())
    telling = telling_of(request, words_for(request, member.language))
    feed = telling.of_member(views.agenda_of_member(member.id, window), window)
    return calendar_answer(request, feed, file=lab_of(request).slug, private=True)


@router.api_route("/r/{slug}.ics", methods=READ)
def of_resource(request: Request, services: Asked, slug: str) -> Response:
    """When a resource is taken or closed; nobody is named."""
    views, now = services.store.views(), services.clock.now()
    found = views.resource(slug, now) if len(slug) <= LONGEST_SECRET else None
    if found is None:
        raise Problem("not_found")
    resource, window = found.resource, window_at(now)
    agenda = views.agenda_of_resource(resource.id, window)
    feed = telling_of(request, words_of(request)).of_resource(agenda, resource.names, resource.slug, window)
    return calendar_answer(request, feed, file=resource.slug)


@router.api_route("/site.ics", methods=READ)
def of_site(request: Request, services: Asked) -> Response:
    """When each resource is taken, every workshop, every closure; nobody is named."""
    views, now = services.store.views(), services.clock.now()
    window = window_at(now)
    called = {view.resource.id: (view.resource.names, view.resource.slug) for view in views.floor(now)}
    feed = telling_of(request, words_of(request)).of_site(views.agenda_of_site(window), called.get, window)
    return calendar_answer(request, feed, file=lab_of(request).slug)
