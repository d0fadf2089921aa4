"""An NTAG 424 DNA as the lab has written it: counts its readings and signs each with its own key."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from devices.messages import SunMessage
from devices.sun import PlainSun
from gateway.adapters.card_crypto import MIRRORED, file_key, meta_key, signature

MASTER = bytes.fromhex("C9EB67DF090AFF47C3B19A2516680B9D")
SITE_KEY = b"s" * 32


@dataclass
class Card:
    """One card; ``read`` is what the next reader gets."""

    uid: bytes
    master: bytes = MASTER
    counter: int = 0

    def read(self) -> SunMessage:
        """The next message, its number encrypted."""
        self.counter += 1
        plain = bytes((MIRRORED,)) + self.uid + self.counter.to_bytes(3, "little") + bytes(5)
        encryptor = Cipher(algorithms.AES128(meta_key(self.master)), modes.CBC(bytes(16))).encryptor()
        picc = encryptor.update(plain) + encryptor.finalize()
        return SunMessage(picc=picc.hex().upper(), mac=self._mac())

    def read_plainly(self) -> PlainSun:
        """The next message of a card that says its number for all to see."""
        self.counter += 1
        return PlainSun(uid=self.uid, counter=self.counter, mac=self._mac())

    def _mac(self) -> str:
        return signature(file_key(self.master, self.uid), self.uid, self.counter, b"").hex().upper()


def address(sun: SunMessage) -> str:
    """What the card's message looks like to a reader."""
    return f"https://lab.example/b?e={sun.picc}&c={sun.mac}"
