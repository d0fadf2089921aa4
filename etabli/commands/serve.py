"""`run`, `gateway`, `dashboard`, `bridge`: what stays."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from etabli.commands.console import Speech, set_up_logging

if TYPE_CHECKING:
    from etabli.bootstrap import App
    from etabli.settings.models import Settings


def run(speech: Speech) -> None:
    """Everything in one process."""
    from etabli.bootstrap import run_app

    settings = speech.settings()
    keep(speech, lambda: run_app(settings, file=speech.config))


def gateway(speech: Speech) -> None:
    """The gateway alone."""
    from etabli.bootstrap import gateway_app

    settings = speech.settings()
    keep(speech, lambda: gateway_app(settings))


def dashboard(speech: Speech) -> None:
    """The pages alone."""
    from etabli.bootstrap import dashboard_app

    settings = speech.settings()
    keep(speech, lambda: dashboard_app(settings))


def bridge(speech: Speech, name: str) -> None:
    """One bridge alone."""
    from etabli.bootstrap import bridge_app

    settings = speech.settings()
    keep(speech, lambda: bridge_app(settings, name))


def keep(speech: Speech, build: "Callable[[], App]") -> None:
    """Build, start, say so once, and stay until told to stop."""
    set_up_logging(verbose=speech.verbose)
    app = build()
    try:
        app.supervisor.catch_signals()
        app.start()
        print(_ready(speech, app), flush=True)
        app.supervisor.wait()
        print(speech.say("Arrêt…", "Stopping…"), file=sys.stderr, flush=True)
    finally:
        app.stop()


def _ready(speech: Speech, app: "App") -> str:
    ready = speech.say("Prêt", "Ready")
    if app.web is None:
        return f"{ready}."
    address = address_of(app)
    told = speech.say(f"{ready} : {address}", f"{ready}: {address}")
    views = app.store.views() if app.store else None
    if views is None or views.count_members() or views.tokens(app.basis.clock.now()):
        return told
    how = speech.say(
        f"premiers pas : etabli token create --role manager, puis collez ce jeton dans {address}/equipe",
        f"first steps: etabli token create --role manager, then paste that token at {address}/equipe",
    )
    return f"{told} ({how})"


def address_of(app: "App") -> str:
    """Where a browser finds the pages."""
    return web_address(app.basis.settings)


def web_address(settings: "Settings") -> str:
    """The same, from the settings alone."""
    web = settings.web
    if web.address is not None:
        return web.address
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(web.host, web.host)
    return f"{'https' if web.certificate else 'http'}://{host}:{web.port}"
