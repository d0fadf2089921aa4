"""Rules that staff turn on, for the site, a group of equal machines or one resource; and those groups."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Request
from pydantic import WithJsonSchema

from dashboard.api.common import MemberReader, Shape, Slug, SlugInPath, Staff, Wish, problems
from dashboard.api.trainings import NewNames
from dashboard.dependencies import Asked, Services, words_of
from dashboard.problems import Problem
from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.layers import SaidPolicies
from gateway.domain.policy import OFF, BadPolicy, settings_of, tell_policy
from gateway.domain.resources import ResourceGroup
from gateway.domain.use_policy import UsePolicy
from gateway.ports.store import Work
from gateway.service import policies as service

router = APIRouter(tags=["policies"])
Value = TypeVar("Value")


def _schema(policy: type[Any]) -> WithJsonSchema:
    def key(setting: Any) -> dict[str, Any]:
        return {"description": setting.about, "anyOf": [setting.schema, {"const": OFF}, {"type": "null"}]}

    keys = {name: key(setting) for name, setting in settings_of(policy).items()}
    return WithJsonSchema({"type": "object", "properties": keys, "additionalProperties": False})


UseRules = Annotated[dict[str, Any], _schema(UsePolicy)]
BookingRules = Annotated[dict[str, Any], _schema(BookingPolicy)]
GroupInPath = Annotated[Slug, Path(description="The group's slug.")]


class Rules(Shape):
    """What this layer says itself; a wider one may say more."""

    use: UseRules
    booking: BookingRules


class RuleChanges(Wish):
    """Keys to set; null takes one back to what a wider layer says, ``"off"`` turns it off here."""

    use: UseRules | None = None
    booking: BookingRules | None = None


class ResourceRules(Rules):
    """What a resource says itself, and what is in force for it with what its group and the site say."""

    group: str | None
    in_force: Rules


class GroupShape(Rules):
    """Equal machines: whoever may use one may use another in its place."""

    id: str
    slug: str
    names: dict[str, str]


class Groups(Shape):
    """Every group."""

    items: list[GroupShape]


class NewGroup(Wish):
    """A group of equal machines; one of the same slug gets these names."""

    slug: Slug
    names: NewNames


class Membership(Wish):
    """Which group a resource belongs to; null for none."""

    group: Slug | None


def _rules(said: SaidPolicies) -> Rules:
    return Rules(use=said.use or {}, booking=said.booking or {})


def _group_shape(group: ResourceGroup) -> GroupShape:
    return GroupShape(
        id=group.id, slug=group.slug, names=group.names, use=group.use_policy or {}, booking=group.booking_policy or {}
    )


def _change(request: Request, services: Services, use_case: Callable[[Work, datetime], Value | None]) -> Value:
    try:
        done = services.transact(use_case)
    except BadPolicy as bad:
        words, table = words_of(request), {UsePolicy: "use", BookingPolicy: "booking"}[bad.policy]
        errors = [
            {"where": ["body", table, one.key], "what": words(f"policy.{one.wanted}", **one.params), "kind": one.wanted}
            for one in bad.problems
        ]
        raise Problem("invalid", errors=errors) from None
    if done is None:
        raise Problem("not_found")
    return done


@router.get("/policies", operation_id="getSitePolicies", responses=problems(403))
def of_site(services: Asked, reader: MemberReader) -> Rules:
    """What the site says for all its resources."""
    return _rules(services.store.views().site_policies())


@router.patch("/policies", operation_id="changeSitePolicies", responses=problems(400, 403))
def change_site(request: Request, services: Asked, staff: Staff, wish: RuleChanges) -> Rules:
    """Set rules for the whole site."""
    said = _change(
        request, services,
        lambda work, now: service.change_site(work, use=wish.use, booking=wish.booking, now=now),
    )  # fmt: skip
    return _rules(said)


@router.get("/groups", operation_id="listGroups", responses=problems())
def groups(services: Asked) -> Groups:
    """Every group of equal machines."""
    return Groups(items=[_group_shape(group) for group in services.store.views().groups()])


@router.post("/groups", operation_id="putGroup", status_code=201, responses=problems(400, 403))
def put_group(services: Asked, staff: Staff, wish: NewGroup) -> GroupShape:
    """A new group, or new names for the one of that slug."""
    new = services.ids.new()
    group = services.transact(
        lambda work, now: service.put_group(
            work, id=new, slug=wish.slug, names=wish.names.model_dump(exclude_none=True), now=now
        )
    )
    return _group_shape(group)


@router.patch("/groups/{slug}", operation_id="changeGroupPolicies", responses=problems(400, 403, 404))
def change_group(request: Request, services: Asked, staff: Staff, slug: GroupInPath, wish: RuleChanges) -> GroupShape:
    """Set rules for a group of equal machines."""
    group = _change(
        request, services,
        lambda work, now: service.change_group(work, slug=slug, use=wish.use, booking=wish.booking, now=now),
    )  # fmt: skip
    return _group_shape(group)


def _resource_rules(services: Services, slug: str) -> ResourceRules:
    found = services.store.views().policies(slug)
    if found is None:
        raise Problem("not_found")
    resource, group, in_force = found.resource, found.group, found.in_force
    return ResourceRules(
        use=resource.use_policy or {}, booking=resource.booking_policy or {}, group=group,
        in_force=Rules(use=tell_policy(in_force.use), booking=tell_policy(in_force.booking)),
    )  # fmt: skip


@router.get("/resources/{slug}/policies", operation_id="getResourcePolicies", responses=problems(403, 404))
def of_resource(services: Asked, reader: MemberReader, slug: SlugInPath) -> ResourceRules:
    """What a resource says itself, and what is in force for it."""
    return _resource_rules(services, slug)


@router.patch("/resources/{slug}/policies", operation_id="changeResourcePolicies", responses=problems(400, 403, 404))
def change_resource(
    request: Request, services: Asked, staff: Staff, slug: SlugInPath, wish: RuleChanges
) -> ResourceRules:
    """Set rules for one resource."""
    _change(
        request, services,
        lambda work, now: service.change_resource(work, slug=slug, use=wish.use, booking=wish.booking, now=now),
    )  # fmt: skip
    return _resource_rules(services, slug)


@router.put("/resources/{slug}/group", operation_id="joinGroup", responses=problems(400, 403, 404))
def join_group(services: Asked, staff: Staff, slug: SlugInPath, wish: Membership) -> ResourceRules:
    """Put a resource into a group of equal machines, or take it out of its group."""
    done = services.transact(lambda work, now: service.join_group(work, slug=slug, group=wish.group, now=now))
    if done is None:
        raise Problem("not_found")
    return _resource_rules(services, slug)
