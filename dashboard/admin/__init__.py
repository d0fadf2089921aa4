"""What runs the lab besides its machines: members, trainings, rules, hours, and the log of who did what."""

from fastapi import APIRouter


def routers() -> tuple[APIRouter, ...]:
    """Every page of administration; the narrower address before the wider one."""
    from dashboard.admin import (
        badges,
        groups,
        hours,
        importing,
        journal,
        members,
        rights,
        rules,
        sent,
        trainings,
        welcome,
        welcome_machines,
    )

    people = (badges.router, rights.router, importing.router, members.router)
    place = (trainings.router, groups.router, rules.router, hours.router)
    return (*people, *place, sent.router, journal.router, welcome_machines.router, welcome.router)
