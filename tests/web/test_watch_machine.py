"""One machine for the team, and the screen for everybody: curves as a table too, history in words, nobody named outside."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from dashboard.app import create_app
from dashboard.watch.curves import RANGES, means, panels
from dashboard.watch.tv import columns
from devices.messages import Outcome, Sample
from gateway.adapters.timeseries_sql import SqlTimeSeries
from gateway.domain.events import EventKind
from gateway.domain.help import Photo
from gateway.domain.sessions import EndReason, State
from gateway.ports.errors import SeriesUnavailable
from gateway.service.series import points_of_sample
from tests.web.admin import sign_in
from tests.web.lab import MANAGER, NOON, SITE, TestLab, busy_afternoon

MINUTE = timedelta(minutes=1)


def warm_up(series, now, *, slug="prusa-1", minutes=50):
    """A nozzle that heats up and a bed that stays, every half minute."""
    points = []
    for half in range(2 * minutes):
        values = {"tool0_c": min(210.0, 25.0 + 4 * half), "bed_c": 60.0}
        at = now - minutes * MINUTE + half * MINUTE / 2
        points += points_of_sample(Sample(values=values), at=at, site=SITE, resource=slug, device=f"{slug}-machine")
    series.write(points)


@pytest.fixture
def series():
    made = SqlTimeSeries.memory()
    yield made
    made.close()


@pytest.fixture
def lab(series):
    made = TestLab()
    made.series = series
    services = made.services
    made.services = lambda: replace(services(), series=series)
    yield made
    made.close()


@pytest.fixture
def staff(web):
    web.headers["Origin"] = "http://testserver"
    assert web.post("/equipe/entrer", data={"token": MANAGER}).status_code == 200
    return web


def token(answer):
    return re.search(r'name="form_token" value="([0-9a-f]+)"', answer.text).group(1)


def test_curves_are_drawn_told_as_a_table_and_handed_out(lab, series, staff):
    warm_up(series, NOON)
    page = staff.get("/equipe/machines/prusa-1").text
    assert page.count("<polyline") == 2
    assert "Buse <b>210 °C</b>" in page
    assert "Plateau <b>60 °C</b>" in page
    rows = re.findall(r'<tr><th scope="row">([^<]*)</th><td class="number">([^<]*)</td><td', page)
    assert len(rows) == 10
    assert rows[0][1] == "210"
    told = staff.get("/equipe/machines/prusa-1/mesures?plage=heure").json()["panels"]
    assert [(panel["key"], [c["label"] for c in panel["curves"]]) for panel in told] == [
        ("temperature", ["Buse", "Plateau"])
    ]
    assert told[0]["curves"][1]["points"][-1][1] == 60.0
    assert "Aucune mesure" in staff.get("/equipe/machines/laser").text


def test_a_day_of_curves_comes_from_the_roll_ups(lab, series, staff):
    warm_up(series, NOON - timedelta(hours=5))
    assert "Aucune mesure" in staff.get("/equipe/machines/prusa-1").text
    assert "<polyline" in staff.get("/equipe/machines/prusa-1?plage=jour").text
    assert "<polyline" in staff.get("/equipe/machines/prusa-1?plage=semaine").text
    assert staff.get("/equipe/machines/prusa-1?plage=x").status_code == 200


def test_a_series_that_is_away_takes_nothing_else_with_it(lab, series, staff, monkeypatch):
    def away(*_, **__):
        raise SeriesUnavailable("disk full")

    monkeypatch.setattr(series, "query", away)
    page = staff.get("/equipe/machines/prusa-1")
    assert page.status_code == 200
    assert "Les mesures ne peuvent pas être lues" in page.text
    assert staff.get("/equipe/machines/prusa-1/mesures").status_code == 503


def test_curves_stay_inside_their_drawing_whatever_was_measured(series):
    values = [0.0, -40.0, 1e9, 3.5]
    for number, value in enumerate(values):
        series.write(points_of_sample(
            Sample(values={"power_w": value}), at=NOON - (number + 1) * MINUTE, site=SITE, resource="x", device="d"
        ))  # fmt: skip
    (panel,) = panels(series, "x", RANGES["heure"], NOON)
    spots = [tuple(map(float, spot.split(","))) for spot in panel.curves[0].path.split()]
    assert len(spots) == 4
    assert all(0 <= across <= 640 and 0 <= down <= 180 for across, down in spots)
    assert means([(0, 1.0), (14, 3.0), (15, 9.0)], 15) == ((0, 2.0), (15, 9.0))


def test_history_problems_and_devices_in_words(lab, staff):
    now = lab.clock.now()
    over = lab.session(
        "prusa-1", "Inès", state=State.CLOSED, closed_at=now, end_reason=EndReason.FORGOTTEN, enabled_s=3600.0,
        active_s=1200.0,
    )  # fmt: skip
    lab.job("prusa-1", session=over, ended=True, name="vase.gcode", filament_mm=2400.0)
    lab.job("prusa-1", minutes=300, ended_at=now, outcome=Outcome.CANCELLED, wall_s=900.0, name=None)
    lab.event(EventKind.ALARM_RAISED, "prusa-1", device="machine", code="printer-error")
    lab.event(EventKind.ALARM_RAISED, "laser", device="machine", code="grbl-alarm-1")
    page = staff.get("/equipe/machines/prusa-1").text
    for words in (
        "vase.gcode", "2,4\u00a0m de filament", "Annulé", "Sans nom", "15\u00a0minutes", "Oubliée",
        "dont en marche\u00a0: 20\u00a0minutes", "I. R.", "Alarme\u00a0: L’imprimante signale une erreur.",
        "prusa-1-machine",
    ):  # fmt: skip
        assert words in page, words
    assert "fin de course" not in page
    assert "Inès" not in page
    english = staff.get("/equipe/machines/prusa-1?lang=en").text
    for words in ("Cancelled", "2.4\u00a0m of filament", "Forgotten"):
        assert words in english


def test_upkeep_is_noted_and_comes_back_when_it_is_due(lab, staff):
    path = "/equipe/machines/laser/entretien"
    form = {"form_token": token(staff.get(path))}
    bad = staff.post(path, data=form | {"note": " ", "next_at": "2020-01-01", "next_hours": "1.5"})
    assert bad.status_code == 422
    assert bad.text.count('class="error"') == 3
    assert 'value="1.5"' in bad.text
    good = {"note": "Lentille nettoyée", "next_at": "2026-11-26", "next_hours": "1", "signed": "Karim"}
    assert "L’entretien est noté." in staff.post(path, data=form | good).text
    page = staff.get("/equipe/machines/laser").text
    for words in (
        "Lentille nettoyée",
        "Karim",
        "Prochain entretien jeudi 26 novembre.",
        "À refaire après 1\u00a0heures",
    ):
        assert words in page
    assert 'id="todo-upkeep_due' not in staff.get("/equipe").text
    lab.clock.advance(60)
    lab.session("laser", minutes=0, state=State.CLOSED, closed_at=lab.clock.now(), enabled_s=4000.0)
    assert 'id="todo-upkeep_due.laser"' in staff.get("/equipe").text


def test_the_label_holds_what_somebody_in_front_of_the_machine_needs(lab, staff):
    page = staff.get("/equipe/machines/laser/etiquette").text
    assert 'src="/r/laser/qr.svg"' in page
    assert '<p class="sticker-slug">laser</p>' in page


def address_of(answer):
    return re.search(r'href="http://[^/]+(/tv/[\w-]+)"', answer.text).group(1)


def test_the_screen_for_everybody_names_nobody_and_no_file(lab, staff):
    busy_afternoon(lab)
    first = address_of(staff.post("/equipe/ecran", data={"form_token": token(staff.get("/equipe/ecran"))}))
    staff.cookies.clear()
    page = staff.get(first)
    assert page.status_code == 200
    for words in ("En marche", "Découpe laser", "Hors service", "libres sur 13", "12\u00a0h"):
        assert words in page.text
    for member in lab.people.values():
        assert member.first_name not in page.text
    assert "lampe-de-lea" not in page.text
    assert 'href="/' not in re.sub(r"<link[^>]*>", "", page.text)


def test_a_screen_s_address_dies_with_the_next_one_and_opens_nothing_else(lab, staff):
    form = {"form_token": token(staff.get("/equipe/ecran"))}
    first = address_of(staff.post("/equipe/ecran", data=form))
    second = address_of(staff.post("/equipe/ecran", data=form))
    assert second.removeprefix("/tv/") not in staff.get("/equipe/ecran").text
    dead = staff.get(first)
    assert dead.status_code == 404
    assert "L’équipe peut en créer une nouvelle." in dead.text
    assert staff.get(f"{first}/direct").status_code == 404
    secret = second.removeprefix("/tv/")
    assert staff.get("/api/v1/members", headers={"Authorization": f"Bearer {secret}"}).status_code == 403
    assert staff.get(f"/tv/{MANAGER}").status_code == 404
    staff.post("/equipe/ecran/fermer", data=form)
    assert staff.get(second).status_code == 404
    assert "Aucune adresse n’est ouverte." in staff.get("/equipe/ecran").text


def test_whatever_the_number_of_machines_they_fit():
    assert [columns(count) for count in (0, 1, 4, 13, 40, 500)] == [1, 2, 3, 5, 8, 8]


def test_the_camera_s_picture_is_for_the_team_and_kept_nowhere(lab):
    class Camera:
        def looks_at(self, resource):
            return resource == "prusa-1"

        def picture(self, resource):
            return Photo(media_type="image/png", data=b"\x89PNG") if resource == "prusa-1" else None

    with TestClient(create_app(replace(lab.services(), camera=Camera()))) as web:
        assert web.get("/equipe/machines/prusa-1/image").status_code == 403
        sign_in(web)
        assert '<img src="/equipe/machines/prusa-1/image"' in web.get("/equipe/machines/prusa-1").text
        seen = web.get("/equipe/machines/prusa-1/image")
        assert (seen.content, seen.headers["content-type"], seen.headers["cache-control"]) == (
            b"\x89PNG",
            "image/png",
            "no-store",
        )
        assert "/image" not in web.get("/equipe/machines/laser").text
        assert web.get("/equipe/machines/laser/image").status_code == 404
