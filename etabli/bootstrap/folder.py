"""The data folder: who holds it, where each file stands, and the site's badge key."""

import fcntl
import hashlib
import logging
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from devices.messages import HashedBadge
from etabli.words import Sentence
from gateway.adapters.private_files import write_private
from gateway.ports.errors import BadConfiguration

_log = logging.getLogger(__name__)
KEY_BYTES = 32
LEAST_KEY_BYTES = MASTER_BYTES = 16


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
    def tls(self) -> Path:
        """The lab's own certificates."""
        return self.path / "tls"

    @property
    def device_keys(self) -> Path:
        """The keys with which devices sign, one file each."""
        return self.path / "device-keys"

    @property
    def badge_key(self) -> Path:
        """The site's key, unless the settings name another."""
        return self.path / "badge.key"

    @property
    def card_key(self) -> Path:
        """From which the keys of cards that cannot be cloned are made; missing while the lab has none such."""
        return self.path / "cards.key"

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


class MasterKey:
    """The key behind every card's own, as the file has it now: it may be made while we run."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read: tuple[int, bytes] | None = None

    def __call__(self) -> bytes | None:
        """The key; None while there is none, or none that can be read."""
        try:
            changed_at = self._file.stat().st_mtime_ns
        except OSError:
            return None
        if self._read is None or self._read[0] != changed_at:
            try:
                self._read = (changed_at, _key_in(self._file, "cards.key")[0])
            except BadConfiguration as error:
                # No card proves anything until its key can be read; numbers go on.
                _log.error("%s", error)
                return None
        return self._read[1]

    def made(self) -> bytes:
        """The key, made where there is none yet; BadConfiguration when it cannot be read."""
        if not self._file.exists():
            write_private(self._file, f"{secrets.token_hex(MASTER_BYTES)}\n".encode())
        return _key_in(self._file, "cards.key")[0]


def device_key(file: Path) -> bytes:
    """The key with which a device signs."""
    return _key_in(file, "devices.key_file")[0]


class DeviceKeys:
    """The key of each device that has one: named in the settings, or made by `etabli device add`, also while we run."""

    def __init__(self, folder: Path, named: Mapping[str, Path]) -> None:
        self._folder = folder
        self._named = {slug: device_key(file) for slug, file in named.items()}
        self._read: dict[str, tuple[int, bytes]] = {}

    def file(self, slug: str) -> Path:
        """Where the key of a device lies, named or not."""
        return self._folder / f"{slug}.key"

    def __call__(self, slug: str) -> bytes | None:
        """The device's key; None when it signs nothing; one that nobody has when it was revoked."""
        if slug in self._named:
            return self._named[slug]
        try:
            changed_at = self.file(slug).stat().st_mtime_ns
        except FileNotFoundError:
            return secrets.token_bytes(KEY_BYTES) if self._revoked(slug).exists() else None
        known = self._read.get(slug)
        if known is None or known[0] != changed_at:
            known = self._read[slug] = (changed_at, self._from_file(slug))
        return known[1]

    def _from_file(self, slug: str) -> bytes:
        try:
            return device_key(self.file(slug))
        except BadConfiguration as error:
            # What the device says is refused until its key can be read; the others go on.
            _log.error("%s", error)
            return secrets.token_bytes(KEY_BYTES)

    def make(self, slug: str) -> str:
        """A new key, in hex; whatever the device signs with the one before is nonsense from now on."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        key = secrets.token_hex(KEY_BYTES)
        write_private(self.file(slug), f"{key}\n".encode())
        self._revoked(slug).unlink(missing_ok=True)
        return key

    def revoke(self, slug: str) -> None:
        """Whoever had to sign is not believed unsigned either, until the device is added anew."""
        if self.file(slug).exists():
            self._revoked(slug).touch(mode=0o600)
            self.file(slug).unlink(missing_ok=True)

    def forget(self, slug: str) -> None:
        """The device signs nothing from now on, and need not."""
        self._revoked(slug).unlink(missing_ok=True)
        self.file(slug).unlink(missing_ok=True)

    def _revoked(self, slug: str) -> Path:
        return self._folder / f"{slug}.revoked"


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
