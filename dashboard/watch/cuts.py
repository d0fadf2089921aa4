"""``/equipe/appareils/{slug}/coupure``: pull a plug out while it is on, put it back, and see how it comes back."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from dashboard.dependencies import Asked, words_of
from dashboard.problems import Problem
from dashboard.rendering import page
from dashboard.staff.endpoints import Posted, field_of, secret_of
from gateway.domain.resources import Device, DeviceRole, Presence
from gateway.ports.views import Views

router = APIRouter(prefix="/equipe/appareils/{slug}/coupure", include_in_schema=False)


@router.get("")
def test(request: Request, services: Asked, slug: str) -> Response:
    """What to do next, or what came of it."""
    secret, words, views = secret_of(request), words_of(request), services.store.views()
    if secret is None:
        return page(request, "staff/enter.html", words=words, private=True, wrong=False)
    device, now = _plug(views, slug), services.clock.now()
    last = views.cut_tests().get(device.id)
    names = views.resource_names()
    on = device.presence is Presence.ONLINE and device.power_on is True
    if last is not None and last.awaited(now):
        step = "pull" if on else "return" if device.power_on is None else "switch_on"
    else:
        step = "ready" if on else "switch_on"
    return page(
        request, "watch/cut.html", words=words, private=True, now=now, device=device, step=step, last=last,
        name=words.own(names[device.resource_id]) if device.resource_id else slug, form_field=field_of(secret),
    )  # fmt: skip


@router.post("", dependencies=[Posted])
def begin(services: Asked, slug: str) -> Response:
    """From here on its next word after a silence is the answer."""
    device = _plug(services.store.views(), slug)
    if device.presence is Presence.ONLINE and device.power_on is True:
        services.transact(lambda work, now: work.begin_cut_test(device.id, now))
    return RedirectResponse(f"/equipe/appareils/{slug}/coupure", status_code=303, headers={"Cache-Control": "no-store"})


def _plug(views: Views, slug: str) -> Device:
    found = next((device for device in views.devices() if device.slug == slug), None)
    if found is None or found.role is not DeviceRole.INTERLOCK:
        raise Problem("not_found")
    return found
