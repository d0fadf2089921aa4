"""What the command says to whoever runs it, in French and in English, side by side."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["fr", "en"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in both languages."""

    fr: str
    en: str

    def to(self, language: Language) -> str:
        """The sentence in one of them."""
        return self.fr if language == "fr" else self.en

    def __str__(self) -> str:
        return self.en


def language_of(text: str | None) -> Language:
    """The language a ``LANG`` or ``--lang`` asks for; French unless it says English."""
    return "en" if (text or "").lower().startswith("en") else "fr"
