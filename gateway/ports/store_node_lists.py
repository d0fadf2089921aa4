"""What the store knows of nodes' lists."""

from typing import Protocol

from gateway.domain.node_lists import NodeList
from gateway.domain.resources import Device


class NodeListsWork(Protocol):
    """The lists' numbers, in one open transaction."""

    def node_list(self, device_id: str) -> NodeList | None:
        """The list that was last made for a node; its row is ours until this transaction ends."""

    def save_node_list(self, row: NodeList) -> None:
        """Insert or update by device."""


class NodeListsViews(Protocol):
    """What a list is made from, beside the facts of access."""

    def nodes(self) -> tuple[Device, ...]:
        """Every node that has a resource."""

    def listable(self, resource_id: str, limit: int) -> tuple[str, ...]:
        """Members with a live badge and some right from each training asked for: who used it last first."""

    def live_badges(self, member_id: str) -> tuple[dict[str, str], ...]:
        """Each badge of a member that is not revoked: digests by form."""
