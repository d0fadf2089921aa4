"""The broker's door: who may come in, and what each may say and hear, in the two files that Mosquitto reads.

A device's user name is its slug, and with it the device may only speak as itself. Passwords are chance of 24 bytes, so
that their hash need not be slow; it has Mosquitto's own form (``$7$``: PBKDF2 with SHA-512).
"""

import base64
import binascii
import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devices.topics import ROOT, SLUG, TOPICS
from gateway.adapters.private_files import write_private
from gateway.adapters.topic_filters import covers

OURS = "gateway"
"""The account of the gateway, the dashboard and the bridges: all of ours, and the dialects of bought plugs."""
ITERATIONS = 101
_DIALECTS = ("cmnd/#", "stat/#", "tele/#", "shellies/#", "shelly/#", "esphome/#", "zigbee2mqtt/#")


@dataclass(frozen=True, slots=True)
class Rule:
    """``access`` (read, write or readwrite) to a filter; ``%u`` in it is the user's name."""

    access: str
    filter: str

    def allows(self, access: str, topic: str, user: str) -> bool:
        """Whether this user may ``read`` or ``write`` this topic (or, reading, this whole filter)."""
        return access in self.access and covers(self.filter.replace("%u", user), topic)


OF_OURS = (
    Rule("readwrite", f"{ROOT}/#"), *(Rule("readwrite", dialect) for dialect in _DIALECTS), Rule("read", "$SYS/#"),
)  # fmt: skip
_BOUGHT = (
    ("read", "cmnd/%u/#"), ("write", "stat/%u/#"), ("write", "tele/%u/#"), ("readwrite", "shellies/%u/#"),
    ("readwrite", "shelly/%u/#"), ("readwrite", "esphome/%u/#"),
)  # fmt: skip


def of_devices(site: str) -> tuple[Rule, ...]:
    """What every device may: its own channels on this site (``+``: on any), its own topics in a plug's dialect."""
    own = [
        Rule("write" if row.sender == "device" else "read", f"{ROOT}/{site}/%u/{row.channel}")
        for row in TOPICS
        if "device" in (row.sender, row.listener)
    ]
    # Where a Shelly answers: its `reply_to` is etabli/<site>/<device>.
    return (*own, Rule("write", f"{ROOT}/{site}/%u/rpc"), *(Rule(*rule) for rule in _BOUGHT))


def access_list(site: str = "+", extra: str = "") -> str:
    """Mosquitto's access list; ``extra`` are further accounts."""
    ours = "".join(f"topic {rule.access} {rule.filter}\n" for rule in OF_OURS)
    devices = "".join(f"pattern {rule.access} {rule.filter}\n" for rule in of_devices(site))
    return (
        "# Who may say and hear what. A device's user name is its slug, and with it it may only speak as itself.\n\n"
        "# --- the gateway, the dashboard and the bridges: everything of ours, and the dialects of bought plugs\n"
        f"user {OURS}\n{ours}\n{extra}"
        "# --- every device: its own channels, and a bought plug's own topics in its dialect; %u is its user name\n"
        f"{devices}"
    )


class Door:
    """The accounts of one broker, in a folder. Several programs may change them; each change is one rename."""

    def __init__(self, folder: Path, *, site: str) -> None:
        self._folder, self._site = folder, site
        self.users, self.access = folder / "users", folder / "acl"
        self._inside: tuple[int, frozenset[str]] = (0, frozenset())

    def prepare(self) -> str:
        """Write what the broker reads, and give our own account a new password, which is returned."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self.access, access_list(self._site).encode())
        return self.admit(OURS)

    def admit(self, name: str) -> str:
        """Let a device in under this name, with a new password, which is returned; an older one opens no more."""
        if not SLUG.fullmatch(name):
            raise ValueError(f"{name!r} is not a slug")
        password = secrets.token_urlsafe(24)
        with self._changing() as accounts:
            accounts[name] = hashed(password, os.urandom(12))
        return password

    def shut_out(self, name: str) -> bool:
        """Take an account away; False when there was none."""
        with self._changing() as accounts:
            return accounts.pop(name, None) is not None

    @property
    def names(self) -> tuple[str, ...]:
        """The devices that have an account."""
        return tuple(sorted(self._accounts().keys() - {OURS}))

    @property
    def changed_at(self) -> int:
        """Changes whenever the accounts do."""
        return self.users.stat().st_mtime_ns if self.users.exists() else 0

    def knows(self, name: str, password: str) -> bool:
        """Whether this name may come in with this password."""
        told = self._accounts().get(name, "")
        try:
            salt = base64.b64decode(told.split("$")[3], validate=True)
        except (IndexError, binascii.Error):
            return False
        return hmac.compare_digest(told, hashed(password, salt))

    def allows(self, name: str, access: str, topic: str) -> bool:
        """Whether this account may ``read`` or ``write`` there; one that is gone may nothing, even while connected."""
        if not self._has(name):
            return False
        rules = OF_OURS if name == OURS else of_devices(self._site)
        return any(rule.allows(access, topic, name) for rule in rules)

    def _has(self, name: str) -> bool:
        changed_at = self.changed_at
        if self._inside[0] != changed_at:
            # The moment first: what changes while we read is read again.
            self._inside = changed_at, frozenset(self._accounts())
        return name in self._inside[1]

    def _accounts(self) -> dict[str, str]:
        lines = self.users.read_text().splitlines() if self.users.exists() else []
        return dict(line.split(":", 1) for line in lines if ":" in line)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, str]]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._folder / "users.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            accounts = self._accounts()
            yield accounts
            lines = (f"{name}:{told}\n" for name, told in sorted(accounts.items()))
            write_private(self.users, "".join(lines).encode())


def hashed(password: str, salt: bytes) -> str:
    """As `mosquitto_passwd` writes it."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return f"$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
