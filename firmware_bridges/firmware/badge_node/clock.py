"""The node's two clocks: milliseconds that never go back, and the hour, which it knows only once it has been told.

An ESP32 that starts has no hour. It asks the gateway with a number of its own, and believes a signed answer to that
very question: a recorded one sets nothing. What goes back behind a list it holds is not believed either.
"""

ASK_MS, ASK_AGAIN_MS = 30000, 3000
HEARD_MS = 75000
"""Unheard for so long, the gateway is away."""


class Clock:
    """The hour, and whether the gateway is there."""

    def __init__(self) -> None:
        self._offset_ms: int | None = None
        self._nonce: str | None = None
        self._ask_ms = 0
        self._heard_ms: int | None = None

    def now_s(self, ms: int) -> "int | None":
        """Seconds since 1970; None while nobody has told."""
        return None if self._offset_ms is None else (ms + self._offset_ms) // 1000

    def now_ms(self, ms: int) -> "int | None":
        """Milliseconds since 1970."""
        return None if self._offset_ms is None else ms + self._offset_ms

    def set(self, now_ms: int, ms: int) -> None:
        """What a battery-backed clock, or the gateway, says."""
        self._offset_ms = now_ms - ms

    def asks(self, ms: int) -> bool:
        """Whether it is time to ask."""
        return ms >= self._ask_ms

    def asked(self, nonce: str, ms: int) -> None:
        """A question is on its way."""
        self._nonce, self._ask_ms = nonce, ms + (ASK_MS if self.gateway_there(ms) else ASK_AGAIN_MS)

    def answered(self, body: "dict[str, object]", ms: int, not_before: int) -> "bool | None":
        """Take an answer: None when it is to another question, False when its hour cannot be."""
        now_ms = body.get("now_ms")
        if self._nonce is None or body.get("nonce") != self._nonce or not isinstance(now_ms, int):
            return None
        self._nonce = None
        self._ask_ms = ms + ASK_MS
        self.heard(ms)
        if now_ms < 1000 * (not_before - 300):
            return False
        self.set(now_ms, ms)
        return True

    def heard(self, ms: int) -> None:
        """The gateway is there."""
        self._heard_ms = ms

    def away(self) -> None:
        """It left something unanswered."""
        self._heard_ms = None

    def ask_now(self) -> None:
        """The broker is there again: find out at once who else is."""
        self._ask_ms = 0

    def gateway_there(self, ms: int) -> bool:
        """Whether it was heard lately."""
        return self._heard_ms is not None and ms - self._heard_ms < HEARD_MS
