"""Who says what of use and booking: the site, a group of equal machines, a resource; and what that makes together."""

from dataclasses import dataclass
from typing import Self

from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.policy import Said, in_force
from gateway.domain.use_policy import UsePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidPolicies:
    """What one layer says, as it was written; None: nothing."""

    use: Said | None = None
    booking: Said | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What is in force for a resource."""

    use: UsePolicy
    booking: BookingPolicy

    @classmethod
    def of(cls, *layers: SaidPolicies) -> Self:
        """The layers together, the widest first."""
        return cls(
            use=in_force(UsePolicy, *(layer.use for layer in layers)),
            booking=in_force(BookingPolicy, *(layer.booking for layer in layers)),
        )
