"""``/compte/entrer`` and ``/compte/sortir``: by a link sent to one's address, by a password, and in the demo at once."""

import secrets
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from dashboard.accounts.cookie import device_of, forget, remember
from dashboard.accounts.letters import link_letter
from dashboard.accounts.viewer import MaybeViewer, Posted, viewer_of
from dashboard.dependencies import LANGUAGE_COOKIE, Asked, Services, digest_of
from dashboard.problems import Problem
from dashboard.rendering import YEAR_S, page
from gateway.domain.accounts import BrowserSession, SignedInBy, address_key
from gateway.domain.people import Member
from gateway.domain.roles import May, may
from gateway.service import accounts
from gateway.wording import LANGUAGES

router = APIRouter(prefix="/compte", include_in_schema=False)

Address = Annotated[str, Form(max_length=254)]
Toward = Annotated[str, Form(max_length=500)]
Secret = Annotated[str, Form(max_length=200)]


def local(toward: str) -> str:
    """A path of ours to go on to, or nowhere in particular: a link must not send anybody to another site."""
    fits = toward.startswith("/") and not toward.startswith("//") and "\\" not in toward and toward.isprintable()
    return toward if fits and not toward.startswith("/compte/entrer") else ""


def new_secret() -> str:
    """What a cookie or a link holds: 256 bits of chance."""
    return secrets.token_urlsafe(32)


@router.get("/entrer")
def way_in(
    request: Request, viewer: MaybeViewer, services: Asked, vers: Annotated[str, Query(max_length=500)] = "",
    perdu: bool = False,
) -> Response:  # fmt: skip
    """The ways to sign in; whoever is signed in goes on."""
    if viewer is not None:
        return _go(local(vers) or "/compte")
    return _enter(request, services, toward=local(vers), lost=perdu)


def _enter(
    request: Request, services: Services, *, status: int = 200, toward: str = "", lost: bool = False, wrong: str = "",
    address: str = "",
) -> HTMLResponse:  # fmt: skip
    by_mail = services.mail is not None and services.address is not None
    return page(
        request, "accounts/enter.html", status=status, private=True, by_mail=by_mail, toward=toward, lost=lost,
        wrong=wrong, address=address,
    )  # fmt: skip


@router.post("/entrer")
def ask_link(request: Request, services: Asked, address: Address = "", toward: Toward = "") -> Response:
    """Send a link. Who has an account is nobody's business: the answer is always the same."""
    secret, key = new_secret(), address_key(address)
    if services.mail is None or services.address is None:
        raise Problem("not_found")
    if "@" not in key:
        return _enter(request, services, status=422, wrong="address", address=address, toward=local(toward))
    found = services.store.views().members_at(key)
    link = services.transact(
        lambda work, now: accounts.ask_link(
            work, digest=digest_of(secret), address=key, toward=local(toward), now=now
        )
    )  # fmt: skip
    if found:
        services.mail(link_letter(request, link, found, f"{services.address}/compte/lien/{secret}"))
    return page(request, "accounts/sent.html", private=True, address=key)


@router.post("/entrer/mot-de-passe")
def by_password(
    request: Request, services: Asked, address: Address = "", password: Secret = "", toward: Toward = ""
) -> Response:
    """Address and password. A wrong one and an unknown address are one answer, and take as long."""
    views = services.store.views()
    found = views.members_at(address_key(address))
    fits = [member for member in found if services.passwords.matches(views.password(member.id), password)]
    if not found:
        services.passwords.matches(None, password)
    entered = _signed_in(request, services, fits[0].id, SignedInBy.PASSWORD, local(toward)) if fits else None
    return entered or _enter(
        request, services, status=403, wrong="password", address=address, toward=local(toward)
    )  # fmt: skip


@router.get("/lien/{secret}")
def link(request: Request, services: Asked, secret: str) -> HTMLResponse:
    """Where a link lands: a button. Programs that look into letters follow links, and must not use them up."""
    found = _people_of(services, secret)
    return page(request, "accounts/link.html", status=200 if found else 410, private=True, people=found, secret=secret)


@router.post("/lien/{secret}")
def use_link(request: Request, services: Asked, secret: str, member: Secret = "") -> Response:
    """Use the link up and sign in."""
    views, now = services.store.views(), services.clock.now()
    toward = found.toward if (found := views.link(digest_of(secret), now)) else ""
    chosen = next((one for one in _people_of(services, secret) if one.id == member), None)
    cookie, id, digest = new_secret(), services.ids.new(), digest_of(secret)  # noqa: A001
    session = chosen and services.transact(
        lambda work, now: accounts.sign_in_by_link(
            work, link=digest, id=id, member_id=member, digest=digest_of(cookie), device=device_of(request), now=now
        )
    )
    if not session:
        return page(request, "accounts/link.html", status=410, private=True, people=(), secret=secret)
    return _entered(request, services, session, cookie, toward)


def _people_of(services: Services, secret: str) -> tuple[Member, ...]:
    views = services.store.views()
    found = views.link(digest_of(secret), services.clock.now()) if len(secret) <= 100 else None
    return views.members_at(found.address) if found else ()


@router.get("/demo/{secret}")
def demo_door(request: Request, services: Asked, secret: str) -> Response:
    """The demo alone: be somebody at one click."""
    member = services.doors.get(secret)
    entered = member and _signed_in(request, services, member, SignedInBy.DEMO, "")
    if not entered:
        raise Problem("not_found")
    return entered


def _signed_in(
    request: Request, services: Services, member_id: str, by: SignedInBy, toward: str
) -> Response | None:  # fmt: skip
    cookie, id, device = new_secret(), services.ids.new(), device_of(request)  # noqa: A001
    session = services.transact(
        lambda work, now: accounts.sign_in(
            work, id=id, member_id=member_id, digest=digest_of(cookie), by=by, device=device,
            second_factor=by is SignedInBy.DEMO, now=now,
        )
    )  # fmt: skip
    return _entered(request, services, session, cookie, toward) if session else None


def _entered(request: Request, services: Services, session: BrowserSession, cookie: str, toward: str) -> Response:
    """The new cookie; whoever was signed in here before is not any more."""
    before = viewer_of(request)
    if before is not None:
        services.transact(
            lambda work, now: accounts.sign_out(
                work, member_id=before.member_id, session_id=before.session_id, now=now
            )
        )  # fmt: skip
    views = services.store.views()
    member, role = views.member(session.member_id), views.role(session.member_id)
    response = _go(toward or ("/equipe" if may(role, May.RUN) else "/compte"))
    remember(request, response, cookie, session)
    if member is not None and member.language in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, str(member.language), max_age=YEAR_S, samesite="lax", httponly=True)
    return response


@router.post("/sortir")
def leave(request: Request, services: Asked, viewer: Posted) -> Response:
    """End this browser session."""
    services.transact(
        lambda work, now: accounts.sign_out(work, member_id=viewer.member_id, session_id=viewer.session_id, now=now)
    )
    response = _go("/")
    forget(request, response)
    return response


def _go(path: str, **query: str) -> RedirectResponse:
    address = f"{path}?{urlencode(query)}" if query else path
    return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})
