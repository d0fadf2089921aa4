"""``/compte/entrer`` and ``/compte/sortir``: by a link sent to one's address, by a password, and in the demo at once."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.accounts import keys
from dashboard.accounts.cookie import device_of, forget
from dashboard.accounts.entering import SECOND_FACTOR, enter_as, entered, go, local, new_secret
from dashboard.accounts.letters import link_letter
from dashboard.accounts.throttle import Doing, throttle_of
from dashboard.accounts.viewer import MaybeViewer, half_signed_in, posted_by_half
from dashboard.dependencies import Asked, Services, digest_of
from dashboard.problems import Problem
from dashboard.rendering import page
from gateway.domain.accounts import BrowserSession, SignedInBy, address_key
from gateway.domain.people import Member, Role
from gateway.service import accounts

router = APIRouter(prefix="/compte", include_in_schema=False)

NEAR = frozenset({"127.0.0.1", "::1"})
"""This very computer."""

Address = Annotated[str, Form(max_length=254)]
Toward = Annotated[str, Form(max_length=500)]
Secret = Annotated[str, Form(max_length=200)]
Leaving = Annotated[BrowserSession, Depends(posted_by_half)]


@router.get("/entrer")
def way_in(
    request: Request, viewer: MaybeViewer, services: Asked, vers: Annotated[str, Query(max_length=500)] = "",
    perdu: bool = False, cle: bool = False,
) -> Response:  # fmt: skip
    """The ways to sign in; whoever is signed in goes on."""
    if viewer is not None:
        return go(local(vers) or "/compte")
    if half_signed_in(request) is not None:
        return go(SECOND_FACTOR, vers=local(vers))
    return _enter(request, services, toward=local(vers), lost=perdu, wrong="key" if cle else "")


def _enter(
    request: Request, services: Services, *, status: int = 200, toward: str = "", lost: bool = False, wrong: str = "",
    address: str = "",
) -> HTMLResponse:  # fmt: skip
    by_key = keys.possible(request)
    by_mail = services.mail is not None and services.address is not None
    return page(
        request, "accounts/enter.html", status=status, private=True, by_mail=by_mail, by_key=by_key, toward=toward, lost=lost,
        wrong=wrong, address=address, people=_demo_people(request, services) if services.demo else (),
    )  # fmt: skip


def _demo_people(request: Request, services: Services) -> tuple[tuple[Member, Role, str], ...]:
    """Whom one can be at one click, with what that opens: from another computer a member alone."""
    views, near = services.store.views(), request.client is not None and request.client.host in NEAR
    found = ((views.member(member), views.role(member), secret) for secret, member in services.doors.items())
    return tuple((who, role, secret) for who, role, secret in found if who and role and (near or role is Role.MEMBER))


@router.post("/entrer")
def ask_link(request: Request, services: Asked, address: Address = "", toward: Toward = "") -> Response:
    """Send a link. Who has an account is nobody's business: the answer is always the same."""
    secret, key = new_secret(), address_key(address)
    if services.mail is None or services.address is None:
        raise Problem("not_found")
    if "@" not in key:
        return _enter(request, services, status=422, wrong="address", address=address, toward=local(toward))
    throttle_of(request).check(request, Doing.LINK, key)
    throttle_of(request).count(request, Doing.LINK, key)
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
    throttle, key = throttle_of(request), address_key(address)
    throttle.check(request, Doing.PASSWORD, key)
    views = services.store.views()
    found = views.members_at(key)
    fits = [member for member in found if services.passwords.matches(views.password(member.id), password)]
    if not found:
        services.passwords.matches(None, password)
    done = enter_as(request, services, fits[0].id, SignedInBy.PASSWORD, local(toward)) if fits else None
    if done is None:
        throttle.count(request, Doing.PASSWORD, key)
    return done or _enter(request, services, status=403, wrong="password", address=address, toward=local(toward))


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
    return entered(request, services, session, cookie, toward)


def _people_of(services: Services, secret: str) -> tuple[Member, ...]:
    views = services.store.views()
    found = views.link(digest_of(secret), services.clock.now()) if len(secret) <= 100 else None
    return views.members_at(found.address) if found else ()


@router.get("/demo/{secret}")
def demo_door(
    request: Request, services: Asked, secret: str, vers: Annotated[str, Query(max_length=500)] = ""
) -> Response:
    """The demo alone: be somebody at one click."""
    member = services.doors.get(secret)
    done = member and enter_as(request, services, member, SignedInBy.DEMO, local(vers), second_factor=True)
    if not done:
        raise Problem("not_found")
    return done


@router.post("/sortir")
def leave(request: Request, services: Asked, browser: Leaving) -> Response:
    """End this browser session."""
    services.transact(
        lambda work, now: accounts.sign_out(work, member_id=browser.member_id, session_id=browser.id, now=now)
    )
    response = go("/")
    forget(request, response)
    return response
