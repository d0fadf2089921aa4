"""Cameras that look at machines: one picture now, for whoever asks; none is kept."""

from typing import Protocol

from gateway.domain.help import Photo


class Camera(Protocol):
    """Each look takes some seconds at most."""

    def looks_at(self, resource: str) -> bool:
        """Whether there is a camera for this resource, by slug."""

    def picture(self, resource: str) -> Photo | None:
        """What it sees now; None when it does not answer with a picture in time."""
