"""`etabli demo`: build the stage, open the lab, let people in, show an outage, and leave nothing behind."""

import json
import shutil
import socket
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from etabli.commands.console import Speech, rich_console, set_up_logging
from gateway.ports.errors import BadConfiguration, EtabliError

if TYPE_CHECKING:
    from etabli.bootstrap import App
    from etabli.demo.history import Written

MARKER = "etabli-demo"
KIOSK_OF = "laser"
FIRST_CUT_S = 12.0
HEARD_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was asked for on the command line."""

    host: str
    port: int
    cut_link_s: float | None
    seed: int
    speed: float
    data: Path | None
    keep: bool
    as_json: bool
    broker: str


def demo(speech: Speech, wishes: Wishes) -> None:
    """Run the demo until Ctrl-C."""
    began = time.monotonic()
    _claimable(speech, wishes.host, wishes.port)
    folder = _folder(speech, wishes)
    try:
        set_up_logging(
            verbose=speech.verbose, quiet=not speech.verbose, file=None if speech.verbose else folder / "demo.log"
        )
        _Demo(speech, wishes, folder).run(began)
    finally:
        if not wishes.keep:
            shutil.rmtree(folder, ignore_errors=True)


def _claimable(speech: Speech, host: str, port: int) -> None:
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        why = error.strerror or str(error)
        raise BadConfiguration(
            speech.say(
                f"--port {port} : impossible d'écouter sur {host}:{port} ({why}) ; essayez --port {port + 1}",
                f"--port {port}: cannot listen on {host}:{port} ({why}); try --port {port + 1}",
            )
        ) from None


def _folder(speech: Speech, wishes: Wishes) -> Path:
    """A fresh folder: only one that an earlier demo has marked is ever emptied."""
    if wishes.data is None:
        made = Path(tempfile.mkdtemp(prefix="etabli-demo-"))
    else:
        made = wishes.data
        if made.exists() and any(made.iterdir()):
            if not (made / MARKER).exists():
                raise BadConfiguration(
                    speech.say(
                        f"--data {made} : ce dossier n'est pas vide et n'est pas celui d'une démo",
                        f"--data {made}: this folder is neither empty nor a demo's",
                    )
                )
            if not wishes.keep:
                shutil.rmtree(made)
        made.mkdir(parents=True, exist_ok=True)
    (made / MARKER).touch()
    return made


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class _Demo:
    """One demo, from the first cable to the last."""

    def __init__(self, speech: Speech, wishes: Wishes, folder: Path) -> None:
        from etabli.demo.link import Link
        from etabli.demo.stage import Stage

        self._speech, self._wishes, self._folder = speech, wishes, folder
        self._console = rich_console()
        self._stage: Stage = Stage(folder / "cables")
        self._link: Link = Link()
        self._written: Written | None = None
        self._doors: dict[str, str] = {}

    def run(self, began: float) -> None:
        """Build, say that it is ready, live until told to stop."""
        app = None
        try:
            with rich_console(stderr=True).status(self._speech.say("L'atelier ouvre…", "The lab opens…")):
                app = self._build()
                app.supervisor.catch_signals()
                app.start()
                self._wait_until_heard(app)
            self._announce(app, time.monotonic() - began)
            self._fill_series(app)
            self._outages(app)
            app.supervisor.wait()
            print(self._speech.say("L'atelier ferme…", "The lab closes…"), file=sys.stderr, flush=True)
        finally:
            if app is not None:
                app.stop()
            self._stage.stop()

    def _build(self) -> "App":
        from etabli.bootstrap import Basis, Broker, run_app
        from etabli.demo import history
        from etabli.demo.life import Hands, Life
        from etabli.settings.models import BrokerSettings
        from etabli.supervisor import Supervisor
        from gateway.ports.store import Store
        from gateway.service.transact import Transact

        wishes = self._wishes
        self._stage.plug_in()
        broker = BrokerSettings.model_validate({"port": _free_port(), "program": wishes.broker, "anonymous": True})
        settings = self._stage.settings(data=self._folder / "data", host=wishes.host, port=wishes.port, broker=broker)

        def embed(base: Basis, supervisor: Supervisor) -> Broker:
            broker = self._link.embed(base, supervisor)
            self._stage.switch_on(broker, base.folder.badge_key)
            return broker

        def prepare(base: Basis, store: Store) -> None:
            self._written = history.write(base, store, wishes.seed, KIOSK_OF)
            self._doors |= self._written.doors

        app = run_app(settings, prepare=prepare, demo=True, embed=embed, doors=self._doors)
        self._link.app = app
        assert app.store is not None
        assert app.gateway is not None
        assert self._written is not None
        transact = Transact(store=app.store, clock=app.basis.clock, deliver=app.gateway.deliver)
        hands = Hands(transact=transact, clock=app.basis.clock, ids=app.basis.ids)
        life = Life(self._stage, self._written, hands, seed=wishes.seed, speed=wishes.speed)
        app.supervisor.add("life", life.run, stage=4)
        return app

    def _wait_until_heard(self, app: "App") -> None:
        """The board's first picture should show machines, not the second before they were heard."""
        from gateway.domain.resources import Presence

        assert app.store is not None
        deadline = time.monotonic() + HEARD_S
        while time.monotonic() < deadline:
            if all(device.presence is Presence.ONLINE for device in app.store.views().devices()):
                return
            time.sleep(0.05)

    def _announce(self, app: "App", seconds: float) -> None:
        from etabli.demo.addresses import TITLES, found

        assert self._written is not None
        addresses = found(app, self._written, KIOSK_OF)
        if self._wishes.as_json:
            print(json.dumps({"ready_s": round(seconds, 2), **addresses}), flush=True)
            return
        say = self._speech.say
        ready = say(f"Prêt en {seconds:.1f} s.", f"Ready in {seconds:.1f} s.")
        self._console.print(f"\n  {say('Établi, atelier de démonstration', 'Établi, demonstration lab')}", style="bold")
        self._console.print(f"  {ready}\n", style="bold green")
        for name, title in TITLES.items():
            self._console.print(f"  {title.to(self._speech.language):<23}", style="cyan", end="")
            self._console.print(addresses[name], soft_wrap=True)
        keys = say("Ctrl-C ferme l'atelier.", "Ctrl-C closes the lab.")
        if sys.stdin.isatty():
            keys += say(" Entrée coupe le lien MQTT 10 secondes.", " Enter cuts the MQTT link for 10 seconds.")
        self._console.print(f"\n  {keys}\n", style="dim")
        sys.stdout.flush()

    def _fill_series(self, app: "App") -> None:
        """The past's readings, once the pages are open: nobody waits for them."""
        from devices.messages import Sample
        from etabli.demo import lab
        from gateway.service.series import points_of_sample

        assert app.gateway is not None
        assert self._written is not None
        series, readings = app.gateway.series, self._written.readings

        def fill(stop: threading.Event) -> None:
            points = [
                point
                for at, slug, device, watts in readings
                for point in points_of_sample(
                    Sample(values={"power_w": watts}), at=at, site=lab.SLUG, resource=slug, device=device,
                    kind=str(lab.station(slug).kind),
                )
            ]  # fmt: skip
            for start in range(0, len(points), 2000):
                if not stop.is_set():
                    series.write(points[start : start + 2000])

        threading.Thread(target=fill, args=(app.supervisor.stopping,), name="fill-series", daemon=True).start()

    # --- the outage ---------------------------------------------------------------------------------------------------

    def _outages(self, app: "App") -> None:
        """One by the switch, and one for each Enter on a terminal."""
        if self._wishes.cut_link_s is not None:
            seconds = self._wishes.cut_link_s

            def once() -> None:
                if not app.supervisor.stopping.wait(FIRST_CUT_S / self._wishes.speed):
                    self._outage(app, seconds)

            threading.Thread(target=once, name="cut-link", daemon=True).start()
        if sys.stdin.isatty():
            threading.Thread(target=self._on_enter, args=(app,), name="keys", daemon=True).start()

    def _on_enter(self, app: "App") -> None:
        for _ in sys.stdin:
            if app.supervisor.stopping.is_set():
                return
            self._outage(app, 10.0)

    def _outage(self, app: "App", seconds: float) -> None:
        def say(fr: str, en: str) -> None:
            if not self._wishes.as_json:
                self._console.print("  " + self._speech.say(fr, en), style="yellow")
                sys.stdout.flush()

        try:
            told = self._link.outage(seconds, say, app.supervisor.stopping.wait)
        except EtabliError as error:
            say(f"Coupure abandonnée : {error}", f"Outage given up: {error}")
            return
        if self._wishes.as_json:
            facts = {
                "kept": told.kept,
                "received": told.received,
                "missing": told.missing,
                "sent_twice": told.sent_twice,
            }
            print(json.dumps({"outage_s": round(told.seconds, 1), **facts}), flush=True)
            return
        good = told.missing == 0 and told.received >= told.kept
        text = self._speech.say(
            f"  {'✓' if good else '✗'} Faits gardés pendant la coupure : {told.kept}. Reçus depuis : {told.received}, "
            f"chacun compté une fois (envoyés deux fois : {told.sent_twice}). Perdus : {told.missing}.",
            f"  {'✓' if good else '✗'} Facts kept during the outage: {told.kept}. Received since: {told.received}, "
            f"each counted once (sent twice: {told.sent_twice}). Lost: {told.missing}.",
        )
        self._console.print(text, style="bold green" if good else "bold red")
        sys.stdout.flush()
