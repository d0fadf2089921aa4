"""``/equipe``: signing in with a token, badges that nobody has, and how every device is."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup

from dashboard.accounts.cookie import forget, form_token, same_token, secret_in
from dashboard.accounts.throttle import Doing, network_of, throttle_of
from dashboard.accounts.viewer import MaybeViewer, viewer_of
from dashboard.dependencies import STAFF_ROLES, Asked, token_view, words_of
from dashboard.health import failing
from dashboard.problems import Problem
from dashboard.rendering import page
from dashboard.staff.views import MEMBERS_LISTED, badge_desk, device_desk
from gateway.domain.people import Role
from gateway.domain.roles import May
from gateway.service import accounts, members
from gateway.service.members import Enrolment

router = APIRouter(prefix="/equipe", include_in_schema=False)

SESSION_S = 12 * 3600
Small = Annotated[str, Form(max_length=500)]


def _cookie(request: Request) -> str:
    """``__Host-`` pins the cookie to this host, which browsers allow on HTTPS only."""
    return "__Host-etabli_staff" if request.url.scheme == "https" else "etabli_staff"


def secret_of(request: Request) -> str | None:
    """What proves that somebody of the team looks: a live token of theirs, or the account they are signed in with."""
    found = _of_the_team(request)
    return found[0] if found else None


def role_of(request: Request) -> Role | None:
    """What they are."""
    found = _of_the_team(request)
    return found[1] if found else None


def _of_the_team(request: Request) -> tuple[str, Role] | None:
    secret = request.cookies.get(_cookie(request))
    token = token_view(request, secret)
    if secret and token is not None and token.role in STAFF_ROLES:
        return secret, token.role
    viewer, secret = viewer_of(request), secret_in(request)
    return (secret, viewer.role) if viewer is not None and secret and viewer.may(May.RUN) else None


def staff_post(request: Request, form_token: Small = "") -> None:
    """Let a form pass only when somebody of the team sent it from this page."""
    secret = secret_of(request)
    if secret is None:
        raise Problem("forbidden")
    if not same_token(secret, form_token):
        raise Problem("forbidden", detail=words_of(request)("account.stale_form"))


Posted = Depends(staff_post)


def field_of(secret: str) -> Markup:
    """The hidden field that every form of the team carries."""
    return Markup('<input type="hidden" name="form_token" value="{}">').format(form_token(secret))


def acting(request: Request) -> str | None:
    """Who acts, for the log: the id of the member who is signed in, or of the token."""
    viewer = viewer_of(request)
    token = token_view(request, request.cookies.get(_cookie(request)))
    return viewer.member_id if viewer is not None and viewer.may(May.RUN) else token.id if token else None


@router.get("/badges")
def badges(
    request: Request, services: Asked, search: Annotated[str | None, Query(max_length=100)] = None,
    said: str | None = None, member: Annotated[str | None, Query(max_length=64)] = None,
) -> HTMLResponse:  # fmt: skip
    """Badges that nobody has, to be given to somebody."""
    secret, words = secret_of(request), words_of(request)
    if secret is None:
        return page(request, "staff/enter.html", words=words, private=True, wrong=False)
    views = services.store.views()
    named = views.member(member) if said == Enrolment.ENROLLED and member else None
    return page(
        request, "staff/badges.html", words=words, private=True, search=search, listed=MEMBERS_LISTED,
        desk=badge_desk(views, words, services.clock.now(), search), form_field=field_of(secret),
        said=said if said in set(Enrolment) else None, enrolled=named,
    )  # fmt: skip


@router.get("/appareils")
def devices(request: Request, services: Asked) -> HTMLResponse:
    """Every device and how it is, messages set aside, readings refused."""
    secret, words = secret_of(request), words_of(request)
    if secret is None:
        return page(request, "staff/enter.html", words=words, private=True, wrong=False)
    views, now = services.store.views(), services.clock.now()
    return page(
        request, "staff/devices.html", words=words, private=True, desk=device_desk(views, words, now),
        failing=tuple(failing(services)),
    )  # fmt: skip


@router.get("/entrer")
def way_in(lang: Annotated[str | None, Query(max_length=2)] = None) -> Response:
    """Where a refused token leaves the browser: reloading, or the other language, asks for the way in again."""
    return _home(lang=lang) if lang else _home()


@router.post("/entrer")
def enter(request: Request, token: Small = "") -> Response:
    """Take a manager's token for a cookie that no script can read."""
    throttle_of(request).check(request, Doing.TOKEN, network_of(request))
    found = token_view(request, token)
    if found is None or found.role not in STAFF_ROLES:
        throttle_of(request).count(request, Doing.TOKEN, network_of(request))
        return page(request, "staff/enter.html", status=403, private=True, wrong=True)
    response = _home()
    response.set_cookie(
        _cookie(request), token.strip(), max_age=SESSION_S, path="/", httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return response


@router.post("/sortir", dependencies=[Posted])
def leave(request: Request, services: Asked, viewer: MaybeViewer) -> Response:
    """Forget the cookies: whoever leaves the team's page on a shared computer means all of it."""
    response = _home()
    if viewer is not None:
        services.transact(
            lambda work, now: accounts.sign_out(
                work, member_id=viewer.member_id, session_id=viewer.session_id, now=now
            )
        )  # fmt: skip
        forget(request, response)
    response.delete_cookie(_cookie(request), path="/", httponly=True, samesite="strict")
    return response


@router.post("/badges", dependencies=[Posted])
def give_badge(services: Asked, event: Annotated[int, Form(ge=0, lt=2**63)], member: Small) -> Response:
    """Give the badge of an unknown tap to somebody: one click."""
    new = services.ids.new()
    outcome = services.transact(
        lambda work, now: members.enrol_tapped(work, id=new, member_id=member, event_id=event, now=now)
    )
    query = urlencode({"said": outcome, "member": member})
    return RedirectResponse(f"/equipe/badges?{query}", status_code=303, headers={"Cache-Control": "no-store"})


def _home(**query: str) -> RedirectResponse:
    address = f"/equipe?{urlencode(query)}" if query else "/equipe"
    return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})
