"""The demo's lab: its places, its courses and the people who come. All of them invented."""

from dataclasses import dataclass
from typing import Any, Literal

from devices.simulated.workshop import Person, Place
from gateway.domain.resources import ResourceKind

Machine = Literal["octoprint", "grbl-1.1h", "grblhal"]
Plug = Literal["tasmota", "shelly-gen1", "shelly-gen2", "esphome", "zigbee2mqtt"]

SLUG = "atelier-demo"
NAME = "L'Atelier du Canal"

TRAININGS: tuple[dict[str, Any], ...] = (
    {
        "slug": "decoupe-laser", "names": {"fr": "Découpe laser", "en": "Laser cutting"}, "validity_days": 730,
        "minutes": 120, "refresher_minutes": 30, "retention_years": 5,
    },
    {
        "slug": "fraisage", "names": {"fr": "Fraisage numérique", "en": "CNC milling"}, "unused_days": 180,
        "minutes": 180, "refresher_minutes": 45,
    },
    {"slug": "impression-3d", "names": {"fr": "Impression 3D", "en": "3D printing"}, "minutes": 60},
    {
        "slug": "textile", "names": {"fr": "Textile numérique", "en": "Digital textiles"}, "yearly_until": "08-31",
        "minutes": 90, "refresher_minutes": 20,
    },
    {"slug": "soudure", "names": {"fr": "Soudure électronique", "en": "Soldering"}, "minutes": 45},
)  # fmt: skip
"""As in `[[trainings]]`: rights for a duration, as long as they are used, until a day of the year, for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One place of the demo: what people see, what is made there, and which devices stand around it."""

    place: Place
    fr: str
    en: str
    kind: ResourceKind
    machine: Machine | None = None
    plug: Plug | None = None
    node: bool = False
    """Whether a badge node stands here: reader and relay in one, which decides alone when nobody answers."""
    watts: float = 60.0
    ceiling_hours: float = 8
    forgotten_minutes: int = 60
    reservation_required: bool = False
    group: str | None = None
    """The kind of equal machines that it is one of."""
    out: str | None = None
    """Why it is out of service when the demo opens."""

    @property
    def switched(self) -> bool:
        """Whether a relay gives it current."""
        return self.plug is not None or self.node

    @property
    def slug(self) -> str:
        """Its short name."""
        return self.place.slug


_PRINTS = (
    "support-camera.gcode", "boitier-capteur.gcode", "engrenage-32.gcode", "cache-prise.gcode", "pot-cactus.gcode",
    "dragon-articule.gcode", "poignee-tiroir.gcode", "coque-manette.gcode",
)  # fmt: skip
_CUTS = ("boite-bois-3mm.nc", "porte-cles.nc", "panneau-acrylique.nc", "lampe-origami.nc")
_MILLINGS = ("plaque-laiton.nc", "moule-silicone.nc", "circuit-imprime.nc")


def _place(slug: str, minutes: tuple[float, float], *trainings: str, works: tuple[str, ...] = ()) -> Place:
    return Place(slug=slug, trainings=trainings, works=works, minutes=minutes)


GROUPS: tuple[dict[str, Any], ...] = (
    {"slug": "petites-imprimantes", "names": {"fr": "Petites imprimantes 3D", "en": "Small 3D printers"}},
)
"""As in `[[groups]]`."""

STATIONS: tuple[Station, ...] = (
    Station(
        place=_place("imprimante-ada", (25, 150), "impression-3d", works=_PRINTS), fr="Imprimante 3D «\u00a0Ada\u00a0»",
        en="3D printer “Ada”", kind=ResourceKind.PRINTER_3D, machine="octoprint", plug="tasmota", watts=120,
        ceiling_hours=36, group="petites-imprimantes",
    ),
    Station(
        place=_place("imprimante-grace", (25, 150), "impression-3d", works=_PRINTS), fr="Imprimante 3D «\u00a0Grace\u00a0»",
        en="3D printer “Grace”", kind=ResourceKind.PRINTER_3D, machine="octoprint", plug="shelly-gen2", watts=120,
        ceiling_hours=36, group="petites-imprimantes",
    ),
    Station(
        place=_place("imprimante-hedy", (60, 240), "impression-3d", works=_PRINTS), fr="Grande imprimante «\u00a0Hedy\u00a0»",
        en="Large printer “Hedy”", kind=ResourceKind.PRINTER_3D, machine="octoprint", plug="esphome", watts=280,
        ceiling_hours=36,
    ),
    Station(
        place=_place("laser", (8, 35), "decoupe-laser", works=_CUTS), fr="Découpeuse laser", en="Laser cutter",
        kind=ResourceKind.LASER, machine="grbl-1.1h", plug="tasmota", watts=900, ceiling_hours=4, forgotten_minutes=20,
    ),
    Station(
        place=_place("fraiseuse", (15, 70), "fraisage", works=_MILLINGS), fr="Fraiseuse numérique", en="CNC mill",
        kind=ResourceKind.CNC, machine="grblhal", plug="shelly-gen1", watts=700, ceiling_hours=6,
        forgotten_minutes=20,
    ),
    Station(
        place=_place("vinyle", (10, 40)), fr="Découpe vinyle", en="Vinyl cutter", kind=ResourceKind.VINYL,
        plug="zigbee2mqtt", watts=45, out="Lame à changer, la pièce est commandée",
    ),
    Station(
        place=_place("brodeuse", (20, 80), "textile"), fr="Brodeuse numérique", en="Embroidery machine",
        kind=ResourceKind.TEXTILE, plug="zigbee2mqtt", watts=90,
    ),
    Station(
        place=_place("presse", (5, 20), "textile"), fr="Presse à chaud", en="Heat press", kind=ResourceKind.TEXTILE,
        node=True, watts=1400, ceiling_hours=2, forgotten_minutes=15,
    ),
    Station(
        place=_place("soudure", (15, 60), "soudure"), fr="Poste de soudure", en="Soldering station",
        kind=ResourceKind.ELECTRONICS, plug="shelly-gen1", watts=60,
    ),
    Station(place=_place("scanner", (10, 40)), fr="Scanner 3D", en="3D scanner", kind=ResourceKind.SCANNER),
    Station(
        place=_place("borne-jeu", (10, 45)), fr="Borne de jeux rétro", en="Retro game station", kind=ResourceKind.GAME,
        plug="shelly-gen2", watts=150,
    ),
    Station(place=_place("bureau", (40, 180)), fr="Bureau nomade", en="Hot desk", kind=ResourceKind.DESK),
    Station(place=_place("kit-video", (60, 240)), fr="Kit caméra", en="Camera kit", kind=ResourceKind.KIT),
    Station(
        place=_place("salle-canal", (45, 120)), fr="Salle du Canal", en="Canal room", kind=ResourceKind.ROOM,
        reservation_required=True,
    ),
)  # fmt: skip

_PRINTERS = ("imprimante-ada", "imprimante-grace", "imprimante-hedy")
_PEOPLE: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("Amel", ("decoupe-laser", "impression-3d"), ("laser", *_PRINTERS)),
    ("Bastien", ("impression-3d",), _PRINTERS),
    ("Chloé", ("textile",), ("brodeuse", "presse", "scanner")),
    ("Demba", ("fraisage", "decoupe-laser"), ("fraiseuse", "laser")),
    ("Élodie", ("impression-3d", "soudure"), ("soudure", "imprimante-ada")),
    ("Farid", ("soudure",), ("soudure", "bureau")),
    ("Gaëlle", ("textile", "impression-3d"), ("brodeuse", "imprimante-grace")),
    ("Hugo", (), ("borne-jeu", "bureau")),
    ("Inès", ("decoupe-laser",), ("laser", "presse")),
    ("Jonas", ("fraisage",), ("fraiseuse", "scanner")),
    ("Khadija", ("impression-3d", "fraisage"), ("imprimante-hedy", "fraiseuse")),
    ("Lucien", (), ("kit-video", "bureau", "borne-jeu")),
    ("Maëlys", ("textile", "decoupe-laser"), ("presse", "brodeuse", "laser")),
    ("Nolwenn", ("impression-3d", "decoupe-laser", "fraisage", "textile", "soudure"), ("laser", "fraiseuse")),
    ("Oscar", (), ("scanner", "borne-jeu")),
    ("Pauline", ("impression-3d",), ("imprimante-ada", "imprimante-hedy")),
)

PEOPLE: tuple[Person, ...] = tuple(
    Person(name=name, trained=frozenset(trained), likes=likes) for name, trained, likes in _PEOPLE
)
STRANGER = Person(name="Visite", known=False, likes=("borne-jeu", "laser", "imprimante-ada"))
"""Somebody with a badge that nobody has enrolled."""
LAST_NAME = "Démo"
ACCOUNTS = {"member": "Amel", "trainer": "Nolwenn", "manager": "Khadija", "administrator": "Demba"}
"""Whom one can be in the demo's pages, by role."""

KIOSK_READER, SERVED = "borne-petites-machines", ("brodeuse", "vinyle", "soudure", "borne-jeu")
"""One reader and one screen for several machines: a badge, then a finger."""
DOOR_READER = "entree"
"""What hears who comes and goes."""


def badge_number(index: int) -> bytes:
    """The five bytes of an invented 125 kHz badge."""
    return bytes((0x2A, 0x00, 0xDE, 0x70, index))


def badge_of(person: Person) -> bytes:
    """A person's badge."""
    return badge_number(PEOPLE.index(person) + 1 if person in PEOPLE else 0xEE)


def station(slug: str) -> Station:
    """A place by its short name."""
    return next(each for each in STATIONS if each.slug == slug)
