"""The looks at devices that the first-run assistant offers, by the bridges' own means."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from devices.messages import BadgeTapped, PowerReported, SetPower
from etabli.bootstrap.parts import Basis
from etabli.bootstrap.trial import Connected, Trial
from firmware_bridges.bridge import BridgeContext
from gateway.ports.bus import Bus
from gateway.ports.errors import BadConfiguration, BridgeLost, EtabliError
from gateway.ports.probe import Answer, Outcome

QUICK_S = 3.0
ANSWER_S = 6.0
BADGE_S = 12.0
"""How long somebody has to find their badge."""
METER_S = 1.0
CEILING_S = 10
"""A plug's own timer for its trial: it goes off by itself, too."""
BY_ID = Path("/dev/serial/by-id")
"""These names stay the same whichever socket the cable is in."""
NAME = "etabli-trial"


class BridgesProbe:
    """Asks as a bridge would, once."""

    def __init__(self, basis: Basis, bus: Bus) -> None:
        self._context = BridgeContext(
            site=basis.site,
            device=NAME,
            bus=bus,
            clock=basis.clock,
            ids=basis.ids,
            hash_badge=basis.hash_badge,
            hide_card=basis.hide_card,
        )

    def ports(self) -> tuple[str, ...]:
        """The serial ports of this computer."""
        if BY_ID.is_dir():
            return tuple(sorted(str(path) for path in BY_ID.iterdir()))
        return tuple(sorted(str(path) for kind in ("ttyUSB*", "ttyACM*") for path in Path("/dev").glob(kind)))

    def printer(self, url: str, key: str) -> Answer:
        """An OctoPrint, by this key."""
        from firmware_bridges.octoprint_client import OctoPrintClient

        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            return Answer(outcome=Outcome.NOT_THERE, told=url)
        client = OctoPrintClient(url, key, connect_s=QUICK_S, read_s=QUICK_S)
        try:
            version, reached = client.version(), client.printer()
        except BadConfiguration as error:
            refused = str(error).startswith("key:")
            return Answer(outcome=Outcome.KEY_REFUSED if refused else Outcome.NOT_THERE, told=str(error))
        except EtabliError as error:
            return Answer(outcome=Outcome.NO_ANSWER, told=str(error))
        finally:
            client.close()
        told = version.get("text") or version.get("server") if isinstance(version, dict) else None
        return Answer(outcome=Outcome.WELL, told=str(told or "OctoPrint"), ready=reached is not None)

    def controller(self, port: str) -> Answer:
        """A laser or mill: what it says of itself."""

        def look(trial: Trial) -> Answer:
            name = trial.first(_connected, within_s=ANSWER_S)
            return (
                Answer(outcome=Outcome.SILENT, told=port) if name is None else Answer(outcome=Outcome.WELL, told=name)
            )

        return self._on_a_port("grbl-serial", port, look)

    def reader(self, port: str, protocol: str) -> Answer:
        """A badge reader: whether a badge is heard meanwhile."""

        def look(trial: Trial) -> Answer:
            tapped = trial.first(lambda heard: isinstance(heard, BadgeTapped) or None, within_s=BADGE_S)
            return Answer(outcome=Outcome.WELL if tapped else Outcome.SILENT, told=port)

        return self._on_a_port("badge-reader-serial", port, look, protocol=protocol)

    def _on_a_port(self, kind: str, port: str, look: Callable[[Trial], Answer], **settings: str) -> Answer:
        """Only the ports of this computer are opened."""
        from firmware_bridges.serial_link import SENTENCES

        if port not in self.ports():
            return Answer(outcome=Outcome.NOT_THERE, told=port)
        try:
            with Trial(self._context, kind, {"port": port, **settings}) as trial:
                return look(trial)
        except (BridgeLost, ValidationError) as error:
            said = str(error)
            means = {"another program is using it": Outcome.BUSY}
            means |= {sentence: Outcome.FORBIDDEN for sentence in SENTENCES.values() if "dialout" in sentence}
            found = next((outcome for sentence, outcome in means.items() if sentence in said), Outcome.SILENT)
            return Answer(outcome=found, told=said)

    def plug(self, dialect: str, name: str) -> Answer:
        """A plug: how it says it is."""
        return self._of_a_plug(dialect, name, self._how_it_is)

    def switch(self, dialect: str, name: str) -> Answer:
        """A plug: on for a moment, then off; WELL when it says both."""

        def turns(trial: Trial) -> Answer:
            found = self._how_it_is(trial)
            obeyed = found.outcome is Outcome.WELL and self._set(trial, on=True)
            # Off is said whatever became of on.
            obeyed = self._set(trial, on=False) and obeyed
            if found.outcome is not Outcome.WELL or obeyed:
                return Answer(outcome=found.outcome, told=found.told, on=False if obeyed else None)
            return Answer(outcome=Outcome.DISOBEYS, told=found.told)

        return self._of_a_plug(dialect, name, turns)

    def _of_a_plug(self, dialect: str, name: str, look: Callable[[Trial], Answer]) -> Answer:
        try:
            with Trial(self._context, "relay-mqtt", {"dialect": dialect, "name": name}) as trial:
                return look(trial)
        except ValidationError as error:
            return Answer(outcome=Outcome.NOT_THERE, told=str(error.errors()[0]["msg"]))
        except BridgeLost as error:
            return Answer(outcome=Outcome.NO_ANSWER, told=str(error))

    @staticmethod
    def _how_it_is(trial: Trial) -> Answer:
        said = trial.first(lambda heard: heard if isinstance(heard, PowerReported) else None, within_s=ANSWER_S)
        if said is None:
            return Answer(outcome=Outcome.NO_ANSWER)
        # A plug that measures says so in its next breath.
        watts = trial.first(lambda heard: heard.get("power_w") if isinstance(heard, dict) else None, within_s=METER_S)
        return Answer(outcome=Outcome.WELL, on=said.on, watts=watts)

    def _set(self, trial: Trial, *, on: bool) -> bool:
        clock, ids = self._context.clock, self._context.ids
        ceiling = CEILING_S if on else None
        trial.obey(SetPower(id=ids.new(), expires_at=clock.now() + timedelta(seconds=5), on=on, ceiling_s=ceiling))

        def told(heard: object) -> bool | None:
            return True if isinstance(heard, PowerReported) and heard.on is on else None

        return trial.first(told, within_s=ANSWER_S) is True


def _connected(heard: object) -> str | None:
    return str(heard) if isinstance(heard, Connected) else None
