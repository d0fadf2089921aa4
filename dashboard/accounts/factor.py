"""``/compte/second-facteur``: a second proof, once for each sign-in, for whoever runs the place or chose to."""

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.accounts.cookie import remember
from dashboard.accounts.drawing import scan_me
from dashboard.accounts.entering import go, local, new_secret
from dashboard.accounts.viewer import Posted, browser_of, posted_by_half
from dashboard.dependencies import Asked, Services, digest_of, lab_of
from dashboard.problems import Problem, SignInNeeded
from dashboard.rendering import page
from gateway.domain.accounts import BrowserSession
from gateway.domain.proofs import CARD_LETTERS, RECOVERY_CODES, Proof, SecondFactor, in_groups
from gateway.domain.roles import May, may
from gateway.service import proofs

router = APIRouter(prefix="/compte/second-facteur", include_in_schema=False)

RECOVERY_LENGTH = 12
Toward = Annotated[str, Form(max_length=500)]
Code = Annotated[str, Form(max_length=40)]
Browser = Annotated[BrowserSession, Depends(posted_by_half)]


@router.get("")
def second_factor(request: Request, services: Asked, vers: Annotated[str, Query(max_length=500)] = "") -> HTMLResponse:
    """Asked for, set up, or in place: whichever it is for this browser."""
    browser = browser_of(request)
    if browser is None:
        raise SignInNeeded
    return _shown(request, services, browser, toward=local(vers))


def _shown(
    request: Request, services: Services, browser: BrowserSession, *, toward: str, wrong: str = "", status: int = 200
) -> HTMLResponse:  # fmt: skip
    views = services.store.views()
    factor = views.second_factor(browser.member_id)
    told: dict[str, Any] = {"toward": toward, "wrong": wrong, "needed": _needed(services, browser.member_id)}
    if factor is not None and factor.confirmed_at is not None:
        if not browser.second_factor:
            return page(request, "accounts/factor_asked.html", status=status, private=True, **told)
        left = views.recovery_codes_left(browser.member_id)
        return page(request, "accounts/factor_set.html", status=status, private=True, left=left, **told)
    factor = factor or _begun(services, browser.member_id)
    member = views.member(browser.member_id)
    name = member.email or member.first_name if member else ""
    address = services.codes.address(factor.sealed, name=name, lab=lab_of(request).name)
    typed = in_groups(services.codes.secret(factor.sealed) or "")
    return page(
        request, "accounts/factor_new.html", status=status, private=True, drawing=scan_me(address), typed=typed, **told
    )  # fmt: skip


def _needed(services: Services, member_id: str) -> bool:
    return may(services.store.views().role(member_id), May.RUN)


def _begun(services: Services, member_id: str) -> SecondFactor:
    sealed = services.codes.new()
    services.transact(lambda work, _now: proofs.begin_second_factor(work, member_id=member_id, sealed=sealed))
    return SecondFactor(member_id=member_id, sealed=sealed)


@router.post("")
def prove(request: Request, services: Asked, browser: Browser, code: Code = "", toward: Toward = "") -> Response:
    """A code from the phone, or one of those on paper."""
    member, toward = browser.member_id, local(toward)
    may_try = services.transact(
        lambda work, now: proofs.take_try(work, member_id=member, proof=Proof.SECOND_FACTOR, now=now)
    )
    if not may_try:
        raise Problem("too_many")
    factor = services.store.views().second_factor(member)
    if factor is None:
        return go("/compte/second-facteur", vers=toward)
    cookie, codes = new_secret(), new_codes() if factor.confirmed_at is None else ()
    done = _proved(services, browser, factor, code, cookie, codes)
    if not done:
        return _shown(request, services, browser, toward=toward, wrong="code", status=403)
    if codes:
        response: Response = page(request, "accounts/factor_codes.html", private=True, codes=codes, toward=toward)
    else:
        response = go(toward or "/compte")
    remember(request, response, cookie, browser)
    return response


def _proved(
    services: Services, browser: BrowserSession, factor: SecondFactor, code: str, cookie: str, codes: tuple[str, ...]
) -> bool:  # fmt: skip
    member, session, digest = browser.member_id, browser.id, digest_of(cookie)
    step = services.codes.step(factor.sealed, code, services.clock.now())
    if step is None and factor.confirmed_at is None:
        return False
    if step is None:
        paper = digest_of("".join(code.split()).upper())
        return services.transact(
            lambda work, now: proofs.pass_by_recovery(
                work, member_id=member, session_id=session, cookie=digest, code=paper, now=now
            )
        )
    if codes:
        kept = [digest_of(each) for each in codes]
        return services.transact(
            lambda work, now: proofs.confirm_second_factor(
                work, member_id=member, session_id=session, cookie=digest, step=step, codes=kept, now=now
            )
        )
    return services.transact(
        lambda work, _now: proofs.pass_by_code(work, member_id=member, session_id=session, cookie=digest, step=step)
    )


def new_codes() -> tuple[str, ...]:
    """Codes for the day the phone is lost."""
    return tuple("".join(secrets.choice(CARD_LETTERS) for _ in range(RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES))


@router.post("/retirer")
def remove(services: Asked, viewer: Posted) -> Response:
    """Do without again; not for whoever runs the place."""
    if viewer.may(May.RUN) or not viewer.second_factor:
        raise Problem("forbidden")
    services.transact(lambda work, now: proofs.remove_second_factor(work, member_id=viewer.member_id, now=now))
    return go("/compte/entrer")
