"""``/equipe/jetons``: what programs and screens may do here, until when, and the way to end it."""

import secrets
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.accounts.cookie import form_token
from dashboard.accounts.entering import go
from dashboard.dependencies import Asked, Services, digest_of, words_of
from dashboard.problems import Problem, SignInNeeded
from dashboard.rendering import page
from dashboard.staff.endpoints import Posted, role_of, secret_of
from gateway.domain.people import Role
from gateway.domain.roles import May, may
from gateway.service import members

router = APIRouter(prefix="/equipe/jetons", include_in_schema=False)

PREFIX = "etb_"
SCOPES = (Role.AUDITOR, Role.MANAGER, Role.ADMINISTRATOR, Role.KIOSK)
DAYS = (30, 90, 365, 1825)
"""A token without an end is one that nobody remembers."""
Small = Annotated[str, Form(max_length=100)]


def administers(request: Request) -> str:
    """What proves that whoever looks administers the place."""
    secret, role = secret_of(request), role_of(request)
    if secret is None or role is None:
        raise SignInNeeded
    if not may(role, May.ADMINISTER):
        raise Problem("forbidden", detail=words_of(request)("tokens.not_yours"))
    return secret


@router.get("")
def every(request: Request, services: Asked, said: str | None = None) -> HTMLResponse:
    """Every live token, and a form for a new one."""
    secret = administers(request)
    return _listed(request, services, secret, said=said if said in ("revoked", "gone") else None)


def _listed(
    request: Request, services: Services, secret: str, *, said: str | None = None, made: str | None = None,
    wrong: str | None = None, status: int = 200,
) -> HTMLResponse:  # fmt: skip
    views, now = services.store.views(), services.clock.now()
    return page(
        request, "tokens/list.html", status=status, private=True, tokens=views.tokens(now), said=said, made=made,
        wrong=wrong, scopes=SCOPES, days=DAYS, resources=[view.resource for view in views.floor(now)],
        form_token=form_token(secret),
    )  # fmt: skip


@router.post("", dependencies=[Posted])
def make(
    request: Request, services: Asked, label: Small = "", scope: Small = "", resource: Small = "",
    days: Annotated[int, Form()] = DAYS[0],
) -> HTMLResponse:  # fmt: skip
    """A new token; its secret is shown this once."""
    secret = administers(request)
    named, kiosk = " ".join(label.split()), scope == Role.KIOSK
    known = {view.resource.slug for view in services.store.views().floor(services.clock.now())}
    if not named or scope not in SCOPES or days not in DAYS or (kiosk and resource not in known):
        wrong = "resource" if named and kiosk else "label"
        return _listed(request, services, secret, wrong=wrong, status=422)
    token, id = PREFIX + secrets.token_urlsafe(24), services.ids.new()  # noqa: A001
    services.transact(
        lambda work, now: members.make_token(
            work, id=id, digest=digest_of(token), role=Role(scope), label=named, resource=resource if kiosk else None,
            expires_at=now + timedelta(days=days), now=now,
        )
    )  # fmt: skip
    root = services.address or str(request.base_url).rstrip("/")
    return _listed(request, services, secret, made=f"{root}/kiosk/{resource}?key={token}" if kiosk else token)


@router.post("/{id}/retirer", dependencies=[Posted])
def revoke(request: Request, services: Asked, id: str) -> Response:
    """The token is worth nothing any more."""
    administers(request)
    done = services.transact(lambda work, now: work.revoke_token(id, now))
    return go("/equipe/jetons", said="revoked" if done else "gone")
