"""The places that the head of every page leads to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One of them: its address, the key of its word, its icon."""

    path: str
    word: str
    icon: str

    def holds(self, path: str) -> bool:
        """Whether ``path`` is this place or inside it."""
        return path == self.path or (self.path != "/" and path.startswith(f"{self.path}/"))


PLACES = (
    Place(path="/", word="page.machines", icon="machines"),
    Place(path="/reserver", word="page.book", icon="book"),
    Place(path="/ateliers", word="page.workshops", icon="workshop"),
    Place(path="/moi", word="page.me", icon="me"),
    Place(path="/equipe", word="page.staff", icon="team"),
)
