"""Every problem of a configuration at once: shapes, names that do not match, files and ports that are not there."""

import os
import socket
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from etabli.settings.load import Source, read, secret_is_open, shape_problems, unknown_names, validate
from etabli.settings.models import Settings
from etabli.settings.problems import Loc, Problem, show
from etabli.words import Sentence
from gateway.domain.training import cycle_in, refresher_is_shorter

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

WARNING = True
SOON_DAYS = 21


def check(file: Path, *, running: bool = False) -> tuple[Problem, ...]:
    """All that is wrong with the file, in the order of its lines; ``running``: our own ports are taken by ourselves."""
    source = read(file)
    settings, found = validate(source)
    problems = list(found)
    if not source.problems:
        problems += [*contradictions(source), *_environment()]
    if settings is not None:
        problems += [*_files(source, settings), *_certificate(source, settings), *_openness(source, settings)]
        problems += [] if running else _ports(source, settings)
    return tuple(sorted(set(problems), key=lambda problem: (problem.warning, problem.line or 0, problem.key)))


def contradictions(source: Source) -> Iterator[Problem]:
    """Where one part of the file does not go with another, or a device's own settings with its bridge."""
    yield from _duplicates(source)
    yield from _references(source)
    yield from _bridges(source)


def _entries(source: Source, table: str) -> Iterator[tuple[Loc, dict[str, Any]]]:
    rows = source.data.get(table)
    for index, row in enumerate(rows if isinstance(rows, list) else []):
        if isinstance(row, dict):
            yield (table, index), row


def _slugs(source: Source, table: str) -> set[str]:
    return {str(row.get("slug")) for _, row in _entries(source, table)}


def _duplicates(source: Source) -> Iterator[Problem]:
    for table in ("resources", "devices", "trainings", "groups"):
        seen: set[str] = set()
        for loc, row in _entries(source, table):
            slug = str(row.get("slug"))
            if slug in seen:
                yield source.problem(
                    (*loc, "slug"), Sentence("ce nom est déjà pris plus haut", "this name is already taken above")
                )
            seen.add(slug)


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "–"


def _references(source: Source) -> Iterator[Problem]:
    yield from _pointing(source, "devices", "resource", "resources", ("aucune ressource", "no resource"))
    yield from _pointing(source, "resources", "group", "groups", ("aucun groupe", "no group"))
    yield from _served(source)
    trainings = _slugs(source, "trainings")
    for table, key in (("resources", "trainings"), ("resources", "levels"), ("trainings", "prerequisites")):
        for loc, row in _entries(source, table):
            wanted = row.get(key)
            for slug in wanted if isinstance(wanted, list | dict) else ():
                if str(slug) not in trainings:
                    known = _list(trainings)
                    says = Sentence(
                        f"la formation {show(slug)} n'est pas dans [[trainings]] ; il y a : {known}",
                        f"the training {show(slug)} is not among [[trainings]]; there are: {known}",
                    )
                    yield source.problem((*loc, key), says)
    yield from _circles(source)
    yield from _refreshers(source)


def _served(source: Source) -> Iterator[Problem]:
    """A shared reader serves resources that are there, and only such a reader does."""
    known = _slugs(source, "resources")
    for loc, row in _entries(source, "devices"):
        wanted = row.get("resources")
        for slug in wanted if isinstance(wanted, list) else ():
            if str(slug) not in known:
                says = Sentence(
                    f"aucune ressource ne s'appelle {show(slug)} ; il y a : {_list(known)}",
                    f"no resource is called {show(slug)}; there are: {_list(known)}",
                )
                yield source.problem((*loc, "resources"), says)
        if bool(wanted) != (row.get("role") == "kiosk"):
            says = Sentence(
                'un lecteur de borne (role = "kiosk") dit ses ressources, et lui seul',
                'a kiosk\'s reader (role = "kiosk") names its resources, and no other device does',
            )
            yield source.problem((*loc, "resources"), says)


def _circles(source: Source) -> Iterator[Problem]:
    """Trainings of which each would need the other first."""
    edges = {}
    for _, row in _entries(source, "trainings"):
        wanted = row.get("prerequisites")
        edges[str(row.get("slug"))] = tuple(map(str, wanted)) if isinstance(wanted, list) else ()
    way = cycle_in(edges)
    for loc, row in _entries(source, "trainings"):
        if way and str(row.get("slug")) == way[0]:
            shown = " → ".join(way)
            says = Sentence(
                f"ces formations tournent en rond, aucune ne peut venir en premier : {shown}",
                f"these trainings go round in a circle, none of them can come first: {shown}",
            )
            yield source.problem((*loc, "prerequisites"), says)


def _refreshers(source: Source) -> Iterator[Problem]:
    """Refreshers that take as long as the course itself."""
    for loc, row in _entries(source, "trainings"):
        minutes, refresher = row.get("minutes"), row.get("refresher_minutes")
        if isinstance(minutes, int) and isinstance(refresher, int) and not refresher_is_shorter(minutes, refresher):
            says = Sentence(
                f"la révision doit durer moins que la formation, qui dure {minutes} minutes",
                f"the refresher must be shorter than the training, which takes {minutes} minutes",
            )
            yield source.problem((*loc, "refresher_minutes"), says)


def _pointing(source: Source, table: str, key: str, target: str, none: tuple[str, str]) -> Iterator[Problem]:
    slugs = _slugs(source, target)
    for loc, row in _entries(source, table):
        if row.get(key) is not None and str(row[key]) not in slugs:
            known, (fr, en) = _list(slugs), none
            says = Sentence(f"{fr} ne porte ce nom ; il y a : {known}", f"{en} has this name; there are: {known}")
            yield source.problem((*loc, key), says)


def _bridges(source: Source) -> Iterator[Problem]:
    """Each device's own settings, checked by its bridge's own model."""
    from firmware_bridges import registry

    for loc, row in _entries(source, "devices"):
        name = row.get("bridge")
        if name is None:
            if row.get("settings"):
                yield source.problem(
                    (*loc, "settings"),
                    Sentence(
                        "sans bridge, ces réglages ne servent à rien", "without a bridge these settings serve nothing"
                    ),
                )
            continue
        if name not in registry.BRIDGES:
            known = _list(registry.BRIDGES)
            yield source.problem((*loc, "bridge"), Sentence(f"il faut un de : {known}", f"expected one of: {known}"))
            continue
        inside = row.get("settings", {})
        try:
            registry.load(str(name))[0].model_validate(inside)
        except ValidationError as error:
            yield from shape_problems(source, error, (*loc, "settings"))
        yield from _cables(source, (*loc, "settings"), inside)


def _cables(source: Source, loc: Loc, inside: Any) -> Iterator[Problem]:
    for key, value in inside.items() if isinstance(inside, dict) else ():
        if isinstance(value, str) and value.startswith("/dev/") and not Path(value).exists():
            says = Sentence(
                "rien n'est branché là pour l'instant ; `ls /dev/serial/by-id/` montre ce qui l'est",
                "nothing is plugged in there now; `ls /dev/serial/by-id/` shows what is",
            )
            yield source.problem((*loc, key), says, warning=WARNING)


def _environment() -> Iterator[Problem]:
    for name in unknown_names(os.environ):
        says = Sentence(
            "aucun réglage ne porte ce nom dans l'environnement", "no setting has this name in the environment"
        )
        yield Problem(key=name, says=says, warning=WARNING, in_file=False)


def _secret_files(settings: Settings) -> Iterator[tuple[Loc, Path]]:
    influx, grafana = settings.series.influx, settings.grafana
    named: dict[Loc, Path | None] = {
        ("broker", "password_file"): settings.broker.password_file,
        ("store", "password_file"): settings.store.password_file,
        ("badges", "key_file"): settings.badges.key_file,
        ("web", "key"): settings.web.key,
        ("series", "influx", "token_file"): influx.token_file if influx else None,
        ("grafana", "token_file"): grafana.token_file if grafana else None,
    }
    if settings.notify.email:
        named["notify", "email", "password_file"] = settings.notify.email.password_file
    for index, channel in enumerate(settings.notify.channels):
        named["notify", "channels", index, "url_file"] = channel.url_file
    for index, device in enumerate(settings.devices):
        named[("devices", index, "key_file")] = device.key_file
        for key, value in device.settings.items():
            if key.endswith("_file") and isinstance(value, str):
                named[("devices", index, "settings", key)] = Path(value)
    yield from ((loc, path) for loc, path in named.items() if path is not None)


def _files(source: Source, settings: Settings) -> Iterator[Problem]:
    for loc, path in _secret_files(settings):
        if not path.is_file():
            yield source.problem(loc, Sentence("ce fichier n'existe pas", "there is no such file"))
        elif not os.access(path, os.R_OK):
            yield source.problem(loc, Sentence("ce fichier est illisible pour vous", "you may not read this file"))
        elif secret_is_open(path):
            says = Sentence(
                f"d'autres peuvent lire ce secret ; faites : chmod 600 {path}",
                f"others can read this secret; run: chmod 600 {path}",
            )
            yield source.problem(loc, says, warning=WARNING)
    if settings.web.certificate and not settings.web.certificate.is_file():
        yield source.problem(("web", "certificate"), Sentence("ce fichier n'existe pas", "there is no such file"))
    folder = settings.data.directory
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        yield source.problem(
            ("data", "directory"), Sentence(f"impossible d'écrire dans {existing}", f"cannot write in {existing}")
        )


def _certificate(source: Source, settings: Settings) -> Iterator[Problem]:
    """A certificate that browsers will not take: another name than the lab's, or a date that is near or past."""
    from cryptography import x509

    web = settings.web
    if web.certificate is None or not web.certificate.is_file():
        return
    key = ("web", "certificate")
    try:
        certificate = x509.load_pem_x509_certificate(web.certificate.read_bytes())
    except ValueError:
        yield source.problem(key, Sentence("ce n'est pas un certificat PEM", "this is no PEM certificate"))
        return
    days = (certificate.not_valid_after_utc - datetime.now(UTC)).days
    if days < SOON_DAYS:
        day = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
        says = Sentence(
            f"ce certificat finit le {day} : les navigateurs n'en voudront plus ; faites-le renouveler",
            f"this certificate ends on {day}: browsers will no longer take it; have it renewed",
        )
        yield source.problem(key, says, warning=days >= 0)
    host = urlsplit(web.address).hostname if web.address else None
    names = _names_in(certificate)
    if host and not any(_is_named(host, name) for name in names):
        says = Sentence(
            f"web.address dit {host}, mais ce certificat est pour {_list(names)}",
            f"web.address says {host}, but this certificate is for {_list(names)}",
        )
        yield source.problem(key, says)


def _names_in(certificate: "Certificate") -> list[str]:
    from cryptography import x509

    try:
        told = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [*told.get_values_for_type(x509.DNSName), *map(str, told.get_values_for_type(x509.IPAddress))]


def _is_named(host: str, name: str) -> bool:
    """A star stands for one label."""
    return host.lower() == name.lower() or (
        name.startswith("*.") and host.partition(".")[2].lower() == name[2:].lower()
    )


def _openness(source: Source, settings: Settings) -> Iterator[Problem]:
    told = settings.broker
    if told.mode == "embedded" and told.anonymous and told.host not in ("127.0.0.1", "::1", "localhost"):
        says = Sentence(
            "ce courtier laisse entrer tout le réseau sans compte ; retirez anonymous, et donnez un compte à chaque appareil : etabli device add",
            "this broker lets the whole network in without accounts; take anonymous out, and give each device an account: etabli device add",
        )
        yield source.problem(("broker", "anonymous"), says, warning=WARNING)


def port_is_free(host: str, port: int) -> bool:
    """Whether we could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _ports(source: Source, settings: Settings) -> Iterator[Problem]:
    wanted: list[tuple[Loc, str, int]] = [(("web", "port"), settings.web.host, settings.web.port)]
    if settings.broker.mode == "embedded":
        wanted.append((("broker", "port"), settings.broker.host, settings.broker.port))
    for loc, host, port in wanted:
        if not port_is_free(host, port):
            says = Sentence(
                f"{host}:{port} est déjà pris par un autre programme, ou n'est pas à cet ordinateur",
                f"{host}:{port} is already taken by another program, or is not this computer's",
            )
            yield source.problem(loc, says)
    if settings.broker.mode == "embedded" and settings.broker.port == settings.web.port:
        says = Sentence(
            "les pages et le courtier ne peuvent partager un port", "the pages and the broker cannot share a port"
        )
        yield source.problem(("broker", "port"), says)
