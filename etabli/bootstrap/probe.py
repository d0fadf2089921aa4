"""The looks at machines that the first-run assistant offers, by the bridges' own means."""

from pathlib import Path
from urllib.parse import urlsplit

from gateway.ports.errors import BadConfiguration, BridgeLost, EtabliError
from gateway.ports.probe import Answer, Outcome

QUICK_S = 3.0
SPEED = 115200
BY_ID = Path("/dev/serial/by-id")
"""These names stay the same whichever socket the cable is in."""


class BridgesProbe:
    """Asks as a bridge would, once."""

    def printer(self, url: str, key: str) -> Answer:
        """An OctoPrint: its version, by this key."""
        from firmware_bridges.octoprint_client import OctoPrintClient

        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            return Answer(outcome=Outcome.NOT_THERE, told=url)
        client = OctoPrintClient(url, key, connect_s=QUICK_S, read_s=QUICK_S)
        try:
            version = client.version()
            client.printer()
        except BadConfiguration as error:
            refused = str(error).startswith("key:")
            return Answer(outcome=Outcome.KEY_REFUSED if refused else Outcome.NOT_THERE, told=str(error))
        except EtabliError as error:
            return Answer(outcome=Outcome.NO_ANSWER, told=str(error))
        finally:
            client.close()
        told = version.get("text") or version.get("server") if isinstance(version, dict) else None
        return Answer(outcome=Outcome.WELL, told=str(told or "OctoPrint"))

    def port(self, name: str) -> Answer:
        """A serial port: whether it can be opened. Only those of this computer are."""
        from firmware_bridges.serial_link import SENTENCES, SerialLink

        if name not in self.ports():
            return Answer(outcome=Outcome.NOT_THERE, told=name)
        try:
            with SerialLink(name, SPEED):
                return Answer(outcome=Outcome.WELL, told=name)
        except BridgeLost as error:
            said = str(error)
            means = {"another program is using it": Outcome.BUSY}
            means |= {sentence: Outcome.FORBIDDEN for sentence in SENTENCES.values() if "dialout" in sentence}
            found = next((outcome for sentence, outcome in means.items() if sentence in said), Outcome.NO_ANSWER)
            return Answer(outcome=found, told=said)

    def ports(self) -> tuple[str, ...]:
        """The serial ports of this computer."""
        if BY_ID.is_dir():
            return tuple(sorted(str(path) for path in BY_ID.iterdir()))
        return tuple(sorted(str(path) for kind in ("ttyUSB*", "ttyACM*") for path in Path("/dev").glob(kind)))
