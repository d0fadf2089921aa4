"""What each role may do, as one table: whoever asks anything of the house is looked up here."""

from enum import StrEnum

from gateway.domain.people import Role


class May(StrEnum):
    """One thing that a role opens."""

    USE = "use"
    """Book, take a place in a workshop, read what is one's own."""
    TEACH = "teach"
    """Lead workshops and say who passed."""
    RUN = "run"
    """Change anything about machines, members, badges and bookings; read names."""
    COUNT = "count"
    """Read figures that point to people, never their names."""
    ADMINISTER = "administer"
    """Say who runs the place; hand out tokens."""
    SHOW = "show"
    """Show one resource's kiosk."""


RIGHTS: dict[Role, frozenset[May]] = {
    Role.VISITOR: frozenset(),
    Role.TV: frozenset(),
    Role.KIOSK: frozenset({May.SHOW}),
    Role.MEMBER: frozenset({May.USE}),
    Role.TRAINER: frozenset({May.USE, May.TEACH}),
    Role.AUDITOR: frozenset({May.COUNT}),
    Role.MANAGER: frozenset({May.USE, May.TEACH, May.RUN, May.COUNT}),
    Role.ADMINISTRATOR: frozenset({May.USE, May.TEACH, May.RUN, May.COUNT, May.ADMINISTER}),
}
OF_PEOPLE = tuple(role for role in Role if role not in (Role.TV, Role.KIOSK))
"""Roles that a member can have."""
_BELOW_MANAGER = frozenset({Role.VISITOR, Role.MEMBER, Role.TRAINER})


def may(role: Role | None, what: May) -> bool:
    """Whether this role opens it; no role opens nothing."""
    return role is not None and what in RIGHTS[role]


def roles_that(what: May) -> frozenset[Role]:
    """Every role that opens it."""
    return frozenset(role for role in Role if may(role, what))


def may_give(giver: Role, old: Role, new: Role) -> bool:
    """Whether somebody of this role may turn a member of the old role into one of the new: never above themselves."""
    if new not in OF_PEOPLE:
        return False
    if may(giver, May.ADMINISTER):
        return True
    return may(giver, May.RUN) and {old, new} <= _BELOW_MANAGER
