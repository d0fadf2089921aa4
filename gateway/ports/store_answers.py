"""What a transaction knows of requests that may be sent twice."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered to a request."""

    status: int
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A key that somebody has used: for which request, and the answer once it was given."""

    request: str
    answer: Answer | None


class AnswersWork(Protocol):
    """Keys of requests in one open transaction. A key is kept for a day."""

    def claim(self, key: str, request: str, now: datetime) -> Claim | None:
        """Take ``key`` for ``request`` together with all else that this transaction does; who has it already, if any."""

    def keep_answer(self, key: str, answer: Answer) -> None:
        """What to answer to whoever sends the request again."""
