"""Keys of requests: taken in the transaction of what the request does, so that doing it twice cannot happen."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import Part
from gateway.adapters.sql.statements import insert_new
from gateway.ports.store_answers import Answer, Claim

_answers = schema.answers
_of_key = _answers.c.key == bindparam("the_key")

KEPT = timedelta(days=1)

FORGET = delete(_answers).where(_answers.c.at < bindparam("before", type_=_answers.c.at.type))
TAKE = insert_new(_answers)
TAKEN = select(_answers.c.request, _answers.c.status, _answers.c.media_type, _answers.c.body).where(_of_key)
KEEP = (
    update(_answers)
    .where(_of_key)
    .values({c: bindparam(c.name, type_=c.type) for c in (_answers.c.status, _answers.c.media_type, _answers.c.body)})
)


class AnswersPart(Part):
    """Requests that were sent with a key."""

    def claim(self, key: str, request: str, now: datetime) -> Claim | None:
        """Take ``key`` for ``request``; who has it already, if any."""
        self._tx.run(FORGET, before=now - KEPT)
        new = {"key": key, "site_id": self.site_id(), "request": request, "at": now}
        if self._tx.run(TAKE, **new, status=None, media_type=None, body=None):
            return None
        row = self._tx.one(TAKEN, the_key=key)
        assert row is not None
        taken_for, status, media_type, body = row
        answer = None if status is None else Answer(status=status, media_type=media_type, body=bytes(body))
        return Claim(request=taken_for, answer=answer)

    def keep_answer(self, key: str, answer: Answer) -> None:
        """What to answer to whoever sends the request again."""
        self._tx.run(KEEP, the_key=key, status=answer.status, media_type=answer.media_type, body=answer.body)
