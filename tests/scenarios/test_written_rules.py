"""The written rules of three real labs, each said in a configuration file alone, hold at the machine and in the diary."""

from collections.abc import Iterator

import pytest

from tests.scenarios.written_rules import WrittenLab


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Iterator[WrittenLab]:
    opened = WrittenLab(*request.param)
    yield opened
    opened.close()


written = pytest.mark.parametrize("lab", [("atelier-associatif", "2026-09-02 15:00")], indirect=True)


@written
class TestAtelierAssociatif:
    """Ages, consent, charter, a yearly licence with a trial piece, hours with public holidays, a weekly quota."""

    def test_ages_and_papers_are_asked_for_at_once_and_open_the_machine_once_they_are_there(self, lab: WrittenLab):
        child = lab.person("Zoé", birth_date="2017-01-15")
        teen = lab.person("Noé", "securite", "laser", birth_date="2009-03-01", charter_version=1)

        assert set(lab.tap_at("laser-lecteur", "Zoé")) == {
            "charter_not_accepted", "too_young", "guardian_consent_missing", "training_missing", "supervision_required",
        }  # fmt: skip
        assert lab.tap_at("laser-lecteur", "Noé") == ["charter_not_accepted", "guardian_consent_missing"]

        lab.api("PATCH", f"/members/{teen}", {"charter_version": 2, "guardian_consent_at": "2026-09-01T12:00:00Z"})
        assert lab.tap_at("laser-lecteur", "Noé") == []
        assert "too_young" not in lab.missing(child, "laser", "2030-09-03 15:00")

    def test_the_licence_waits_for_the_trial_piece_and_is_made_anew_each_year(self, lab: WrittenLab):
        ada = lab.person("Ada", "securite", birth_date="1990-05-01", charter_version=2)
        declared = lab.api("POST", "/qualifications/declare", {"member_id": ada, "training": "laser"})
        assert lab.tap_at("laser-lecteur", "Ada") == ["training_awaiting"]

        lab.api("POST", f"/qualifications/{declared['id']}/validate", {"evidence": "pièce d'essai vue"})
        assert lab.tap_at("laser-lecteur", "Ada") == []
        lab.at("2026-09-02 16:00")
        lab.tap_at("laser-lecteur", "Ada")
        assert lab.missing(ada, "laser", "2027-08-31 15:00") == []
        assert lab.missing(ada, "laser", "2027-09-01 15:00") == ["training_lapsed"]

    def test_hours_holidays_and_the_end_of_the_day(self, lab: WrittenLab):
        ada = lab.person("Ada", "securite", "laser", birth_date="1990-05-01", charter_version=2)
        assert lab.missing(ada, "laser", "2026-09-03 13:59") == ["closed_now"]
        assert lab.until(ada, "laser", "2026-09-03 18:00") == lab.local("2026-09-03 19:00")
        assert lab.missing(ada, "laser", "2026-11-11 15:00") == ["closed_day"]  # Armistice, a Wednesday

    def test_a_session_lasts_two_hours_at_most_and_a_week_four(self, lab: WrittenLab):
        ada = lab.person("Ada", "securite", "laser", birth_date="1990-05-01", charter_version=2)
        assert lab.until(ada, "laser", "2026-09-03 15:00") == lab.local("2026-09-03 17:00")
        for day, start, end in (("03", "15:00", "17:00"), ("05", "14:00", "16:00")):
            lab.at(f"2026-09-{day} {start}")
            assert lab.tap_at("laser-lecteur", "Ada") == []
            lab.at(f"2026-09-{day} {end}")
        assert lab.missing(ada, "laser", "2026-09-05 16:30") == ["quota_week_used_up"]
        assert lab.missing(ada, "laser", "2026-09-08 15:00") == []

    def test_a_late_membership_is_told_first_and_refused_after_its_grace(self, lab: WrittenLab):
        until = lab.local("2026-09-01 00:00").isoformat()
        ada = lab.person("Ada", "securite", "laser", birth_date="1990-05-01", charter_version=2, member_until=until)
        moment = lab.local("2026-09-03 15:00").isoformat()
        answer = lab.api("GET", "/access", resource="laser", member=ada, at=moment)
        assert (answer["granted"], [w["code"] for w in answer["warnings"]]) == (True, ["membership_in_grace"])
        assert lab.missing(ada, "laser", "2026-10-01 15:00") == ["membership_lapsed"]


@pytest.mark.parametrize("lab", [("campus-makerspace", "2026-09-07 10:00")], indirect=True)
class TestCampusMakerspace:
    """A pass for the term, safety before the machine, an hour at a time, a week ahead, four a week, no no-shows."""

    def test_the_machine_asks_for_its_training_and_the_one_below(self, lab: WrittenLab):
        until = lab.local("2026-12-19 00:00").isoformat()
        ada = lab.person("Ada", member_until=until)
        refused = lab.api("POST", "/qualifications", {"member_id": ada, "training": "fablight"}, status=409)
        assert [r["code"] for r in refused["refusals"]] == ["prerequisite_missing"]
        assert lab.tap_at("fablight-reader", "Ada") == ["training_missing"]
        lab.grant(ada, "general-safety")
        lab.grant(ada, "fablight")
        assert lab.tap_at("fablight-reader", "Ada") == []
        assert lab.missing(ada, "fablight", "2026-12-21 10:00") == ["membership_lapsed"]

    def test_what_may_be_booked(self, lab: WrittenLab):
        ada = lab.person("Ada", "general-safety", "fablight")
        assert lab.book(ada, "fablight", "2026-09-08 10:00", 61) == ["booking_over_longest"]
        assert lab.book(ada, "fablight", "2026-09-15 10:00", 60) == ["booking_too_far"]
        assert lab.book(ada, "fablight", "2026-09-13 10:00", 60) == ["booking_outside_hours"]  # a Sunday
        for day in ("08", "09", "10"):
            assert lab.book(ada, "fablight", f"2026-09-{day} 10:00", 60) == []
        assert lab.book(ada, "fablight", "2026-09-11 16:00", 60) == []
        assert lab.book(ada, "fablight", "2026-09-11 12:00", 60) == ["booking_week_count"]
        assert lab.book(ada, "fablight", "2026-09-14 09:00", 60) == []

    def test_whoever_has_not_come_after_a_quarter_of_an_hour_has_lost_the_slot(self, lab: WrittenLab):
        ada = lab.person("Ada", "general-safety", "fablight")
        lab.person("Bob", "general-safety", "fablight")
        assert lab.book(ada, "fablight", "2026-09-07 11:00", 60) == []
        lab.at("2026-09-07 11:14")
        assert lab.tap_at("fablight-reader", "Bob") == ["reserved_by_other"]
        lab.at("2026-09-07 11:16")
        assert lab.tap_at("fablight-reader", "Bob") == []


@pytest.mark.parametrize("lab", [("reserved-laser", "2026-09-07 08:00")], indirect=True)
class TestReservedLaser:
    """No cut without training and reservation; half an hour to three hours, three a week over all equal machines."""

    def test_nobody_cuts_without_a_reservation_of_their_own(self, lab: WrittenLab):
        ada = lab.person("Ada", "laser")
        lab.person("Bob", "laser")
        assert lab.tap_at("laser-1-reader", "Ada") == ["reservation_required"]
        assert lab.book(ada, "laser-1", "2026-09-07 09:00", 120) == []
        assert lab.tap_at("laser-1-reader", "Ada") == ["too_early"]
        lab.at("2026-09-07 09:05")
        assert set(lab.tap_at("laser-1-reader", "Bob")) == {"reserved_by_other", "reservation_required"}
        assert lab.tap_at("laser-1-reader", "Ada") == []

    def test_lengths_and_the_week_over_all_equal_machines(self, lab: WrittenLab):
        ada = lab.person("Ada", "laser")
        assert lab.book(ada, "laser-1", "2026-09-08 09:00", 29) == ["booking_too_short"]
        assert lab.book(ada, "laser-1", "2026-09-08 09:00", 120) == []
        assert lab.book(ada, "laser-2", "2026-09-09 09:00", 61) == ["booking_week_quota"]
        assert lab.book(ada, "laser-2", "2026-09-09 09:00", 60) == []
        assert lab.book(ada, "laser-2", "2026-09-14 09:00", 180) == []

    def test_what_is_booked_on_the_day_itself_is_not_counted(self, lab: WrittenLab):
        ada = lab.person("Ada", "laser")
        assert lab.book(ada, "laser-1", "2026-09-07 09:00", 180) == []
        assert lab.book(ada, "laser-1", "2026-09-08 09:00", 180) == []
        assert lab.book(ada, "laser-2", "2026-09-07 13:00", 180) == []
        assert lab.book(ada, "laser-2", "2026-09-09 09:00", 30) == ["booking_week_quota"]

    def test_two_people_at_one_slot(self, lab: WrittenLab):
        ada, bob = lab.person("Ada", "laser"), lab.person("Bob", "laser")
        assert lab.book(ada, "laser-1", "2026-09-08 09:00", 60) == []
        assert lab.book(bob, "laser-1", "2026-09-08 09:30", 60) == ["booking_overlaps"]
