"""The step from a proof to a browser that is signed in, whichever proof it was."""

import secrets
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from dashboard.accounts.cookie import device_of, remember
from dashboard.accounts.viewer import browser_of
from dashboard.dependencies import LANGUAGE_COOKIE, Services, digest_of
from dashboard.rendering import YEAR_S
from gateway.domain.accounts import BrowserSession, SignedInBy, awaits_second_factor
from gateway.domain.roles import May, may
from gateway.service import accounts
from gateway.wording import LANGUAGES

SECOND_FACTOR = "/compte/second-facteur"


def local(toward: str) -> str:
    """A path of ours to go on to, or nowhere in particular: a link must not send anybody to another site."""
    fits = toward.startswith("/") and not toward.startswith("//") and "\\" not in toward and toward.isprintable()
    return toward if fits and not toward.startswith("/compte/entrer") else ""


def new_secret() -> str:
    """What a cookie or a link holds: 256 bits of chance."""
    return secrets.token_urlsafe(32)


def go(path: str, **query: str) -> RedirectResponse:
    """To another page of ours, by GET."""
    told = {name: value for name, value in query.items() if value}
    address = f"{path}?{urlencode(told)}" if told else path
    return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})


def enter_as(
    request: Request, services: Services, member_id: str, by: SignedInBy, toward: str, *, second_factor: bool = False
) -> Response | None:
    """Sign a member in; None when they are suspended or gone."""
    cookie, id, device = new_secret(), services.ids.new(), device_of(request)  # noqa: A001
    session = services.transact(
        lambda work, now: accounts.sign_in(
            work, id=id, member_id=member_id, digest=digest_of(cookie), by=by, device=device,
            second_factor=second_factor, now=now,
        )
    )  # fmt: skip
    return entered(request, services, session, cookie, toward) if session else None


def entered(request: Request, services: Services, session: BrowserSession, cookie: str, toward: str) -> Response:
    """The new cookie; whoever was signed in here before is not any more."""
    before = browser_of(request)
    if before is not None:
        services.transact(
            lambda work, now: accounts.sign_out(work, member_id=before.member_id, session_id=before.id, now=now)
        )
    view = services.store.views().signed_in(digest_of(cookie), services.clock.now())
    role = view.role if view else None
    if view and awaits_second_factor(view.role, session, has_one=view.has_second_factor):
        response = go(SECOND_FACTOR, vers=toward)
    else:
        response = go(toward or ("/equipe" if may(role, May.RUN) else "/moi"))
    remember(request, response, cookie, session)
    if view is not None and view.language in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, str(view.language), max_age=YEAR_S, samesite="lax", httponly=True)
    return response
