"""``/compte``: one's account, where one is signed in, and one's password."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.accounts.entering import go
from dashboard.accounts.viewer import Posted, SignedIn, Viewer, browser_of
from dashboard.dependencies import Asked, Services, lab_of
from dashboard.problems import SignInNeeded
from dashboard.rendering import page
from gateway.domain import agreements
from gateway.domain.accounts import LONGEST_PASSWORD, SHORTEST_PASSWORD, may_replace_password
from gateway.domain.layers import Policies
from gateway.service import accounts, members

router = APIRouter(prefix="/compte", include_in_schema=False)

SAID = frozenset({"charter_accepted", "charter_not", "ended", "gone", "others_ended", "password_set", "pin_set"})
Secret = Annotated[str, Form(max_length=200)]


@router.get("")
def account(request: Request, services: Asked, viewer: SignedIn, said: str | None = None) -> HTMLResponse:
    """Who one is here, and what can be done about it."""
    views, now = services.store.views(), services.clock.now()
    factor, member = views.second_factor(viewer.member_id), views.member(viewer.member_id)
    if member is None:
        raise SignInNeeded
    use = Policies.of(views.site_policies()).use
    today = now.astimezone(ZoneInfo(lab_of(request).timezone)).date()
    return page(
        request, "accounts/account.html", private=True, member=member,
        charter=agreements.charter(use, member, today), guardian=agreements.guardian(use, member, today),
        charter_version=use.charter_version,
        devices=len(views.browser_sessions(viewer.member_id, now)), has_password=views.password(viewer.member_id) is not None, has_pin=views.pin(viewer.member_id) is not None,
        keys=len(views.passkeys(viewer.member_id)), has_factor=bool(factor and factor.confirmed_at),
        said=said if said in SAID else None,
    )  # fmt: skip


@router.post("/charte")
def accept_charter(services: Asked, viewer: Posted, version: Annotated[int, Form(ge=1, le=10**6)]) -> Response:
    """Agree to the charter, in the version that was on the page."""
    done = services.transact(
        lambda work, now: members.accept_charter(work, id=viewer.member_id, version=version, now=now)
    )
    return go("/compte", said="charter_accepted" if done else "charter_not")


@router.get("/appareils")
def devices(request: Request, services: Asked, viewer: SignedIn, said: str | None = None) -> HTMLResponse:
    """Every browser in which one is signed in."""
    sessions = services.store.views().browser_sessions(viewer.member_id, services.clock.now())
    return page(
        request, "accounts/devices.html", private=True, sessions=sessions, said=said if said in SAID else None
    )  # fmt: skip


@router.post("/appareils/terminer")
def end_device(services: Asked, viewer: Posted, session: Secret = "") -> Response:
    """End one of them; this very one is signed out by the next page."""
    done = services.transact(
        lambda work, now: accounts.sign_out(work, member_id=viewer.member_id, session_id=session, now=now)
    )
    return go("/compte/appareils", said="ended" if done else "gone")


@router.post("/appareils/autres")
def end_others(services: Asked, viewer: Posted) -> Response:
    """End all of them but this one."""
    services.transact(
        lambda work, now: accounts.sign_out_others(
            work, member_id=viewer.member_id, but=viewer.session_id, now=now
        )
    )  # fmt: skip
    return go("/compte/appareils", said="others_ended")


@router.get("/mot-de-passe")
def password_page(request: Request, services: Asked, viewer: SignedIn) -> HTMLResponse:
    """Choose a password."""
    return _password(request, services, viewer, fault=None)


def _password(
    request: Request, services: Services, viewer: Viewer, *, fault: str | None, status: int = 200
) -> HTMLResponse:  # fmt: skip
    return page(
        request, "accounts/password.html", status=status, private=True, fault=fault, shortest=SHORTEST_PASSWORD,
        longest=LONGEST_PASSWORD, asks_old=_asks_old(request, services, viewer),
        email=_address(services, viewer),
    )  # fmt: skip


def _address(services: Services, viewer: Viewer) -> str | None:
    member = services.store.views().member(viewer.member_id)
    return member.email if member else None


def _asks_old(request: Request, services: Services, viewer: Viewer) -> bool:
    browser = browser_of(request)
    if browser is None:
        raise SignInNeeded
    has = services.store.views().password(viewer.member_id) is not None
    return has and not may_replace_password(browser, services.clock.now())


@router.post("/mot-de-passe")
def set_password(request: Request, services: Asked, viewer: Posted, new: Secret = "", old: Secret = "") -> Response:
    """Keep a password, once it is hard enough to guess."""
    views = services.store.views()
    if _asks_old(request, services, viewer) and not services.passwords.matches(views.password(viewer.member_id), old):
        return _password(request, services, viewer, fault="old_wrong", status=403)
    member = views.member(viewer.member_id)
    about = [lab_of(request).name, viewer.first_name]
    about += [member.last_name, *(member.email or "").replace("@", ".").split(".")] if member else []
    fault = services.passwords.fault(new, about)
    if fault is not None:
        return _password(request, services, viewer, fault=str(fault), status=422)
    kept = services.passwords.hash(new)
    services.transact(
        lambda work, now: accounts.set_password(
            work, member_id=viewer.member_id, kept=kept, session_id=viewer.session_id, now=now
        )
    )
    return go("/compte", said="password_set")
