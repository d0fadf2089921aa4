"""Where the first-run assistant writes a machine down and sets it going."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from gateway.domain.resources import DeviceRole, ResourceKind


class Why(StrEnum):
    """Why nothing can be written, or was not."""

    ELSEWHERE = "elsewhere"
    """The machines of this process are written down somewhere else: the demo, or pages that run apart."""
    READ_ONLY = "read_only"
    WRONG = "wrong"
    """The configuration would not be right with it; ``told`` says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotWritten:
    """Why; ``told`` is one sentence by language."""

    why: Why
    told: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMachine:
    """A resource as far as a first one needs to be told."""

    slug: str
    name: str
    kind: ResourceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """A device of a resource. ``secret`` goes into a file of its own, which the setting ``key_file`` names."""

    slug: str
    role: DeviceRole
    resource: str
    bridge: str
    settings: Mapping[str, str]
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlugAccount:
    """What a plug must know to come in at our broker. ``paste`` is the same as its firmware wants it, shown once."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    paste: str = field(repr=False)
    from_outside: bool
    """Whether the broker hears other computers at all."""


class Setup(Protocol):
    """Machines are added while the lab runs; nothing that runs is stopped for it."""

    def hindrance(self) -> NotWritten | None:
        """Why nothing can be written here; None where it can."""

    def lines(self, new: NewMachine | NewDevice) -> str:
        """What would be written, without any secret: for whoever has to do it by hand."""

    def add(self, new: NewMachine | NewDevice) -> NotWritten | None:
        """Write it down for good and set it going; None once it is done."""

    def gives_accounts(self) -> bool:
        """Whether a plug needs an account of ours to be heard."""

    def account(self, name: str, dialect: str, host: str) -> PlugAccount:
        """A new account under this name, an older one of that name opens nothing more; ``host`` as browsers know us."""
