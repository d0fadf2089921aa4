"""NTAG 424 DNA in AES mode (NXP AN12196): what a card has said is opened, and its signature compared.

Every card has its own key, made from the lab's master key and the card's number, in the way of the tools that write
such cards (sdm-backend): nothing about a card must be kept for it, and one card that is broken open tells of no other.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from devices.messages import HashedBadge, SunMessage
from devices.sun import PlainSun, well_formed
from gateway.domain.cards import CardRead

MIRRORED = 0xC7
"""The first byte of what a card encrypts: number and counter follow, and the number has seven bytes."""
_SESSION = bytes.fromhex("3CC300010080")
NOTHING = CardRead()


def aes_cmac(key: bytes, message: bytes) -> bytes:
    """AES-128-CMAC."""
    mac = CMAC(algorithms.AES128(key))
    mac.update(message)
    return mac.finalize()


def _sha(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def meta_key(master: bytes) -> bytes:
    """Key 1 of every card: with it the number is encrypted, the same for all, for nobody knows yet which card it is."""
    return _sha(master, b"PICCDataKey")[:16]


def file_key(master: bytes, uid: bytes, number: int = 2) -> bytes:
    """Key ``number`` of one card: with key 2 it signs."""
    slot = _sha(master, b"SlotMasterKey" + bytes((number,)))[:16]
    return aes_cmac(slot, b"\x01" + _sha(_sha(master, b"DivBaseKey"), uid)[:16])


def open_picc(key: bytes, picc: bytes) -> tuple[bytes, int] | None:
    """A card's number and counter; None when another key has encrypted them."""
    decryptor = Cipher(algorithms.AES128(key), modes.CBC(bytes(16))).decryptor()
    plain = decryptor.update(picc) + decryptor.finalize()
    return (plain[1:8], int.from_bytes(plain[8:11], "little")) if plain[0] == MIRRORED else None


def signature(key: bytes, uid: bytes, counter: int, covered: bytes) -> bytes:
    """What the card with this key writes into its address."""
    session = aes_cmac(key, _SESSION + uid + counter.to_bytes(3, "little"))
    return aes_cmac(session, covered)[1::2]


def hide(key: bytes, sun: PlainSun) -> SunMessage:
    """A message that says its number plainly, as one that does not: no number lies in an outbox or a log."""
    plain = bytes((MIRRORED,)) + sun.uid + sun.counter.to_bytes(3, "little") + secrets.token_bytes(5)
    encryptor = Cipher(algorithms.AES128(_hiding(key)), modes.CBC(bytes(16))).encryptor()
    picc = encryptor.update(plain) + encryptor.finalize()
    return SunMessage(picc=picc.hex().upper(), mac=sun.mac, hidden=True)


def _hiding(site_key: bytes) -> bytes:
    return _sha(site_key, b"card number on its way")[:16]


class SunKeys:
    """The lab's cards, by the master key that ``master`` gives; None while the lab has no such cards."""

    def __init__(
        self, master: Callable[[], bytes | None], site_key: bytes, hash_badge: Callable[[str], tuple[HashedBadge, ...]]
    ) -> None:
        self._master, self._hidden, self._hash = master, _hiding(site_key), hash_badge

    def __call__(self, sun: SunMessage) -> CardRead:
        """Whose card it says it is, and whether it has proved that."""
        master = self._master()
        if master is None or not well_formed(sun):
            return NOTHING
        opened = open_picc(self._hidden if sun.hidden else meta_key(master), bytes.fromhex(sun.picc))
        if opened is None:
            return NOTHING
        uid, counter = opened
        expected = signature(file_key(master, uid), uid, counter, sun.covered.encode())
        return CardRead(
            badge=self._hash(f"uid:{uid.hex().upper()}"), counter=counter,
            genuine=hmac.compare_digest(expected, bytes.fromhex(sun.mac)),
        )  # fmt: skip
