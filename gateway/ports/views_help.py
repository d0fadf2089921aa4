"""What people see of calls and problems, and what a kiosk shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gateway.domain.help import HelpRequest, Photo
from gateway.domain.resources import Device

if TYPE_CHECKING:
    from gateway.ports.views import LastTap


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpView:
    """A request with what its line needs: the slug of its machine, the first name of whoever asked."""

    request: HelpRequest
    resource: str | None
    first_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderView:
    """A reader with the slugs of the resources that it serves, in order."""

    device: Device
    resources: tuple[str, ...]


class HelpViews(Protocol):
    """Each call is one short transaction of its own; StoreUnavailable when the database is away."""

    def open_requests(self) -> tuple[HelpView, ...]:
        """What nobody has closed, the oldest first; at most 200."""

    def help_request(self, id: str) -> HelpRequest | None:
        """One by id."""

    def photo(self, id: str) -> Photo | None:
        """The picture of a request."""

    def reader(self, slug: str) -> ReaderView | None:
        """A reader that serves several machines, or the one at the door."""

    def last_tap_at(self, reader_id: str, resource_ids: Iterable[str]) -> "LastTap | None":
        """The last tap at a reader of its own, or what was chosen there for one of these resources."""
