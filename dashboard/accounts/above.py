"""Nobody changes how somebody above them is reached: whoever holds an administrator's address could become one."""

from collections.abc import Iterable, Mapping

from fastapi import Request

from dashboard.dependencies import services_of, words_of
from dashboard.problems import Problem
from gateway.domain.people import Role
from gateway.domain.roles import may_give

REACH = frozenset({"email", "active"})


def refuse_above(request: Request, giver: Role | None, changed: Mapping[str, Iterable[str]]) -> None:
    """A problem page when ``giver`` would change the address or the standing of a member above them, by id."""
    reached = [member for member, fields in changed.items() if REACH & set(fields)]
    roles = services_of(request).store.views().roles(reached)
    if giver is None or not all(may_give(giver, role, role) for role in roles.values()):
        raise Problem("forbidden", detail=words_of(request)("cards.refused.not_yours_to_give"))
