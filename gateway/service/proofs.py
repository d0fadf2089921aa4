"""Cards, codes of six digits and second factors: given, tried, taken back."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from gateway.domain.events import Event, EventKind
from gateway.domain.people import Role
from gateway.domain.proofs import Card, Passkey, Proof, SecondFactor, Tries, one_more
from gateway.domain.roles import may_give
from gateway.ports.store import Work
from gateway.service.accounts import Giving, ask_link


def _log(work: Work, kind: EventKind, now: datetime, member_id: str, **data: Any) -> None:
    work.append(work.site_id(), [Event(kind=kind, at=now, member_id=member_id, data=data)])


def take_try(work: Work, *, member_id: str, proof: Proof, now: datetime) -> bool:
    """Count a try, in a transaction of its own, before anything is compared; False while there is none left."""
    more = one_more(work.tries(member_id, proof), now)
    if more is None:
        return False
    work.save_tries(member_id, proof, more)
    return True


def it_was_right(work: Work, *, member_id: str, proof: Proof) -> None:
    """Tries in vain are forgotten."""
    work.save_tries(member_id, proof, Tries())


def give_card(work: Work, *, id: str, member_id: str, digest: str, pin: str, giver: Role, now: datetime) -> Giving:
    """A new card and what is kept of its code; the cards before it are worth nothing any more."""
    role = work.role(member_id)
    if role is None:
        return Giving.NO_SUCH_MEMBER
    if not may_give(giver, role, role):
        return Giving.NOT_YOURS_TO_GIVE
    work.revoke_cards(member_id, now)
    work.add_card(Card(id=id, member_id=member_id, digest=digest, made_at=now))
    work.set_pin(member_id, pin, now)
    it_was_right(work, member_id=member_id, proof=Proof.PIN)
    _log(work, EventKind.CARD_MADE, now, member_id)
    return Giving.GIVEN


def revoke_cards(work: Work, *, member_id: str, now: datetime) -> int:
    """Lost: the member's cards are worth nothing any more, and browsers signed in by them neither."""
    count = work.revoke_cards(member_id, now)
    if count:
        work.forget_browser_sessions(member_id, None)
        _log(work, EventKind.CARD_REVOKED, now, member_id)
    return count


def set_pin(work: Work, *, member_id: str, kept: str, now: datetime) -> None:
    """Another code of six digits."""
    work.set_pin(member_id, kept, now)
    it_was_right(work, member_id=member_id, proof=Proof.PIN)
    _log(work, EventKind.PIN_CHANGED, now, member_id)


def begin_second_factor(work: Work, *, member_id: str, sealed: str) -> None:
    """Keep a secret that counts once a code of it was given."""
    work.put_second_factor(SecondFactor(member_id=member_id, sealed=sealed))


def confirm_second_factor(
    work: Work, *, member_id: str, session_id: str, cookie: str, step: int, codes: Iterable[str], now: datetime
) -> bool:
    """The first right code: from now on one is asked for; every other browser must sign in anew."""
    if not work.use_step(member_id, step) or not work.raise_browser_session(session_id, cookie):
        return False
    work.confirm_second_factor(member_id, now)
    work.put_recovery_codes(member_id, codes)
    work.forget_browser_sessions(member_id, session_id)
    it_was_right(work, member_id=member_id, proof=Proof.SECOND_FACTOR)
    _log(work, EventKind.SECOND_FACTOR_SET, now, member_id)
    return True


def pass_by_code(work: Work, *, member_id: str, session_id: str, cookie: str, step: int) -> bool:
    """A right code, never taken before: this browser is fully signed in, under a new cookie."""
    if not work.use_step(member_id, step) or not work.raise_browser_session(session_id, cookie):
        return False
    it_was_right(work, member_id=member_id, proof=Proof.SECOND_FACTOR)
    return True


def pass_by_recovery(work: Work, *, member_id: str, session_id: str, cookie: str, code: str, now: datetime) -> bool:
    """The same by one of the codes on paper, which is then used up."""
    if not work.use_recovery_code(member_id, code, now) or not work.raise_browser_session(session_id, cookie):
        return False
    it_was_right(work, member_id=member_id, proof=Proof.SECOND_FACTOR)
    _log(work, EventKind.RECOVERY_CODE_USED, now, member_id)
    return True


def remove_second_factor(work: Work, *, member_id: str, now: datetime) -> bool:
    """A lost phone: the member sets another one at their next sign-in. False when there was none."""
    done = work.forget_second_factor(member_id)
    if done:
        work.forget_browser_sessions(member_id, None)
        _log(work, EventKind.SECOND_FACTOR_REMOVED, now, member_id)
    return done


def ask_passkey(work: Work, *, digest: str, now: datetime) -> None:
    """Remember a question to a key, for it to be answered once: a link that leads to nobody."""
    ask_link(work, digest=digest, address="", toward="", now=now)


def add_passkey(work: Work, *, question: str, passkey: Passkey, now: datetime) -> bool:
    """Keep a new key that has answered its question; False when that was answered before, or the key is known."""
    if not work.use_link(question, now) or not work.add_passkey(passkey):
        return False
    _log(work, EventKind.PASSKEY_ADDED, now, passkey.member_id)
    return True


def use_passkey(work: Work, *, question: str, id: str, count: int, now: datetime) -> bool:
    """A key has answered; False when that question was answered before."""
    if not work.use_link(question, now):
        return False
    work.note_passkey(id, count, now)
    return True


def remove_passkey(work: Work, *, member_id: str, id: str, now: datetime) -> bool:
    """The key opens nothing any more; False when there is none such."""
    done = work.forget_passkey(member_id, id)
    if done:
        _log(work, EventKind.PASSKEY_REMOVED, now, member_id)
    return done
