"""Every page and its states, in one lab that has something of everything: what axe, reflow and pictures go through."""

from contextlib import contextmanager
from dataclasses import dataclass, replace

from dashboard.dependencies import digest_of
from gateway.adapters.timeseries_sql import SqlTimeSeries
from gateway.domain.accounts import BrowserSession, SignedInBy
from gateway.domain.help import HelpKind, Trouble
from gateway.domain.people import Role
from gateway.domain.refusals import Code, refuse
from gateway.service import help as help_requests
from gateway.service import members
from tests.web.booked import HOUR, booked, planned
from tests.web.kiosk_lab import SEVERAL, plan_training, serve_several
from tests.web.lab import KIOSK, TestLab, busy_afternoon, troubles
from tests.web.server import served
from tests.web.test_watch_machine import warm_up

PEOPLE = {"Léa": Role.MEMBER, "Karim": Role.MEMBER, "Inès": Role.ADMINISTRATOR}
SCREENS = {"kiosk": KIOSK, "several": SEVERAL, "door": "door-secret"}
TV = "tv-secret"
EIGHT = ("prusa-1", "prusa-2", "ender-3", "laser", "vinyle", "fraiseuse", "brodeuse", "soudure")

ROWS = """
GET /                                          nobody  /
GET /accessibilite                             nobody  /accessibilite
GET /ateliers                                  Léa     /ateliers
GET /ateliers/{id}                             Léa     /ateliers/{full}
GET /ateliers/{id}                             nobody  /ateliers/{full}
GET /attente                                   Karim   /attente?machine=laser&debut=20261124T1300Z&minutes=90
GET /bienvenue/{step}                          Inès    /bienvenue/lieu
GET /bienvenue/{step}                          Inès    /bienvenue/machines
GET /bienvenue/{step}                          Inès    /bienvenue/membres
GET /bienvenue/{step}                          Inès    /bienvenue/badge
GET /bienvenue/machines/{slug}                 Inès    /bienvenue/machines/laser
GET /bienvenue/machines/{slug}/{what}          Inès    /bienvenue/machines/laser/prise?sorte=tasmota
GET /c/{letters}                               nobody  /c/ABCD2345EFGH6789
GET /compte                                    Léa     /compte
GET /compte/appareils                          Léa     /compte/appareils
GET /compte/cles                               Inès    /compte/cles
GET /compte/code                               Inès    /compte/code
GET /compte/entrer                             nobody  /compte/entrer
GET /compte/entrer/carte                       nobody  /compte/entrer/carte
GET /compte/lien/{secret}                      nobody  /compte/lien/none
GET /compte/mot-de-passe                       Léa     /compte/mot-de-passe
GET /compte/second-facteur                     half    /compte/second-facteur
GET /design                                    nobody  /design
GET /equipe                                    nobody  /equipe
GET /equipe                                    Inès    /equipe
GET /equipe/appareils                          Inès    /equipe/appareils
GET /equipe/appareils/{slug}/compris           Inès    /equipe/appareils/borne-jeu-reader/compris
GET /equipe/appareils/{slug}/coupure           Inès    /equipe/appareils/laser-interlock/coupure
GET /equipe/appareils/{slug}/coupure           Inès    /equipe/appareils/soudure-interlock/coupure
GET /equipe/appareils/{slug}/coupure           Inès    /equipe/appareils/vinyle-interlock/coupure
GET /equipe/ateliers                           Inès    /equipe/ateliers
GET /equipe/ateliers/{id}                      Inès    /equipe/ateliers/{full}
GET /equipe/ateliers/nouveau                   Inès    /equipe/ateliers/nouveau
GET /equipe/ateliers/{id}/annuler              Inès    /equipe/ateliers/{full}/annuler
GET /equipe/ateliers/{id}/modifier             Inès    /equipe/ateliers/{full}/modifier
GET /equipe/ateliers/{id}/saisie               Inès    /equipe/ateliers/{over}/saisie
GET /equipe/badges                             Inès    /equipe/badges
GET /equipe/cartes                             Inès    /equipe/cartes
GET /equipe/demandes/{id}/vu                   Inès    /equipe/demandes/{asked}/vu
GET /equipe/ecran                              Inès    /equipe/ecran
GET /equipe/formations                         Inès    /equipe/formations
GET /equipe/formations/nouvelle                Inès    /equipe/formations/nouvelle
GET /equipe/formations/{slug}                  Inès    /equipe/formations/usinage
GET /equipe/heure                              Inès    /equipe/heure
GET /equipe/horaires                           Inès    /equipe/horaires
GET /equipe/horaires/machines/{slug}           Inès    /equipe/horaires/machines/laser
GET /equipe/jetons                             Inès    /equipe/jetons
GET /equipe/journal                            Inès    /equipe/journal
GET /equipe/machines/{slug}                    Inès    /equipe/machines/prusa-1
GET /equipe/machines/{slug}                    Inès    /equipe/machines/vinyle
GET /equipe/machines/{slug}/entretien          Inès    /equipe/machines/laser/entretien
GET /equipe/machines/{slug}/etiquette          Inès    /equipe/machines/laser/etiquette
GET /equipe/machines/{slug}/{deed}             Inès    /equipe/machines/laser/hors-service
GET /equipe/machines/{slug}/{deed}             Inès    /equipe/machines/prusa-1/message
GET /equipe/membres                            Inès    /equipe/membres
GET /equipe/membres/importer                   Inès    /equipe/membres/importer
GET /equipe/membres/nouveau                    Inès    /equipe/membres/nouveau
GET /equipe/membres/{id}                       Inès    /equipe/membres/{Léa}
GET /equipe/membres/{id}/badge                 Inès    /equipe/membres/{Léa}/badge
GET /equipe/membres/{id}/badge                 Inès    /equipe/membres/{Léa}/badge?lecteur=laser-reader
GET /equipe/membres/{id}/fusionner             Inès    /equipe/membres/{Léa}/fusionner?autre={Karim}
GET /equipe/messages                           Inès    /equipe/messages
GET /equipe/planning                           Inès    /equipe/planning
GET /equipe/planning/{id}                      Inès    /equipe/planning/{held}
GET /equipe/regles                             Inès    /equipe/regles
GET /equipe/regles/{kind}                      Inès    /equipe/regles/lieu
GET /equipe/regles/{kind}/{slug}               Inès    /equipe/regles/machines/laser
GET /hors-ligne                                nobody  /hors-ligne
GET /kiosk/accueil/visite                      door    /kiosk/accueil/visite
GET /kiosk/{slug}                              nobody  /kiosk/laser
GET /kiosk/{slug}                              kiosk   /kiosk/laser
GET /kiosk/{slug}                              door    /kiosk/accueil
GET /kiosk/{slug}                              several /kiosk/borne-bois
GET /kiosk/{slug}/probleme                     kiosk   /kiosk/laser/probleme
GET /moi                                       Léa     /moi
GET /moi                                       Karim   /moi
GET /moi/agenda                                Léa     /moi/agenda
GET /moi/messages                              Léa     /moi/messages
GET /moi/reservations                          Léa     /moi/reservations
GET /moi/reservations/{id}                     Léa     /moi/reservations/{held}
GET /moi/reservations/{id}/annuler             Léa     /moi/reservations/{held}/annuler
GET /moi/reservations/{id}/donner              Léa     /moi/reservations/{held}/donner
GET /moi/reservations/{id}/fin                 Léa     /moi/reservations/{held}/fin
GET /r/{slug}                                  nobody  /r/fraiseuse
GET /r/{slug}                                  nobody  /r/soudure
GET /reservation                               Léa     /reservation?machine=laser&debut=20261125T0800Z&minutes=90
GET /reservation                               Léa     /reservation?machine=laser&debut=20261124T1300Z&minutes=90
GET /reserver                                  nobody  /reserver
GET /reserver/sorte/{slug}                     nobody  /reserver/sorte/prusa
GET /reserver/{slug}                           Léa     /reserver/laser?jour=2026-11-25
GET /reserver/{slug}                           Karim   /reserver/laser
GET /reserver/{slug}                           nobody  /reserver/scanner?jour=2026-11-29
GET /tv/{secret}                               nobody  /tv/tv-secret
"""
"""Route, who looks, and the address: one row for each state of a page that an address can show."""

NO_PAGES = """
GET /bienvenue                          goes on to the first step
GET /compte/demo/{secret}               goes on to the member's home
GET /equipe/demandes/{id}/photo         a picture
GET /equipe/entrer                      goes on to the team's page
GET /equipe/machines/{slug}/direct      a stream
GET /equipe/machines/{slug}/image       a picture
GET /equipe/machines/{slug}/mesures     JSON
GET /equipe/membres/export.csv          a file
GET /equipe/membres/modele.csv          a file
GET /kiosk/accueil/groupe               shown after a mediator's tap: test_kiosk_welcome.py
GET /kiosk/{slug}/heures                shown after a tap: test_kiosk_browser.py
GET /manifest.webmanifest               JSON
GET /moi/offres/{id}                    of a booking that lost its place: route_rows.py
GET /metrics                            text
GET /r/{slug}/qr.svg                    a picture
GET /static/{name}.css                  a style sheet
GET /sw.js                              a script
GET /tv/{secret}/direct                 a stream
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One state of a page."""

    route: str
    who: str
    path: str

    @property
    def name(self) -> str:
        """For a file of its picture."""
        return f"{self.path.strip('/') or 'board'}-{self.who}".translate(
            str.maketrans({"/": ".", "?": ".", "&": ".", "=": "", "{": "", "}": "", "é": "e", "è": "e"})
        )


def rows() -> list[Row]:
    """All of them."""
    return [
        Row(route=f"{method} {route}", who=who, path=path)
        for method, route, who, path in (line.split() for line in ROWS.strip().splitlines())
    ]


def other_routes() -> set[str]:
    """What answers with something that is no page."""
    return {" ".join(line.split()[:2]) for line in NO_PAGES.strip().splitlines()}


@dataclass
class Everything:
    """The lab, where it is served, and what stands for the names in the rows."""

    address: str
    names: dict[str, str]
    cookies: dict[str, dict[str, str]]

    def where(self, row: Row) -> str:
        """The whole address of a row."""
        return self.address + row.path.format(**self.names)

    def page_of(self, chromium, who, **how):
        """A page of somebody, which remembers what went wrong in it."""
        context = chromium.new_context(locale="fr-FR", timezone_id="Europe/Paris", reduced_motion="reduce", **how)
        cookies = self.cookies.get(who, {})
        context.add_cookies([{"name": n, "value": v, "url": self.address} for n, v in cookies.items()])
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("console", lambda line: page.faults.append(line.text) if _is_fault(line) else None)
        return page


def _is_fault(line):
    """Chromium calls it an error when a page that says no answers with 403 or 410."""
    return line.type == "error" and not line.text.startswith("Failed to load resource")


@contextmanager
def everything():
    """The lab with one of everything, served."""
    lab = TestLab()
    busy_afternoon(lab)
    troubles(lab)
    booked(lab)
    plan_training(lab)
    serve_several(lab, *EIGHT)
    now = lab.clock.now()
    lab.refused_tap("laser", "Karim", refuse(Code.TRAINING_MISSING, training="decoupe-laser"))
    lab.session("soudure", "Léa", minutes=25)
    held = lab.reserve("laser", "Léa", now + 28 * HOUR, now + 30 * HOUR)
    full = planned(lab, "Soirée jeux", 50, seats=2, taken=4)
    planned(lab, "Usinage", 74, training="usinage")
    over = planned(lab, "Premiers pas au laser", -3, taken=2, training="decoupe-laser")
    with lab.store.begin() as work:
        asked = help_requests.ask(
            work, id=lab.ids.new(), kind=HelpKind.PROBLEM, now=now, resource="scanner", trouble=Trouble.DIRTY
        )
        for role, secret in ((Role.KIOSK, SCREENS["door"]), (Role.TV, TV)):
            members.make_token(work, id=lab.ids.new(), digest=digest_of(secret), role=role, label=role, now=now)
        _pulled_out(work, now)
    assert asked is not None
    names = {"held": held.id, "full": full, "over": over, "asked": asked.id} | {
        key: one.id for key, one in lab.people.items()
    }
    cookies = {who: {"etabli_kiosk": secret} for who, secret in SCREENS.items()}
    cookies |= {who: {"etabli": _sign_in(lab, who, role)} for who, role in PEOPLE.items()}
    cookies["half"] = {"etabli": _sign_in(lab, "Inès", Role.ADMINISTRATOR, second_factor=False)}
    series = SqlTimeSeries.memory()
    warm_up(series, now)
    services = lab.services
    lab.services = lambda: replace(services(), series=series)
    with served(lab.app()) as address:
        yield Everything(address.replace("127.0.0.1", "localhost"), names, cookies)
    series.close()
    lab.close()


def _pulled_out(work, now):
    """One plug is in somebody's hand, another is back, off."""
    ids, since = iter(["soudure-plug", "vinyle-plug"]), now - HOUR
    devices = work.lock_devices(["soudure-interlock", "vinyle-interlock"], now, ids)
    for locked in devices.values():
        work.begin_cut_test(locked.device.id, now)
    back = devices["vinyle-interlock"].device.id
    work.note_cut(back, now, since=since)
    work.end_cut_test(back, now, since=since, off=True)


def _sign_in(lab, who, role, *, second_factor=True):
    secret, now = f"cookie-{lab.people[who].last_name}-{second_factor}", lab.clock.now()
    with lab.store.begin() as work:
        work.set_role(lab.people[who].id, role)
        work.add_browser_session(
            BrowserSession(
                id=lab.ids.new(), member_id=lab.people[who].id, digest=digest_of(secret), by=SignedInBy.PASSWORD,
                second_factor=second_factor, device="", created_at=now, last_seen_at=now, expires_at=now + 9 * HOUR,
            )
        )  # fmt: skip
    return secret
