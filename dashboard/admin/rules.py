"""``/equipe/regles``: what the site, a group of equal machines or one machine asks, in words that are the form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.admin.common import FormToken, Said, Told, admin_page, go
from dashboard.admin.groups import members_of
from dashboard.admin.rules_views import POLICIES, read_rules, rules_of, sentences, typed_of
from dashboard.dependencies import Asked, Services, words_of
from dashboard.problems import Problem
from dashboard.staff.endpoints import Posted
from gateway.domain import policy as told_policy
from gateway.domain.layers import Policies
from gateway.domain.policy import BadPolicy
from gateway.ports.store import Work
from gateway.service import policies as service
from gateway.wording import Words

router = APIRouter(prefix="/equipe/regles", include_in_schema=False)
SAID = frozenset({"saved", "group"})
Change = Callable[[Work, dict[str, Any], dict[str, Any], datetime], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Whoever says rules: its address, its name, what it says, how it is changed."""

    path: str
    name: str
    use: told_policy.Said | None
    booking: told_policy.Said | None
    change: Change
    in_force: Policies | None = None
    group: str | None = None
    machine: str | None = None
    of_group: str | None = None
    """The id of the group that it is."""

    @property
    def count(self) -> int:
        """How many rules it says itself."""
        return len(self.use or {}) + len(self.booking or {})


def site_layer(services: Services, words: Words) -> Layer:
    """The whole place."""
    said = services.store.views().site_policies()
    return Layer(
        path="/equipe/regles/lieu", name=words("rules.site"), use=said.use, booking=said.booking,
        change=lambda work, use, booking, now: service.change_site(work, use=use, booking=booking, now=now),
    )  # fmt: skip


def group_layers(services: Services, words: Words) -> dict[str, Layer]:
    """Every group, by slug."""

    def change(slug: str) -> Change:
        return lambda work, use, booking, now: service.change_group(work, slug=slug, use=use, booking=booking, now=now)

    return {
        group.slug: Layer(
            path=f"/equipe/regles/groupes/{group.slug}", name=words.own(group.names), use=group.use_policy,
            booking=group.booking_policy, change=change(group.slug), of_group=group.id,
        )
        for group in services.store.views().groups()
    }  # fmt: skip


def machine_layer(services: Services, words: Words, slug: str) -> Layer:
    """One machine."""
    found = services.store.views().policies(slug)
    if found is None:
        raise Problem("not_found")
    one = found.resource
    return Layer(
        path=f"/equipe/regles/machines/{slug}", name=words.own(one.names), use=one.use_policy,
        booking=one.booking_policy, in_force=found.in_force, group=found.group, machine=slug,
        change=lambda work, use, booking, now: service.change_resource(work, slug=slug, use=use, booking=booking, now=now),
    )  # fmt: skip


def layer_of(services: Services, words: Words, kind: str, slug: str | None) -> Layer:
    """Whoever is meant by an address."""
    if kind == "lieu" and slug is None:
        return site_layer(services, words)
    if kind == "machines" and slug:
        return machine_layer(services, words, slug)
    layer = group_layers(services, words).get(slug or "") if kind == "groupes" else None
    if layer is None:
        raise Problem("not_found")
    return layer


@router.get("")
def every(request: Request, services: Asked, token: FormToken, dit: Said = None) -> HTMLResponse:
    """Whoever says rules, from the widest to the narrowest."""
    words, now = words_of(request), services.clock.now()
    machines = [
        (view.resource.slug, words.own(view.resource.names), len(view.resource.use_policy or {}) + len(view.resource.booking_policy or {}))
        for view in services.store.views().floor(now)
    ]  # fmt: skip
    return admin_page(
        request, "rules.html", token, words=words, site=site_layer(services, words),
        groups=list(group_layers(services, words).values()), machines=machines,
        unnamed=dit == "name",
    )  # fmt: skip


def _form(
    request: Request, services: Services, token: str, layer: Layer, *, typed: Mapping[str, str],
    wrong: Mapping[str, str] | None = None, said: str | None = None,
) -> HTMLResponse:  # fmt: skip
    words, wrong = words_of(request), wrong or {}
    in_force = layer.in_force
    told = [s for policy in POLICIES for s in sentences(policy, getattr(in_force, policy), words)] if in_force else []
    return admin_page(
        request, "rules_of.html", token, words=words, layer=layer, wrong=wrong, said=said, in_force=told,
        parts=[(policy, rules_of(policy, words, typed, wrong)) for policy in POLICIES],
        groups=[(slug, one.name) for slug, one in group_layers(services, words).items()],
        machines=[(each.slug, words.own(each.names)) for each in services.store.views().resources()] if layer.of_group else [],
        inside=members_of(services, layer.of_group) if layer.of_group else frozenset(),
        status=422 if wrong else 200,
    )  # fmt: skip


@router.get("/{kind}")
@router.get("/{kind}/{slug}")
def one(
    request: Request, services: Asked, token: FormToken, kind: str, slug: str | None = None, dit: Said = None
) -> HTMLResponse:
    """The rules of one of them, as sentences to fill."""
    words = words_of(request)
    layer = layer_of(services, words, kind, slug)
    typed = typed_of(layer.use, layer.booking, words)
    return _form(request, services, token, layer, typed=typed, said=dit if dit in SAID else None)


@router.post("/machines/{slug}/groupe", dependencies=[Posted])
def join(services: Asked, slug: str, groupe: Annotated[str, Form(max_length=64)] = "") -> Response:
    """Put a machine into a group of equal ones, or take it out of its group."""
    done = services.transact(lambda work, now: service.join_group(work, slug=slug, group=groupe or None, now=now))
    if done is None:
        raise Problem("not_found")
    return go(f"/equipe/regles/machines/{slug}", dit="saved")


@router.post("/{kind}", dependencies=[Posted])
@router.post("/{kind}/{slug}", dependencies=[Posted])
def change(
    request: Request, services: Asked, token: FormToken, kind: str, told: Told, slug: str | None = None
) -> Response:
    """Say these rules; one that cannot be stands out, and nothing is saved."""
    words = words_of(request)
    layer = layer_of(services, words, kind, slug)
    read = read_rules(told, {"use": layer.use, "booking": layer.booking}, words)
    wrong: dict[str, str] = {}
    for policy, changes in read.items():
        try:
            told_policy.read_policy(
                POLICIES[policy], {key: value for key, value in changes.items() if value is not None}
            )
        except BadPolicy as bad:
            wrong |= {f"{policy}.{each.key}": words(f"policy.{each.wanted}", **each.params) for each in bad.problems}
    if wrong:
        return _form(request, services, token, layer, typed=told, wrong=wrong)
    services.transact(lambda work, now: layer.change(work, read["use"], read["booking"], now))
    return go(layer.path, dit="saved")
