"""The one place where codes become sentences: pages, kiosk, readers, mail and the API all speak through it."""

from gateway.wording.catalogue import LANGUAGES, Catalogue, catalogue
from gateway.wording.words import Said, Words

__all__ = ["LANGUAGES", "Catalogue", "Said", "Words", "catalogue"]
