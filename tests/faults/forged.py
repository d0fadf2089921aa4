"""Whatever somebody can make up or play back, by the hundred thousand: cards, taps, commands. Nothing of it may count.

Each kind first shows that the genuine thing is taken, so that a run in which nothing can be taken proves nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from bench.figures import Figure
from devices.badge_reader import hash_forms
from devices.codec import BadMessage, encode
from devices.envelope import Envelope, seal, unseal
from devices.messages import BadgeTapped, HashedBadge, SetPower, SunMessage
from devices.topics import Channel, topic
from firmware_bridges.bridge import BridgeContext
from firmware_bridges.firmware.badge_node.wire import opened
from firmware_bridges.runner import BridgeRunner
from gateway.adapters.card_crypto import SunKeys
from gateway.adapters.ids import TimeOrderedIds
from gateway.domain.cards import Shown, ShownBadge, shown_as
from gateway.ports.bus import Delivery
from tests.fakes import node_words
from tests.fakes.card import MASTER, SITE_KEY, Card
from tests.fakes.clock import FakeClock
from tests.fakes.report_recording import RecordingReporter
from tests.fakes.service_lab import RecordingBus, ServiceLab

ALL_OF_IT = 0.02
"""Of the replayed cards, so many go through the whole gateway and its store; the others through what decides there."""
KEY = bytes(range(32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgeries:
    """How many of each kind were tried, and which were taken."""

    tried: dict[str, int]
    taken: tuple[str, ...]

    @property
    def trials(self) -> int:
        """All of them."""
        return sum(self.tried.values())

    def __str__(self) -> str:
        return ", ".join(f"{count:,} {kind}" for kind, count in self.tried.items())


Kind = Callable[[int, Random], Iterator[bool]]
"""Tries so many; each answer is whether it was taken."""


def hashed(canonical: str) -> tuple[HashedBadge, ...]:
    return hash_forms(canonical, key=KEY, key_id="k1")


def forge(count: int, seed: int) -> Forgeries:
    """So many tries, spread over every kind."""
    tried: dict[str, int] = {}
    taken = []
    for kind, (share, attempts) in KINDS.items():
        tried[kind] = round(count * share)
        rng = Random(f"{seed} {kind}")
        taken += [f"{kind} no. {n}" for n, one in enumerate(attempts(tried[kind], rng)) if one]
    return Forgeries(tried=tried, taken=tuple(taken))


def _cards(rng: Random, count: int = 20) -> list[Card]:
    return [Card(b"\x04" + rng.randbytes(6)) for _ in range(count)]


def _must(genuine: bool) -> None:
    assert genuine, "the genuine one is refused: this run would prove nothing"


def forged_cards(count: int, rng: Random) -> Iterator[bool]:
    """Real messages with bits turned, with another card's number or signature, or signed by another lab."""
    keys = SunKeys(lambda: MASTER, SITE_KEY, hashed)
    cards, strangers = _cards(rng), [Card(card.uid, master=rng.randbytes(16)) for card in _cards(rng, 5)]
    _must(keys(cards[0].read()).genuine)
    real, foreign = [card.read() for card in cards], [card.read() for card in strangers]
    for n in range(count):
        yield keys(_forged(rng.choice(real), rng.choice(real), rng.choice(foreign), n % 6, rng)).genuine


def _forged(sun: SunMessage, other: SunMessage, foreign: SunMessage, how: int, rng: Random) -> SunMessage:
    turned = 1 << rng.randrange(64)
    match how:
        case 0:
            return replace(sun, mac=f"{int(sun.mac, 16) ^ turned:016X}")
        case 1:
            return replace(sun, picc=f"{int(sun.picc, 16) ^ (turned << 64 * rng.randrange(2)):032X}")
        case 2:
            return replace(sun, mac=rng.randbytes(8).hex().upper())
        case 3:
            return replace(sun, mac=other.mac) if other != sun else replace(sun, hidden=True)
        case 4:
            return replace(sun, covered=rng.randbytes(4).hex().upper())
        case _:
            return replace(foreign, picc=sun.picc) if rng.random() < 0.5 else foreign


def replayed_cards(count: int, rng: Random) -> Iterator[bool]:
    """Messages that were genuine once: the newest again, and every older one."""
    whole = round(count * ALL_OF_IT)
    yield from _through_the_gateway(whole, rng)
    keys, cards = SunKeys(lambda: MASTER, SITE_KEY, hashed), _cards(rng)
    said = [(keys(card.read()), card) for card in cards for _ in range(50)]
    _must(shown_as(said[0][0], None) is Shown.PROVEN)
    for _ in range(count - whole):
        read, card = rng.choice(said)
        yield shown_as(read, ShownBadge(id="b", counter=card.counter)) is not Shown.REPLAYED


def _through_the_gateway(count: int, rng: Random) -> Iterator[bool]:
    lab, card = ServiceLab(), Card(b"\x04" + rng.randbytes(6))
    try:
        lab.consumer._cards = SunKeys(lambda: MASTER, SITE_KEY, hashed)
        with lab.store.begin() as work:
            work.add_badge(
                id="card", member_id=lab.ada, badge=hashed(f"uid:{card.uid.hex().upper()}"), now=lab.clock.now()
            )
        said = []
        for _ in range(20):
            said.append(card.read())
            lab.say("reader-1", BadgeTapped(badge=(), sun=said[-1]))
        _must(lab.session() is not None)
        before = lab.session()
        for n in range(count):
            refused = len(lab.commands("reader-1"))
            lab.later(0.5)
            lab.say("reader-1", BadgeTapped(badge=(), sun=rng.choice(said)))
            last = lab.commands("reader-1")[-1]
            yield len(lab.commands("reader-1")) == refused or getattr(last, "code", "") != "card_replayed"
            if n % 50 == 49:
                lab.bus.sent.clear()
        assert lab.session() == before, "what was played back ended what its owner had begun"
    finally:
        lab.close()


def forged_facts(count: int, rng: Random) -> Iterator[bool]:
    """Facts with their signature broken or missing, from another device, for another topic."""
    name, others = topic(Channel.FACT, site="lab", device="node"), ("node-2", "nod", "reader")
    fact = BadgeTapped(badge=hashed("em:010063E9AE"))
    envelope = Envelope(
        site="lab", device="node", boot="b", seq=1, mono_ms=0, age_ms=0, at=None, message=fact
    )  # fmt: skip
    real = seal(envelope, topic=name, key=KEY)
    _must(unseal(real, topic=name, site="lab", device="node", key=KEY) == envelope)
    for n in range(count):
        data, where, device = real, name, "node"
        match n % 4:
            case 0:
                data = _turned(real, rng)
            case 1:
                data = real[: rng.randrange(len(real) - 1)]
            case 2:
                device = rng.choice(others)
                where = topic(Channel.FACT, site="lab", device=device)
            case _:
                data = seal(replace(envelope, seq=n), topic=name, key=rng.randbytes(32))
        try:
            unseal(data, topic=where, site="lab", device=device, key=KEY)
        except BadMessage:
            yield False
        else:
            yield True


def _turned(data: bytes, rng: Random) -> bytes:
    """One bit of it is another; never only the letter of a hex digit's case."""
    while True:
        changed = bytearray(data)
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        if bytes(changed).lower().strip() != data.lower().strip():
            return bytes(changed)


def forged_orders(count: int, rng: Random) -> Iterator[bool]:
    """Orders to a node that the gateway has not signed, or signed for another topic."""
    name = node_words.topic("command")
    real = node_words.order(True, "id", "2026-03-02T09:00:05+00:00")
    _must(opened(real, name, node_words.KEY) is not None)
    for n in range(count):
        match n % 3:
            case 0:
                yield opened(_turned(real, rng), name, node_words.KEY) is not None
            case 1:
                yield opened(real, node_words.topic("list"), node_words.KEY) is not None
            case _:
                yield opened(node_words.said("command", "set_power", {"on": True}, rng.randbytes(32)), name, node_words.KEY) is not None  # fmt: skip


class _Obeying:
    """A bridge that counts what it obeys."""

    def __init__(self) -> None:
        self.obeyed = 0

    def run(self, *_: object) -> None:
        """Never started."""

    def obey(self, _command: object) -> None:
        """One more."""
        self.obeyed += 1


def stale_commands(count: int, rng: Random) -> Iterator[bool]:
    """Commands to a bridge: played back, too late, kept by the broker, or no command at all."""
    clock, bridge = FakeClock(), _Obeying()
    context = BridgeContext(
        site="lab", device="plug", bus=RecordingBus(), clock=clock, ids=TimeOrderedIds(), hash_badge=hashed,
        hide_card=lambda _said: SunMessage(picc="", mac=""),
    )  # fmt: skip
    runner = BridgeRunner("plug", bridge, context, RecordingReporter())
    where = topic(Channel.COMMAND, site="lab", device="plug")

    def order(id: str, seconds: float) -> bytes:
        return encode(SetPower(id=id, expires_at=clock.now() + timedelta(seconds=seconds), on=True, ceiling_s=60))

    played = [order(f"id-{n}", 5) for n in range(200)]
    for one in played:
        runner._hear_command(Delivery(where, one))
    _must(bridge.obeyed == len(played))
    for n in range(count):
        before = bridge.obeyed
        match n % 4:
            case 0:
                heard = Delivery(where, rng.choice(played))
            case 1:
                heard = Delivery(where, order(f"late-{n}", -rng.uniform(0, 3600)))
            case 2:
                heard = Delivery(where, order(f"kept-{n}", 5), retained=True)
            case _:
                data = order(f"torn-{n}", 5)
                heard = Delivery(where, data[: rng.randrange(len(data) - 2)])
        runner._hear_command(heard)
        yield bridge.obeyed != before


def of_forgeries(found: Forgeries) -> list[Figure]:
    note = f"{found.trials:,} tries; {found}; no more than {3 / found.trials:.0e} of such, at 95 %"
    return [Figure("forged_accepted", len(found.taken), "accepted", note, "0")]


KINDS: dict[str, tuple[float, Kind]] = {
    "forged cards": (0.35, forged_cards),
    "replayed cards": (0.25, replayed_cards),
    "facts with a broken signature": (0.15, forged_facts),
    "orders that a node was not sent": (0.1, forged_orders),
    "replayed, late or retained commands": (0.15, stale_commands),
}
