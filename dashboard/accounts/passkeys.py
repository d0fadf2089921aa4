"""``/compte/cles``: keys that a phone, a computer or a stick keeps, in place of a password and of a second factor."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from dashboard.accounts import keys
from dashboard.accounts.cookie import device_of
from dashboard.accounts.entering import enter_as, go, local
from dashboard.accounts.throttle import Doing, network_of, throttle_of
from dashboard.accounts.viewer import Posted, SignedIn
from dashboard.dependencies import Asked, Services, digest_of, lab_of
from dashboard.problems import Problem
from dashboard.rendering import page
from gateway.domain.accounts import SignedInBy
from gateway.domain.proofs import Passkey
from gateway.service import proofs

router = APIRouter(prefix="/compte", include_in_schema=False)

SAID = frozenset({"added", "removed", "not_added"})
Answer = Annotated[str, Form(max_length=20_000)]
Toward = Annotated[str, Form(max_length=500)]


def _asked(request: Request, services: Services, options: dict[str, Any]) -> JSONResponse:
    """The question, remembered so that one answer to it counts."""
    if not keys.possible(request):
        raise Problem("not_found")
    digest = digest_of(options["challenge"])
    services.transact(lambda work, now: proofs.ask_passkey(work, digest=digest, now=now))
    return JSONResponse(options, headers={"Cache-Control": "no-store"})


@router.post("/entrer/cle/question")
def ask_known(request: Request, services: Asked) -> JSONResponse:
    """What to ask of a browser that signs somebody in."""
    throttle = throttle_of(request)
    throttle.check(request, Doing.KEY, network_of(request))
    throttle.count(request, Doing.KEY, network_of(request))
    return _asked(request, services, keys.ask_known(request))


@router.post("/entrer/cle")
def enter_by_key(request: Request, services: Asked, answer: Answer = "", toward: Toward = "") -> Response:
    """A good answer signs in, and is two proofs in one: the key, and what its owner unlocked it with."""
    question, key = keys.question_in(answer), services.store.views().passkey(keys.id_in(answer) or "")
    count = keys.count_of(request, answer, question, key) if question and key else None
    if question and key and count is not None:
        digest = digest_of(question)
        known = services.transact(
            lambda work, now: proofs.use_passkey(work, question=digest, id=key.id, count=count, now=now)
        )
        done = known and enter_as(
            request, services, key.member_id, SignedInBy.PASSKEY, local(toward), second_factor=True
        )
        if done:
            return done
    return go("/compte/entrer", vers=local(toward), cle="1")


@router.get("/cles")
def every(request: Request, services: Asked, viewer: SignedIn, said: str | None = None) -> HTMLResponse:
    """One's keys."""
    return page(
        request, "accounts/passkeys.html", private=True, keys=services.store.views().passkeys(viewer.member_id),
        possible=keys.possible(request), said=said if said in SAID else None,
    )  # fmt: skip


@router.post("/cles/question")
def ask_new(request: Request, services: Asked, viewer: Posted) -> JSONResponse:
    """What to ask of a browser for a new key."""
    views = services.store.views()
    member = views.member(viewer.member_id)
    options = keys.ask_new(
        request, lab=lab_of(request).name, member_id=viewer.member_id, known=views.passkeys(viewer.member_id),
        name=member.email or member.first_name if member else viewer.first_name,
    )  # fmt: skip
    return _asked(request, services, options)


@router.post("/cles")
def add(request: Request, services: Asked, viewer: Posted, answer: Answer = "") -> Response:
    """Keep a new key."""
    question = keys.question_in(answer)
    found = keys.new_key(request, answer, question) if question else None
    if question is None or found is None:
        return go("/compte/cles", said="not_added")
    id, public_key, count = found  # noqa: A001
    key = Passkey(
        id=id, member_id=viewer.member_id, public_key=public_key, count=count, label=device_of(request),
        created_at=services.clock.now(),
    )  # fmt: skip
    digest = digest_of(question)
    done = services.transact(lambda work, now: proofs.add_passkey(work, question=digest, passkey=key, now=now))
    return go("/compte/cles", said="added" if done else "not_added")


@router.post("/cles/retirer")
def remove(services: Asked, viewer: Posted, key: Annotated[str, Form(max_length=1500)] = "") -> Response:
    """The key opens nothing any more."""
    services.transact(lambda work, now: proofs.remove_passkey(work, member_id=viewer.member_id, id=key, now=now))
    return go("/compte/cles", said="removed")
