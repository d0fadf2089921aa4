"""How often anybody may try: for each account, for each address on the network, and for all together.

Counted in this process alone: it slows guessing down. What is guessed for one member is counted in the store.
"""

from enum import StrEnum
from ipaddress import IPv6Address, ip_address

from fastapi import Request
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from dashboard.problems import Problem


class Doing(StrEnum):
    """What is tried."""

    PASSWORD = "password"
    CARD = "card"
    LINK = "link"
    TOKEN = "token"
    KEY = "key"
    PIN = "pin"


# For one account, from one address, in all. A whole lab may share one address, so that one is generous; a mailbox must
# not be filled by strangers.
LIMITS = {
    Doing.PASSWORD: ("8/15 minutes", "40/15 minutes", "200/minute"),
    Doing.CARD: ("20/15 minutes", "60/15 minutes", "200/minute"),
    Doing.LINK: ("4/15 minutes", "20/15 minutes", "60/minute"),
    Doing.KEY: ("60/15 minutes", "60/15 minutes", "200/minute"),
    # Of a kiosk, not of a member: theirs are counted in the store.
    Doing.PIN: ("20/15 minutes", "60/15 minutes", "120/15 minutes"),
    Doing.TOKEN: ("20/15 minutes", "20/15 minutes", "60/minute"),
}


class Throttle:
    """One for each application."""

    def __init__(self) -> None:
        self._counter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._limits = {
            doing: tuple(parse(text) for text in told) for doing, told in LIMITS.items()
        }  # fmt: skip

    def check(self, request: Request, doing: Doing, account: str = "") -> None:
        """Raise a problem where there were too many already."""
        for limit, key in zip(self._limits[doing], _keys(request, account), strict=True):
            if not self._counter.test(limit, doing, key):
                raise Problem("too_many")

    def count(self, request: Request, doing: Doing, account: str = "") -> None:
        """One more."""
        for limit, key in zip(self._limits[doing], _keys(request, account), strict=True):
            self._counter.hit(limit, doing, key)


def throttle_of(request: Request) -> Throttle:
    """That of this application."""
    found: Throttle = request.app.state.throttle
    return found


def _keys(request: Request, account: str) -> tuple[str, str, str]:
    return f"account {account}", f"address {network_of(request)}", "everybody"


def network_of(request: Request) -> str:
    """Where a request comes from; of IPv6 the part that a household has, for it may choose the rest."""
    host = request.client.host if request.client else ""
    try:
        found = ip_address(host)
    except ValueError:
        return host
    return str(IPv6Address(int(found) >> 64 << 64)) if isinstance(found, IPv6Address) else host
