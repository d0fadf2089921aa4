"""A card's counter only rises, also when two gateways hear the same card at once."""

from gateway.domain.cards import Shown, ShownBadge
from tests.fixtures_store import NOW, badge, make_lab


def test_the_counter_rises_and_never_falls(store):
    lab = make_lab(store)
    reader = lab.devices["reader-1"]
    with store.begin() as work:
        before = work.facts_for_tap(reader, badge("ada"), NOW)
        assert before.access.shown is Shown.NUMBER
        assert before.badge is not None
        assert before.badge.counter is None
        said = [work.raise_counter(before.badge.id, counter) for counter in (5, 5, 4, 6)]
    assert said == [True, False, False, True]
    with store.begin() as work:
        assert work.facts_for_tap(reader, badge("ada"), NOW).badge == ShownBadge(id=before.badge.id, counter=6)
        assert work.facts_for_tap(reader, badge("stranger"), NOW).badge is None
        member = before.access.member
        assert member is not None
        known = work.facts_for_member(lab.laser.id, member.id, NOW)
    assert (known.access.shown, known.badge) == (None, None)
