"""Who looks at a page. Every feature asks here, and nowhere else."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Form, Request
from starlette.datastructures import State

from dashboard.accounts.cookie import same_token, secret_in
from dashboard.dependencies import acts_as, digest_of, services_of, words_of
from dashboard.problems import Problem, SignInNeeded
from gateway.domain.accounts import NOTED_EVERY, BrowserSession, awaits_second_factor
from gateway.domain.people import Role
from gateway.domain.roles import May, may
from gateway.ports.errors import StoreUnavailable
from gateway.ports.views_accounts import SignedInView
from gateway.service import accounts

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A member who is signed in in this browser."""

    member_id: str
    first_name: str
    role: Role
    session_id: str
    second_factor: bool
    language: str | None

    def may(self, what: May) -> bool:
        """Whether their role opens it."""
        return may(self.role, what)


def viewer_of(request: Request) -> Viewer | None:
    """Who is signed in, if anybody; read once for each request. Half signed in is not signed in."""
    found: Viewer | None = _known(request).viewer
    return found


def half_signed_in(request: Request) -> SignedInView | None:
    """Who must still prove a second thing in this browser."""
    found: SignedInView | None = _known(request).half
    return found


def browser_of(request: Request) -> BrowserSession | None:
    """The browser session of this request, of whoever is signed in, be it by half."""
    found: BrowserSession | None = _known(request).browser
    return found


def _known(request: Request) -> State:
    state = request.state
    if not hasattr(state, "viewer"):
        state.viewer, state.half, state.browser = None, None, None
        secret = secret_in(request)
        if secret is not None:
            _read(request, secret)
    return state


def _read(request: Request, secret: str) -> None:
    services = services_of(request)
    now = services.clock.now()
    found = services.store.views().signed_in(digest_of(secret), now)
    if found is None:
        return
    request.state.browser = session = found.session
    if awaits_second_factor(found.role, session, has_one=found.has_second_factor):
        request.state.half = found
        return
    acts_as(request, session.member_id)
    request.state.viewer = Viewer(
        member_id=session.member_id, first_name=found.first_name, role=found.role, session_id=session.id,
        second_factor=session.second_factor, language=found.language,
    )  # fmt: skip
    if now - session.last_seen_at < NOTED_EVERY:
        return
    try:
        with services.store.begin() as work:
            accounts.seen(work, session, found.role, now)
    except StoreUnavailable as error:
        _log.debug("the use of a browser was not noted: %s", error)


def signed_in(request: Request) -> Viewer:
    """Whoever is signed in; nobody: to the way in, and back."""
    viewer = viewer_of(request)
    if viewer is None:
        raise SignInNeeded
    return viewer


def needs_role(*roles: Role) -> Callable[[Request], Viewer]:
    """Only these roles."""

    def asked(request: Request) -> Viewer:
        viewer = signed_in(request)
        if viewer.role not in roles:
            raise Problem("forbidden", detail=words_of(request)("account.not_allowed"))
        return viewer

    return asked


def posted(request: Request, form_token: Annotated[str, Form(max_length=100)] = "") -> Viewer:
    """Whoever is signed in and sent a form of this browser's own pages."""
    viewer = signed_in(request)
    _of_this_browser(request, form_token)
    return viewer


def posted_by_half(request: Request, form_token: Annotated[str, Form(max_length=100)] = "") -> BrowserSession:
    """The same of a browser that is signed in at least by half."""
    browser = browser_of(request)
    if browser is None:
        raise SignInNeeded
    _of_this_browser(request, form_token)
    return browser


def _of_this_browser(request: Request, form_token: str) -> None:
    secret = secret_in(request)
    if secret is None or not same_token(secret, form_token):
        raise Problem("forbidden", detail=words_of(request)("account.stale_form"))


MaybeViewer = Annotated[Viewer | None, Depends(viewer_of)]
SignedIn = Annotated[Viewer, Depends(signed_in)]
Posted = Annotated[Viewer, Depends(posted)]
