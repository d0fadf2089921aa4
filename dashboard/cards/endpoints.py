"""``/equipe/cartes``: a card for whoever has neither an address nor a telephone."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from dashboard.accounts.cookie import form_token
from dashboard.accounts.drawing import scan_me
from dashboard.accounts.entering import go
from dashboard.dependencies import Asked, digest_of, words_of
from dashboard.problems import Problem
from dashboard.rendering import page
from dashboard.staff.endpoints import Posted, role_of, secret_of
from gateway.domain.people import Role
from gateway.domain.proofs import CARD_LENGTH, CARD_LETTERS, PIN_DIGITS, in_groups, pin_fault
from gateway.domain.roles import May, may, may_give
from gateway.service import accounts, proofs
from gateway.service.accounts import Giving

router = APIRouter(prefix="/equipe/cartes", include_in_schema=False)

LISTED = 50
SAID = frozenset({"revoked", "none", "role"})


@router.get("")
def every(
    request: Request, services: Asked, search: Annotated[str | None, Query(max_length=100)] = None,
    said: str | None = None,
) -> Response:  # fmt: skip
    """Members, and the card that each holds."""
    secret = secret_of(request)
    if secret is None:
        return RedirectResponse("/equipe", status_code=303)
    views = services.store.views()
    found = views.members(limit=LISTED, cursor=None, search=search).rows
    ids, giver = [member.id for member in found], role_of(request)
    cards, roles = views.cards(ids), views.roles(ids)
    return page(
        request, "cards/list.html", private=True, people=found, cards=cards, search=search, roles=roles,
        to_give={each: roles_to_give(giver, role) for each, role in roles.items()},
        administers=may(giver, May.ADMINISTER), form_token=form_token(secret), said=said if said in SAID else None, listed=LISTED,
    )  # fmt: skip


def roles_to_give(giver: Role | None, old: Role) -> tuple[Role, ...]:
    """What somebody of this role may turn a member into."""
    return tuple(role for role in Role if giver is not None and role is not old and may_give(giver, old, role))


@router.post("/{member}/role", dependencies=[Posted])
def give_role(
    request: Request, services: Asked, member: str, role: Annotated[str, Form(max_length=20)] = ""
) -> Response:  # fmt: skip
    """Make a member something else here."""
    giver = role_of(request)
    if giver is None or role not in set(Role):
        raise Problem("forbidden")
    given = services.transact(
        lambda work, now: accounts.give_role(work, member_id=member, role=Role(role), giver=giver, now=now)
    )
    if given is not Giving.GIVEN:
        raise _not_given(request, given)
    return go("/equipe/cartes", said="role")


def _not_given(request: Request, given: Giving) -> Problem:
    missing = given is Giving.NO_SUCH_MEMBER
    return Problem("not_found" if missing else "forbidden", detail=words_of(request)(f"cards.refused.{given}"))


@router.post("/{member}", dependencies=[Posted])
def make(request: Request, services: Asked, member: str) -> HTMLResponse:
    """A new card and its code, to print now: they are shown this once."""
    person, giver = services.store.views().member(member), role_of(request)
    if person is None or giver is None:
        raise Problem("not_found")
    letters, pin, id = new_letters(), new_pin(), services.ids.new()  # noqa: A001
    kept = services.passwords.hash(pin)
    given = services.transact(
        lambda work, now: proofs.give_card(
            work, id=id, member_id=member, digest=digest_of(letters), pin=kept, giver=giver, now=now
        )
    )
    if given is not Giving.GIVEN:
        raise _not_given(request, given)
    root = services.address or str(request.base_url).rstrip("/")
    return page(
        request, "cards/card.html", private=True, person=person, letters=in_groups(letters), pin=f"{pin[:3]} {pin[3:]}",
        drawing=scan_me(f"{root}/c/{letters}"), root=root,
    )  # fmt: skip


@router.post("/{member}/perdue", dependencies=[Posted])
def lost(services: Asked, member: str) -> Response:
    """The card is worth nothing any more."""
    count = services.transact(lambda work, now: proofs.revoke_cards(work, member_id=member, now=now))
    return go("/equipe/cartes", said="revoked" if count else "none")


def new_letters() -> str:
    """What a card holds: 78 bits of chance."""
    return "".join(secrets.choice(CARD_LETTERS) for _ in range(CARD_LENGTH))


def new_pin() -> str:
    """A code that is none of those that people try first."""
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(PIN_DIGITS))
        if pin_fault(pin) is None:
            return pin
