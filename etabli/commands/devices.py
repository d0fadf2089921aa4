"""`device` and `certificate`: who may come in at the broker, and by what each knows the other."""

import re
from pathlib import Path

from devices.topics import SLUG
from etabli.bootstrap import Basis, basis
from etabli.bootstrap.device_account import Account, Firmware, made, settings_for
from etabli.bootstrap.parts import device_keys, door
from etabli.commands.console import Speech, print_json, set_up_logging
from gateway.adapters.broker_door import OURS
from gateway.ports.errors import BadConfiguration

HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9.:-]*[A-Za-z0-9])?")


def add(speech: Speech, slug: str, *, firmware: Firmware, host: str | None, as_json: bool, qr: bool) -> None:
    """Give a device its account and show its settings, this once."""
    base = _base(speech)
    _may_have_one(speech, base, slug, firmware)
    if slug in door(base).names:
        raise BadConfiguration(
            speech.say(
                f"{slug} a déjà un compte ; pour un nouveau mot de passe : etabli device rotate {slug}",
                f"{slug} has an account already; for a new password: etabli device rotate {slug}",
            )
        )
    _show(speech, base, made(base, slug, firmware, host), firmware, as_json=as_json, qr=qr)


def rotate(speech: Speech, slug: str, *, firmware: Firmware, host: str | None, as_json: bool, qr: bool) -> None:
    """A new password and a new key; the old ones open nothing any more."""
    base = _base(speech)
    _must_have_one(speech, base, slug)
    _show(speech, base, made(base, slug, firmware, host), firmware, as_json=as_json, qr=qr)


def revoke(speech: Speech, slug: str) -> None:
    """Shut a device out."""
    base = _base(speech)
    _must_have_one(speech, base, slug)
    door(base).shut_out(slug)
    device_keys(base).revoke(slug)
    print(
        speech.say(
            f"{slug} n'entre plus. Ce qui était branché est déconnecté.", f"{slug} is shut out, and disconnected."
        )
    )
    _say_reload(speech, base)


def known(speech: Speech, *, as_json: bool) -> None:
    """The devices that have an account."""
    base = _base(speech)
    names = door(base).names
    if as_json:
        keys = device_keys(base)
        print_json([{"device": name, "signs": keys(name) is not None} for name in names])
        return
    print("\n".join(names) or speech.say("Aucun appareil n'a de compte.", "No device has an account."))


def certificate(speech: Speech, names: list[str]) -> None:
    """Make a certificate for this lab's addresses, under an authority of its own."""
    from gateway.adapters.certificates import Authority

    base = _base(speech)
    for name in names:
        if not HOST.fullmatch(name):
            raise BadConfiguration(
                speech.say(
                    f"{name!r} n'est ni un nom ni une adresse, comme lab.local ou 192.168.1.10",
                    f"{name!r} is neither a name nor an address, such as lab.local or 192.168.1.10",
                )
            )
    authority, now = Authority(base.folder.tls, name=f"Établi {base.settings.lab.name}"[:64]), base.clock.now()
    chain, key = authority.issue(tuple(dict.fromkeys((*names, "localhost", "127.0.0.1"))), now)
    print(
        speech.say(
            f"Certificat : {chain}\nClé : {key}\nAutorité, à donner aux appareils et aux écrans : {authority.certificate}\n"
            f"Son empreinte : {authority.fingerprint(now)}\n"
            "Dans etabli.toml : broker.tls_port = 8883 pour les appareils ; web.certificate et web.key pour les pages.",
            f"Certificate: {chain}\nKey: {key}\nAuthority, to give to devices and screens: {authority.certificate}\n"
            f"Its fingerprint: {authority.fingerprint(now)}\n"
            "In etabli.toml: broker.tls_port = 8883 for devices; web.certificate and web.key for the pages.",
        )
    )


def _base(speech: Speech) -> Basis:
    set_up_logging(verbose=speech.verbose, quiet=True)
    return basis(speech.settings())


def _may_have_one(speech: Speech, base: Basis, slug: str, firmware: Firmware) -> None:
    if not SLUG.fullmatch(slug) or slug == OURS:
        raise BadConfiguration(
            speech.say(
                f"{slug!r} ne convient pas : des minuscules, des chiffres et des tirets, 64 au plus, et pas {OURS!r}",
                f"{slug!r} will not do: lower-case letters, digits and hyphens, 64 at most, and not {OURS!r}",
            )
        )
    bridged = any(device.slug == slug and device.bridge for device in base.settings.devices)
    if bridged and firmware is Firmware.ETABLI:
        raise BadConfiguration(
            speech.say(
                f"{slug} parle par cet ordinateur (son bridge est dans etabli.toml) : il n'a pas besoin de compte",
                f"{slug} speaks through this computer (its bridge is in etabli.toml): it needs no account",
            )
        )


def _must_have_one(speech: Speech, base: Basis, slug: str) -> None:
    if slug not in door(base).names:
        there = ", ".join(door(base).names) or "–"
        raise BadConfiguration(
            speech.say(f"{slug} n'a pas de compte ; il y a : {there}", f"{slug} has no account; there are: {there}")
        )


def _show(speech: Speech, base: Basis, account: Account, firmware: Firmware, *, as_json: bool, qr: bool) -> None:
    settings = settings_for(account, firmware)
    if as_json:
        print_json({
            "site": account.site, "device": account.device, "host": account.host, "port": account.port,
            "tls": account.tls, "user": account.device, "password": account.password, "key": account.key,
            "settings": settings,
        })  # fmt: skip
        return
    print(
        speech.say(
            f"Nom : {account.device}\nMot de passe : {account.password}\n\nÀ donner à l'appareil :\n{settings}",
            f"Name: {account.device}\nPassword: {account.password}\n\nTo give to the device:\n{settings}",
        )
    )
    if qr:
        import segno

        segno.make(settings, error="l", micro=False).terminal(compact=True)
    print(speech.say("\nCela n'est montré qu'une fois.", "\nThis is shown once."))
    if account.host in ("127.0.0.1", "localhost", "0.0.0.0"):
        print(
            speech.say(
                f"L'adresse {account.host} ne vaut que sur cet ordinateur : --host donne celle du réseau.",
                f"The address {account.host} is good on this computer only: --host gives that of the network.",
            )
        )
    _say_reload(speech, base)


def _say_reload(speech: Speech, base: Basis) -> None:
    """A Mosquitto that is not ours must be told where the files are, and that they have changed."""
    if base.settings.broker.mode == "embedded":
        return
    there: Path = door(base).users
    print(
        speech.say(
            f"Votre Mosquitto doit lire {there} (password_file) et {door(base).access} (acl_file) ; "
            "dites-lui de les relire : kill -HUP.",
            f"Your Mosquitto must read {there} (password_file) and {door(base).access} (acl_file); "
            "have it read them again: kill -HUP.",
        )
    )
