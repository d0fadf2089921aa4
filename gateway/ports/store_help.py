"""What a transaction knows of calls and problems, and of readers that serve several machines."""

from collections.abc import Iterable
from typing import Protocol

from gateway.domain.help import HelpRequest, Photo


class HelpWork(Protocol):
    """Requests from kiosks, in one open transaction."""

    def add_help(self, request: HelpRequest, photo: Photo | None = None) -> None:
        """Keep a new one, with its picture."""

    def help_request(self, id: str) -> HelpRequest | None:
        """One by id."""

    def open_help(self, resource_id: str) -> tuple[HelpRequest, ...]:
        """Those about a resource that nobody has closed."""

    def save_help(self, request: HelpRequest) -> None:
        """Write what has become of it."""

    def serve(self, reader_id: str, resources: Iterable[str]) -> None:
        """From now on this reader serves the resources of these slugs, in this order."""
