"""``/health/live``, ``/health/ready`` and ``/metrics``: for whoever keeps the program running. No member stands in them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from dashboard.dependencies import Asked, Services, doubt_of, hub_of
from dashboard.floor.views import board_state
from dashboard.live import LiveHub
from gateway.domain.floor import BoardKey
from gateway.domain.resources import Presence

if TYPE_CHECKING:
    from prometheus_client import Metric

router = APIRouter(include_in_schema=False)
NO_STORE = {"Cache-Control": "no-store"}


@router.get("/health/live")
async def live() -> JSONResponse:
    """This process answers."""
    return JSONResponse({"status": "ok"}, headers=NO_STORE)


@router.get("/health/ready")
def ready(services: Asked) -> JSONResponse:
    """Everything that this process needs answers too; the names of those that do not."""
    found = failing(services)
    doubt = doubt_of(services)
    # A clock in doubt is no reason to start anew: it would be in doubt again.
    body = {"status": "failing" if found else "ok", "failing": found} | ({"doubts": {"clock": doubt}} if doubt else {})
    return JSONResponse(body, status_code=503 if found else 200, headers=NO_STORE)


def failing(services: Services) -> dict[str, str]:
    """What does not answer, by name, with the kind of its fault."""
    return {name: problem for name, ping in services.pings.items() if (problem := _problem(ping)) is not None}


def _problem(ping: object) -> str | None:
    assert callable(ping)
    try:
        ping()
    except Exception as error:
        # The kind only: its text may name hosts and paths, and this page asks for no token.
        return type(error).__name__
    return None


@router.get("/metrics")
def metrics(request: Request, services: Asked) -> Response:
    """Figures for Prometheus."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

    registry = CollectorRegistry()
    registry.register(_Collector(services, hub_of(request)))
    return Response(generate_latest(registry), headers=NO_STORE | {"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


class _Collector:
    """Reads the floor when it is asked, so that nothing is counted while nobody looks."""

    def __init__(self, services: Services, hub: LiveHub) -> None:
        self._services, self._hub = services, hub

    def collect(self) -> "Iterable[Metric]":
        """One family of figures after another."""
        from prometheus_client.core import GaugeMetricFamily as Gauge

        now, views = self._services.clock.now(), self._services.store.views()
        state = Gauge("etabli_resource_state", "1 for the state a resource is in", labels=["resource", "state"])
        for view in views.floor(now):
            current = board_state(view, now).key
            for key in BoardKey:
                state.add_metric([view.resource.slug, key], float(key is current))
        yield state
        online = Gauge("etabli_device_online", "Whether a device is heard", labels=["device", "role"])
        seen = Gauge("etabli_device_last_seen_timestamp_seconds", "When a device was last heard", labels=["device"])
        nonsense = Gauge("etabli_device_nonsense", "Messages of a device that nobody understood", labels=["device"])
        for device in views.devices():
            online.add_metric([device.slug, device.role], float(device.presence is Presence.ONLINE))
            nonsense.add_metric([device.slug], device.nonsense_count)
            if device.last_seen_at is not None:
                seen.add_metric([device.slug], device.last_seen_at.timestamp())
        yield from (online, seen, nonsense)
        queued = Gauge(
            "etabli_notices_queued", "Messages still to be sent, for the first time or again", labels=["channel"]
        )
        for channel, count in views.queued_notices().items():
            queued.add_metric([channel], count)
        yield queued
        stuck = Gauge("etabli_notices_waiting", "Messages to send again after a failure", labels=["channel"])
        for each in views.backlogs():
            stuck.add_metric([each.channel], each.waiting)
        yield stuck
        calls = sum(each.waiting for each in views.hook_backlogs())
        yield Gauge("etabli_webhook_deliveries_failing", "Calls to send again or given up", value=calls)
        yield Gauge("etabli_live_screens", "Open live streams", value=self._hub.clients)
