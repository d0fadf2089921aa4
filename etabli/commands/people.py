"""`token` and `badge`: what is done at the desk's keyboard. Each write is one short transaction."""

import hashlib
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from devices.badge_reader import BadgeSeen, Style, read_line
from etabli.bootstrap import Basis, FolderHeld, basis, open_store, ready_store
from etabli.commands.console import Speech, print_json, set_up_logging
from etabli.commands.serve import web_address
from gateway.domain.people import Role
from gateway.domain.resources import DeviceRole
from gateway.ports.errors import BadConfiguration
from gateway.ports.store import Store, Work
from gateway.service import members
from gateway.service.members import Enrolment

PREFIX = "etb_"
WELCOME_SCREEN = "accueil"


@contextmanager
def opened(speech: Speech) -> Iterator[tuple[Store, Basis]]:
    """The store, brought up to date, for one short piece of work."""
    set_up_logging(verbose=speech.verbose, quiet=True)
    base = basis(speech.settings())
    store = _store(base)
    try:
        yield store, base
    finally:
        store.close()


def _store(base: Basis) -> Store:
    """The store; brought up to date first, unless a running Établi has just done so."""
    try:
        held = base.folder.hold()
    except FolderHeld:
        return open_store(base.settings)
    try:
        return ready_store(base.settings)
    finally:
        held.release()


def create_token(
    speech: Speech, *, role: Role, label: str, resource: str | None, reader: str | None, expires_days: int | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Make a token and show its secret, this once."""
    if (role is not Role.KIOSK and (resource or reader)) or (resource and reader):
        raise BadConfiguration(
            speech.say(
                "--resource (la borne d'une ressource) ou --reader (celle d'un lecteur partagé) va avec --role kiosk",
                "--resource (the kiosk of one resource) or --reader (that of a shared reader) goes with --role kiosk",
            )
        )
    with opened(speech) as (store, base):
        secret = PREFIX + secrets.token_urlsafe(24)
        now = base.clock.now()
        expires = now + timedelta(days=expires_days) if expires_days else None
        shared = _role_of(store, reader) if reader else None
        if reader is not None and shared not in {DeviceRole.KIOSK, DeviceRole.PLACE}:
            raise BadConfiguration(
                speech.say(
                    f"aucun lecteur de borne ou d'entrée ne s'appelle {reader!r}",
                    f"no reader of a kiosk or at the door is called {reader!r}",
                )
            )
        with store.begin() as work:
            put_site(work, base)
            if resource is not None and work.resource(resource) is None:
                raise BadConfiguration(
                    speech.say(f"aucune ressource ne s'appelle {resource!r}", f"no resource is called {resource!r}")
                )
            token = members.make_token(
                work, id=base.ids.new(), digest=hashlib.sha256(secret.encode()).hexdigest(), role=role, label=label,
                resource=resource, reader=reader, expires_at=expires, now=now,
            )  # fmt: skip
    screen_of = reader if shared is DeviceRole.KIOSK else WELCOME_SCREEN
    path = f"/kiosk/{resource or screen_of}?key={secret}"
    screen = f"{web_address(base.settings)}{path}" if role is Role.KIOSK else None
    if as_json:
        print_json({
            "id": token.id, "token": secret, "role": str(role), "resource": resource, "address": screen,
            "expires_at": expires.isoformat() if expires else None,
        })  # fmt: skip
        return
    print(secret)
    note = speech.say(
        f"Notez ce jeton : il ne sera plus montré. Pour le retirer : etabli token revoke {token.id}",
        f"Keep this token: it will not be shown again. To take it back: etabli token revoke {token.id}",
    )
    aside(note)
    if screen is not None:
        aside(speech.say(f"Sur l'écran de la borne, ouvrez : {screen}", f"On the kiosk's screen, open: {screen}"))


def _role_of(store: Store, reader: str) -> DeviceRole | None:
    found = store.views().reader(reader)
    return found.device.role if found else None


def aside(text: str) -> None:
    """Said beside what other programs read."""
    print(text, file=sys.stderr)


def put_site(work: Work, base: Basis) -> None:
    """A database that has never been started has no site yet."""
    lab, address = base.settings.lab, base.settings.web.address
    work.put_site(id=base.ids.new(), slug=lab.slug, name=lab.name, timezone=lab.timezone, address=address)


def revoke_token(speech: Speech, id: str) -> None:
    """Make a token useless from now on."""
    with opened(speech) as (store, base):
        now = base.clock.now()
        with store.begin() as work:
            found = work.revoke_token(id, now)
    if not found:
        raise BadConfiguration(speech.say(f"aucun jeton ne porte le numéro {id}", f"no token has the id {id}"))
    print(speech.say("Ce jeton ne vaut plus rien.", "This token is worth nothing any more."))


def _canonical(speech: Speech, number: str) -> str:
    seen = read_line(number, Style.AUTO)
    if not isinstance(seen, BadgeSeen):
        raise BadConfiguration(
            speech.say(
                "ce n'est pas un numéro de badge : 10 chiffres, 099,59822, ou 8, 10, 14 ou 20 chiffres hexadécimaux",
                "this is no badge number: 10 digits, 099,59822, or 8, 10, 14 or 20 hex digits",
            )
        )
    return seen.number


NEVER_READ = -1
"""The counter of a card that has not been tapped yet."""


def enrol_badge(speech: Speech, *, member: str, number: str, card: bool) -> None:
    """Give a badge to a member; of a card that cannot be cloned, show the keys that make it one."""
    canonical = _canonical(speech, number)
    uid = _uid(speech, canonical) if card else None
    with opened(speech) as (store, base):
        now, new = base.clock.now(), base.ids.new()
        with store.begin() as work:
            outcome = members.enrol_badge(work, id=new, member_id=member, badge=base.hash_badge(canonical), now=now)
            if card and outcome is Enrolment.ENROLLED:
                work.raise_counter(new, NEVER_READ)
    said = {
        Enrolment.TAKEN: ("ce badge est déjà à quelqu'un", "this badge is somebody's already"),
        Enrolment.NO_SUCH_MEMBER: (f"aucun membre ne porte le numéro {member}", f"no member has the id {member}"),
    }
    if outcome in said:
        raise BadConfiguration(speech.say(*said[outcome]))
    print(speech.say("Le badge est enregistré.", "The badge is enrolled."))
    if uid is not None:
        _print_keys(speech, base, uid, as_json=False)


def _uid(speech: Speech, canonical: str) -> bytes:
    kind, _, digits = canonical.partition(":")
    if kind != "uid" or len(digits) != 14:
        raise BadConfiguration(
            speech.say(
                "une NTAG 424 DNA a un numéro de 14 chiffres hexadécimaux, que montre tout lecteur NFC",
                "an NTAG 424 DNA has a number of 14 hex digits, which any NFC reader shows",
            )
        )
    return bytes.fromhex(digits)


def card_keys(speech: Speech, *, number: str, as_json: bool) -> None:
    """The keys of one card, for whoever writes it."""
    uid = _uid(speech, _canonical(speech, number))
    _print_keys(speech, basis(speech.settings()), uid, as_json=as_json)


def _print_keys(speech: Speech, base: Basis, uid: bytes, *, as_json: bool) -> None:
    from gateway.adapters.card_crypto import file_key, meta_key

    master = base.cards.made()
    told = {"1": meta_key(master).hex(), "2": file_key(master, uid).hex()}
    if as_json:
        print_json(told)
        return
    print(speech.say(f"clé 1 (chiffre le numéro)  {told['1']}", f"key 1 (hides the number)  {told['1']}"))
    print(speech.say(f"clé 2 (signe)              {told['2']}", f"key 2 (signs)             {told['2']}"))
    aside(
        speech.say(
            "À écrire dans la carte, avec l'adresse https://…?e=<PICC>&c=<CMAC> ; voir docs/cartes.md.",
            "To be written into the card, with the address https://…?e=<PICC>&c=<CMAC>; see docs/cartes.md.",
        )
    )


def hash_badge(speech: Speech, *, number: str, as_json: bool) -> None:
    """What a device should send for a badge."""
    hashed = basis(speech.settings()).hash_badge(_canonical(speech, number))
    if as_json:
        print_json([{"form": each.form, "key_id": each.key_id, "digest": each.digest} for each in hashed])
        return
    for each in hashed:
        print(f"{each.form:6} {each.key_id} {each.digest}")
