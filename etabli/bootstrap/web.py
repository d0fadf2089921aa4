"""The pages and the API, served by uvicorn in a thread of ours."""

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any

from etabli.bootstrap.folder import typed_badge_hasher
from etabli.bootstrap.notify import add_letters, house
from etabli.bootstrap.parts import Basis
from etabli.bootstrap.probe import BridgesProbe
from etabli.bootstrap.setup import FileSetup
from etabli.settings.models import Settings
from etabli.supervisor import Supervisor
from etabli.words import Sentence
from gateway.ports.bus import Bus
from gateway.ports.errors import BadConfiguration, BusUnavailable
from gateway.ports.store import Store
from gateway.ports.timeseries import TimeSeries
from gateway.service.deliver import Deliver
from gateway.service.hour import Hour
from gateway.service.transact import Transact

GRACE_S = 1
STAGE = 3


def claim(settings: Settings) -> socket.socket:
    """The web port, taken before anything else starts: a port in use is a plain sentence, not a trace."""
    check_certificate(settings)
    host, port = settings.web.host, settings.web.port
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.create_server((host, port), family=family, backlog=512)
        # Inherited by each connection. asyncio does so itself for sockets of its own making only: an answer's body then
        # waited for the acknowledgement of its head, 40 ms here and a whole round trip on a slow link.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
    except OSError as error:
        why = error.strerror or error
        raise BadConfiguration(
            Sentence(
                f"web.port = {port} : impossible d'écouter sur {host}:{port} ({why}) ; "
                "arrêtez le programme qui l'occupe, ou prenez un autre port",
                f"web.port = {port}: cannot listen on {host}:{port} ({why}); "
                "stop the program that uses it, or choose another port",
            )
        ) from None


def check_certificate(settings: Settings) -> None:
    """A certificate that cannot be used is a plain sentence at the start, not a server that never answers."""
    web = settings.web
    if web.certificate is None or web.key is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(web.certificate, web.key)
    except (OSError, ssl.SSLError) as error:
        raise BadConfiguration(
            Sentence(
                f"web.certificate = {web.certificate} : ce certificat et cette clé ne vont pas ({error})",
                f"web.certificate = {web.certificate}: this certificate and this key cannot be used ({error})",
            )
        ) from None


class Web:
    """The dashboard's server as a worker."""

    def __init__(self, app: Any, sock: socket.socket, settings: Settings) -> None:
        import uvicorn

        from etabli.bootstrap.wire import JoinedProtocol

        web = settings.web
        self._app, self._sock = app, sock
        self._config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="on", ws="none", http=JoinedProtocol, loop="asyncio",
            timeout_graceful_shutdown=GRACE_S, server_header=False, timeout_keep_alive=15,
            ssl_certfile=web.certificate, ssl_keyfile=web.key,
            forwarded_allow_ips=["127.0.0.1", "::1", *(str(proxy) for proxy in web.proxies)],
        )  # fmt: skip
        self._server = uvicorn.Server(self._config)

    def run(self, stop: threading.Event) -> None:
        """Serve until ``stop``."""
        import uvicorn

        from dashboard.app import end_streams

        self._server = server = uvicorn.Server(self._config)

        def leave() -> None:
            stop.wait()
            end_streams(self._app)
            server.should_exit = True

        threading.Thread(target=leave, name="web-leave", daemon=True).start()
        # A copy, for uvicorn closes what it is given and a restart needs it again.
        server.run(sockets=[self._sock.dup()])

    @property
    def started(self) -> bool:
        """Whether requests are answered."""
        return bool(self._server.started)


def add_web(
    supervisor: Supervisor, basis: Basis, sock: socket.socket, store: Store, bus: Bus, deliver: Deliver, *,
    pings: Mapping[str, Callable[[], None]], series: TimeSeries | None = None, demo: bool = False, doors: Mapping[str, str] | None = None,
    setup: FileSetup, hour: Hour | None = None,
) -> Web:  # fmt: skip
    """The dashboard under the supervisor."""
    from dashboard.app import create_app
    from dashboard.dependencies import Services
    from gateway.adapters.camera_http import HttpCamera
    from gateway.adapters.one_time_codes import TotpCodes
    from gateway.adapters.passwords import Argon2Passwords

    services = Services(
        store=store, bus=bus, clock=basis.clock, ids=basis.ids,
        transact=Transact(store=store, clock=basis.clock, deliver=deliver), pings=pings,
        series=series,
        sinks_failing=lambda: [f"sink-{name}" for name in list(deliver.failing)],
        hash_badge=typed_badge_hasher(basis.hash_badge), default_language=basis.settings.lab.language, demo=demo,
        house=house(basis.settings), passwords=Argon2Passwords(), codes=TotpCodes(basis.site_key), mail=add_letters(supervisor, basis),
        address=basis.settings.web.address, doors=doors or {}, probe=BridgesProbe(basis, bus), setup=setup, camera=HttpCamera(setup.cameras),
        hour=hour,
    )  # fmt: skip
    web = Web(create_app(services), sock, basis.settings)
    supervisor.add("web", web.run, stage=STAGE)
    return web


def pings_of(supervisor: Supervisor, store: Store, bus: Bus) -> dict[str, Callable[[], None]]:
    """What must be well for us to be ready: the store, the broker, every worker but bridges (machines come and go)."""

    def ask_bus() -> None:
        if not bus.connected:
            raise BusUnavailable("the broker is not connected")

    def ask_workers() -> None:
        ailing = {name: why for name, why in supervisor.ailing().items() if not name.startswith("bridge-")}
        if ailing:
            raise BusUnavailable("; ".join(f"{name}: {why}" for name, why in ailing.items()))

    return {"store": store.check, "broker": ask_bus, "workers": ask_workers}
