"""Whether a message would reach somebody: to anybody else a page promises none."""

from dashboard.dependencies import Services
from gateway.domain.notices import channels_for
from gateway.domain.telling import Topic


def reached(services: Services, member_id: str | None, topic: Topic = Topic.BOOKINGS) -> bool:
    """Whether this member hears of such things by a channel of the lab; a visitor without an account does not."""
    if member_id is None:
        return False
    found = services.store.views().recipients([member_id])
    return any(one.active and channels_for(topic, one, services.house) for one in found)
