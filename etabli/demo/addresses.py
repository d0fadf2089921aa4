"""Where a browser finds each part of the demo, and one click makes it somebody or one of its screens."""

from typing import TYPE_CHECKING

from etabli.commands.serve import address_of
from etabli.demo import lab
from etabli.words import Sentence

if TYPE_CHECKING:
    from etabli.bootstrap import App
    from etabli.demo.people import Written

TITLES = {
    "board": Sentence("Le tableau", "The board"), "machine": Sentence("Une machine", "A machine"),
    "kiosk": Sentence("Sa borne", "Its kiosk"),
    "shared_kiosk": Sentence("Borne de 4 machines", "Kiosk of 4 machines"),
    "door": Sentence("Écran de l'entrée", "Screen at the door"), "staff": Sentence("L'équipe", "The team"),
    "api": Sentence("API", "API"), "mqtt": Sentence("MQTT", "MQTT"),
    "token": Sentence("Jeton de gérant", "Manager's token"), "member": Sentence("Être membre", "Be a member"),
    "trainer": Sentence("Être formatrice", "Be a trainer"), "manager": Sentence("Être gérante", "Be a manager"),
    "administrator": Sentence("Être administrateur", "Be an administrator"),
}  # fmt: skip


def found(app: "App", written: "Written", kiosk_of: str) -> dict[str, str]:
    """Every address, by the key of its title."""
    root, broker = address_of(app), app.broker
    assert broker is not None
    secrets = {member: secret for secret, member in written.doors.items()}
    return {
        "board": root + "/",
        "machine": f"{root}/r/{kiosk_of}",
        "kiosk": f"{root}/kiosk/{kiosk_of}?key={written.kiosk_token}",
        "shared_kiosk": f"{root}/kiosk/{lab.KIOSK_READER}?key={written.shared_token}",
        "door": f"{root}/kiosk/accueil?key={written.door_token}",
        "staff": f"{root}/equipe",
        "api": f"{root}/api/v1/openapi.json",
        "mqtt": f"mqtt://{broker.host}:{broker.port}",
        "token": written.manager_token,
        **{role: f"{root}/compte/demo/{secrets[written.members[name].id]}" for role, name in lab.ACCOUNTS.items()},
    }
