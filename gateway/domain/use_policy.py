"""What a lab may ask of those who use a resource; every key is off until it is said."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UsePolicy:
    """The rules of use in force for a resource."""
