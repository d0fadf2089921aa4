"""Groups of equal machines: made, renamed, and who is in them."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from dashboard.admin.common import FormToken, go
from dashboard.admin.welcome import slug_of
from dashboard.dependencies import Asked, Services
from dashboard.problems import Problem
from dashboard.staff.endpoints import Posted
from gateway.service import policies as service

router = APIRouter(prefix="/equipe/regles/groupes", include_in_schema=False)

Name = Annotated[str, Form(max_length=80)]
Slugs = Annotated[list[str] | None, Form(max_length=500)]


def members_of(services: Services, group_id: str) -> frozenset[str]:
    """Slugs of the machines of a group."""
    return frozenset(each.slug for each in services.store.views().resources() if each.group_id == group_id)


@router.post("", dependencies=[Posted])
def add(services: Asked, token: FormToken, nom: Name = "", machines: Slugs = None) -> Response:
    """Another group, with these machines in it."""
    name = " ".join(nom.split())
    slug = slug_of(name)
    if not slug:
        return go("/equipe/regles", dit="name")
    known = {group.slug: group for group in services.store.views().groups()}
    if slug not in known:
        new = services.ids.new()
        services.transact(lambda work, now: service.put_group(work, id=new, slug=slug, names={"fr": name}, now=now))
    _join(services, slug, frozenset(machines or ()), only_add=slug in known)
    return go(f"/equipe/regles/groupes/{slug}", dit="group")


@router.post("/{slug}/machines", dependencies=[Posted])
def change(services: Asked, token: FormToken, slug: str, nom: Name = "", machines: Slugs = None) -> Response:
    """Its name, and its machines: these and no others."""
    group = next((each for each in services.store.views().groups() if each.slug == slug), None)
    if group is None:
        raise Problem("not_found")
    name = " ".join(nom.split())
    if name and name != group.names.get("fr"):
        names = group.names | {"fr": name}
        services.transact(lambda work, now: service.put_group(work, id=group.id, slug=slug, names=names, now=now))
    _join(services, slug, frozenset(machines or ()))
    return go(f"/equipe/regles/groupes/{slug}", dit="group")


def _join(services: Services, slug: str, wanted: frozenset[str], *, only_add: bool = False) -> None:
    """One line of the log for each machine that comes or goes."""
    group = next(each for each in services.store.views().groups() if each.slug == slug)
    inside = members_of(services, group.id)
    joining, leaving = sorted(wanted - inside), [] if only_add else sorted(inside - wanted)
    services.transact(lambda work, now: service.fill_group(work, slug=slug, joining=joining, leaving=leaving, now=now))
