"""``/equipe/membres``: the list, one member, and what the team does with them."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from dashboard.accounts.above import REACH, refuse_above
from dashboard.admin.common import ROWS, AnyWhenEmpty, Cursor, FormToken, Said, Told, admin_page, further, go, zone_of
from dashboard.admin.members_forms import Typed, changes, of_member, read_member
from dashboard.admin.members_views import LOOKS, RIGHT_LOOKS, card, exported, full_name, row_of
from dashboard.dependencies import Asked, Services, words_of
from dashboard.problems import Problem
from dashboard.staff.endpoints import Posted, role_of
from gateway.domain.events import EventKind
from gateway.domain.people import Member, MemberState
from gateway.domain.spreadsheet import written
from gateway.service import members as service

router = APIRouter(prefix="/equipe/membres", include_in_schema=False)

SAID = frozenset({
    "added", "changed", "suspended", "back", "merged", "lost", "given", "lent", "taken", "gone", "granted", "revoked",
})  # fmt: skip
Search = Annotated[str | None, Query(alias="q", max_length=100)]
State = Annotated[MemberState | None, Query(alias="etat"), AnyWhenEmpty]
Reason = Annotated[str, Form(max_length=200)]


def existing(services: Services, id: str) -> Member:
    """The member of that id, or a page that says there is none."""
    member = services.store.views().member(id)
    if member is None:
        raise Problem("not_found")
    return member


@router.get("")
def every(
    request: Request, services: Asked, token: FormToken, q: Search = None, etat: State = None, suite: Cursor = None,
    dit: Said = None,
) -> HTMLResponse:  # fmt: skip
    """The list, by last name."""
    views, words, now, zone = services.store.views(), words_of(request), services.clock.now(), zone_of(request)
    try:
        found = views.members(limit=ROWS, cursor=suite, search=q, state=etat, now=now)
    except ValueError:
        raise Problem("not_found") from None
    return admin_page(
        request, "members.html", token, words=words, rows=[row_of(each, words, zone, now) for each in found.rows],
        state_looks=LOOKS, search=q or "", state=etat, states=tuple(MemberState), total=views.count_members(),
        further=further(request, found.next), first=suite is None, said=dit if dit in SAID else None,
    )  # fmt: skip


@router.get("/export.csv")
def export(request: Request, services: Asked, _token: FormToken) -> Response:
    """Everybody, for a spreadsheet."""
    words, now = words_of(request), services.clock.now()

    def lines() -> Iterator[bytes]:
        yield from written(exported(services.store.views(), words, zone_of(request), now))

    name = f"membres-{now:%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/nouveau")
def new(request: Request, token: FormToken) -> HTMLResponse:
    """The form for somebody who joins."""
    return admin_page(request, "member_new.html", token, typed=Typed())


@router.post("/nouveau", dependencies=[Posted])
def add(request: Request, services: Asked, token: FormToken, told: Told) -> Response:
    """Somebody joins."""
    typed = read_member(told, before=None, zone=zone_of(request), now=services.clock.now())
    if typed.errors:
        return admin_page(request, "member_new.html", token, typed=typed, status=422)
    made = services.ids.new()
    services.transact(lambda work, now: service.add_member(work, id=made, now=now, **typed.values))
    return go(f"/equipe/membres/{made}", dit="added")


@router.get("/{id}")
def one(request: Request, services: Asked, token: FormToken, id: str, dit: Said = None) -> HTMLResponse:
    """One member: who they are, what they may, what they have, what they did."""
    member = existing(services, id)
    return _one(request, services, token, member, of_member(member, zone_of(request)), dit=dit)


def _one(
    request: Request, services: Services, token: str, member: Member, typed: Typed, *, dit: str | None = None
) -> HTMLResponse:
    views, words, now, zone = services.store.views(), words_of(request), services.clock.now(), zone_of(request)
    return admin_page(
        request, "member.html", token, words=words, member=member, name=full_name(member), typed=typed, now=now,
        card=card(views, member, words, zone, now), state_looks=LOOKS, right_looks=RIGHT_LOOKS,
        said=dit if dit in SAID else None, status=422 if typed.errors else 200,
        starting=dit == "given" and not views.events(limit=1, cursor=None, kinds=(EventKind.TAP_GRANTED,)).rows,
    )  # fmt: skip


@router.post("/{id}", dependencies=[Posted])
def change(request: Request, services: Asked, token: FormToken, id: str, told: Told) -> Response:
    """Change what is written about a member."""
    member = existing(services, id)
    typed = read_member(told, before=member, zone=zone_of(request), now=services.clock.now())
    if typed.errors:
        return _one(request, services, token, member, typed)
    different = changes(member, typed.values)
    if different:
        refuse_above(request, role_of(request), {id: different})
        services.transact(lambda work, now: service.change_member(work, id=id, changes=different, now=now))
    return go(f"/equipe/membres/{id}", dit="changed")


@router.post("/{id}/suspendre", dependencies=[Posted])
def suspend(request: Request, services: Asked, id: str, reason: Reason = "") -> Response:
    """No machine opens for them any more; they are told to come to the desk."""
    existing(services, id)
    refuse_above(request, role_of(request), {id: ("active",)})
    told = {"active": False, "suspended_reason": " ".join(reason.split()) or None}
    services.transact(lambda work, now: service.change_member(work, id=id, changes=told, now=now))
    return go(f"/equipe/membres/{id}", dit="suspended")


@router.post("/{id}/retablir", dependencies=[Posted])
def reinstate(request: Request, services: Asked, id: str) -> Response:
    """As before the suspension."""
    existing(services, id)
    refuse_above(request, role_of(request), {id: ("active",)})
    services.transact(lambda work, now: service.change_member(work, id=id, changes={"active": True}, now=now))
    return go(f"/equipe/membres/{id}", dit="back")


@router.get("/{id}/fusionner")
def choose_other(
    request: Request, services: Asked, token: FormToken, id: str, q: Search = None, autre: str | None = None
) -> HTMLResponse:
    """The other record of the same person: found by name, then both side by side."""
    member, views = existing(services, id), services.store.views()
    words, now, zone = words_of(request), services.clock.now(), zone_of(request)
    search = q if q is not None else member.last_name or member.first_name
    likely = [each for each in views.members(limit=ROWS, cursor=None, search=search).rows if each.id != id]
    other = views.member(autre) if autre and autre != id else None
    return admin_page(
        request, "member_merge.html", token, words=words, name=full_name(member), member=member, search=search,
        rows=[row_of(each, words, zone, now) for each in likely], state_looks=LOOKS,
        both=[card(views, each, words, zone, now) for each in (member, other)] if other else [],
    )  # fmt: skip


@router.post("/{id}/fusionner", dependencies=[Posted])
def merge(request: Request, services: Asked, id: str, autre: Annotated[str, Form(max_length=64)]) -> Response:
    """Two records of one person become one."""
    refuse_above(request, role_of(request), {id: REACH, autre: REACH})
    merged = services.transact(lambda work, now: service.merge_members(work, keep=id, gone=autre, now=now))
    return go(f"/equipe/membres/{id}", dit="merged" if merged else "gone")
