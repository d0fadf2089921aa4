"""The data folder: who holds it, where each file stands, and the site's badge key."""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from devices.messages import HashedBadge
from etabli.words import Sentence
from gateway.ports.errors import BadConfiguration

KEY_BYTES = 32
LEAST_KEY_BYTES = 16


class FolderHeld(BadConfiguration):
    """Another Établi works in this folder."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Every path below the data directory."""

    path: Path

    @property
    def store(self) -> Path:
        """The truth, in SQLite."""
        return self.path / "etabli.db"

    @property
    def series(self) -> Path:
        """Readings in time, in SQLite."""
        return self.path / "series.db"

    @property
    def outboxes(self) -> Path:
        """One file per bridge."""
        return self.path / "outboxes"

    @property
    def broker(self) -> Path:
        """The embedded broker's own files."""
        return self.path / "broker"

    @property
    def badge_key(self) -> Path:
        """The site's key, unless the settings name another."""
        return self.path / "badge.key"

    def make(self) -> None:
        """Create the folder, closed to others."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # It holds names, badges and keys.
            self.path.mkdir(mode=0o700, exist_ok=True)
            self.outboxes.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            why = error.strerror
            raise BadConfiguration(
                Sentence(
                    f"data.directory = {self.path} : ce dossier ne peut être créé ({why})",
                    f"data.directory = {self.path}: this folder cannot be made ({why})",
                )
            ) from None

    def hold(self, name: str = "etabli") -> "Held":
        """Take a lock until the program ends, however it ends; FolderHeld when another has it."""
        file = (self.path / f"{name}.lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            owner = file.read().strip() or "?"
            file.close()
            raise FolderHeld(
                Sentence(
                    f"un autre Établi (processus {owner}) travaille dans {self.path} : arrêtez-le d'abord",
                    f"another Établi (process {owner}) is at work in {self.path}: stop it first",
                )
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        return Held(file)


class Held:
    """A lock that is ours until :meth:`release`."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def release(self) -> None:
        """Let others have it."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class BadgeKey:
    """The site's key: ``id`` tells which key made a hash, and says nothing else about it."""

    key: bytes
    id: str


def badge_key(file: Path, *, may_make: bool) -> BadgeKey:
    """The key in a file of hex digits; made at the first start where none was named."""
    if may_make and not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(secrets.token_hex(KEY_BYTES) + "\n")
            opened.flush()
            os.fsync(opened.fileno())
    return BadgeKey(*_key_in(file, "badges.key_file"))


def device_key(file: Path) -> bytes:
    """The key with which a device signs."""
    return _key_in(file, "devices.key_file")[0]


def _key_in(file: Path, name: str) -> tuple[bytes, str]:
    try:
        key = bytes.fromhex(file.read_text().strip())
    except OSError as error:
        why = error.strerror
        raise BadConfiguration(
            Sentence(f"{name} = {file} : illisible ({why})", f"{name} = {file}: cannot be read ({why})")
        ) from None
    except ValueError:
        key = b""
    if len(key) < LEAST_KEY_BYTES:
        raise BadConfiguration(
            Sentence(
                f"{name} = {file} : il faut au moins 32 chiffres hexadécimaux",
                f"{name} = {file}: expected at least 32 hex digits",
            )
        )
    return key, hashlib.sha256(key).hexdigest()[:8]


def badge_hasher(key: BadgeKey) -> Callable[[str], tuple[HashedBadge, ...]]:
    """Canonical number in, one keyed hash per form out."""
    from devices.badge_reader import hash_forms

    return lambda canonical: hash_forms(canonical, key=key.key, key_id=key.id)


def typed_badge_hasher(
    hash_badge: Callable[[str], tuple[HashedBadge, ...]],
) -> Callable[[str], tuple[HashedBadge, ...]]:
    """A number as it is printed on a badge, or typed by a reader, in; ValueError for what is none."""
    from devices.badge_reader import BadgeSeen, read_line

    def hashed(number: str) -> tuple[HashedBadge, ...]:
        seen = read_line(number)
        if isinstance(seen, BadgeSeen):
            return hash_badge(seen.number)
        raise ValueError("not a badge number")

    return hashed
