"""`account`: the first administrator's way in, and what to do when a phone is lost."""

import hashlib
import secrets

from etabli.commands.console import Speech, print_json
from etabli.commands.people import aside, opened, put_site
from etabli.commands.serve import web_address
from etabli.words import Sentence
from gateway.domain.accounts import address_key
from gateway.domain.people import Role
from gateway.ports.errors import BadConfiguration
from gateway.ports.store import Store
from gateway.service import accounts, members, proofs
from gateway.service.accounts import Giving


def invite(speech: Speech, *, address: str, role: Role, first_name: str, as_json: bool) -> None:
    """Make somebody what they should be, a member too if they are none yet, and print a link that signs them in."""
    key, secret = address_key(address), secrets.token_urlsafe(32)
    if "@" not in key:
        raise BadConfiguration(Sentence(f"{address!r} n'est pas une adresse", f"{address!r} is not an address"))
    with opened(speech) as (store, base):
        now = base.clock.now()
        with store.begin() as work:
            put_site(work, base)
        known = store.views().members_at(key)
        with store.begin() as work:
            member = (
                known[0] if known
                else members.add_member(work, id=base.ids.new(), first_name=first_name, email=key, now=now)
            )  # fmt: skip
            given = accounts.give_role(work, member_id=member.id, role=role, giver=Role.ADMINISTRATOR, now=now)
            if given is not Giving.GIVEN:
                raise BadConfiguration(
                    Sentence(f"le rôle {role} n'est pas pour une personne", f"no person is a {role}")
                )
            digest = hashlib.sha256(secret.encode()).hexdigest()
            link = accounts.ask_link(work, digest=digest, address=key, toward="", now=now)
        screen = f"{web_address(base.settings)}/compte/lien/{secret}"
    if as_json:
        print_json(
            {"member": member.id, "role": str(role), "address": screen, "expires_at": link.expires_at.isoformat()}
        )
        return
    print(screen)
    aside(
        speech.say(
            f"Ouvrez ce lien dans les dix minutes : il sert une fois, pour {member.first_name} ({role}).",
            f"Open this link within ten minutes: it works once, for {member.first_name} ({role}).",
        )
    )


def forget_phone(speech: Speech, *, address: str) -> None:
    """Remove the second factor of whoever has lost their phone and their codes."""
    with opened(speech) as (store, base):
        member_id = _one_at(speech, store, address)
        with store.begin() as work:
            done = proofs.remove_second_factor(work, member_id=member_id, now=base.clock.now())
    if not done:
        raise BadConfiguration(Sentence("il n'y avait pas de second contrôle", "there was no second check"))
    print(
        speech.say(
            "Le second contrôle est retiré ; il se règle à la prochaine connexion.",
            "The second check is removed; it is set up at the next sign-in.",
        )
    )


def _one_at(speech: Speech, store: Store, address: str) -> str:
    found = store.views().members_at(address_key(address))
    if not found:
        raise BadConfiguration(Sentence(f"personne n'a l'adresse {address}", f"nobody has the address {address}"))
    if len(found) > 1:
        raise BadConfiguration(
            Sentence(f"plusieurs personnes ont l'adresse {address}", f"several people have the address {address}")
        )
    return found[0].id
