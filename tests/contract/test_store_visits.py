"""Visits are counted and not named: the same on both databases."""

from datetime import UTC, datetime, timedelta

from gateway.domain.people import Member
from gateway.domain.visits import Purpose, Visit, read_commune
from gateway.domain.workshops import AgeBand

NOW = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)


def test_visits_add_up_and_the_communes_most_named_come_first(store):
    with store.begin() as work:
        work.put_site(id="s", slug="la-ruche", name="La Ruche", timezone="Europe/Paris")
        work.put_member(Member(id="m", first_name="Inès", created_at=NOW))
        work.add_visit(Visit(id="1", at=NOW - timedelta(days=1), commune="Arras"))
        work.add_visit(Visit(id="2", at=NOW, commune="Hesdin", purpose=Purpose.MAKE, first_visit=True))
        work.add_visit(Visit(id="3", at=NOW, people=24, commune="Hesdin", age_band=AgeBand.PRIMARY, mediator_id="m"))
        work.add_visit(Visit(id="4", at=NOW))
    assert store.views().visitors(NOW) == 26
    assert store.views().communes(5) == ("Hesdin", "Arras")
    assert store.views().communes(1) == ("Hesdin",)
    assert store.views().visitors(NOW + timedelta(hours=1)) == 0


def test_a_commune_is_one_short_line_of_what_can_be_seen():
    assert read_commune("  Saint-Pol\n sur\u202eTernoise ") == "Saint-Pol sur Ternoise"
    assert read_commune("\x00\u200b  ") is None
    assert len(read_commune("x" * 5000)) == 80
