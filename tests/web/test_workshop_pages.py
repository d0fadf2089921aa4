"""The list of a workshop on paper: for the team alone, everybody on it, nothing that a browser would run."""

from datetime import timedelta

from tests.web.lab import MANAGER

API = "/api/v1/workshops"


def planned(web, lab, bearer):
    starts = lab.clock.now() + timedelta(days=2)
    wish = {
        "kind": "course", "titles": {"fr": "Découpe & gravure"}, "trainer_id": lab.people["Inès"].id, "seats": 3,
        "starts": starts.isoformat(), "ends": (starts + timedelta(hours=2)).isoformat(), "resources": ["laser"],
    }  # fmt: skip
    key = web.post(API, json=wish, headers=bearer("manager")).json()["items"][0]["id"]
    for place in (
        {"member_id": lab.people["Léa"].id},
        {"name": "<script>Zoé", "contact": "06 12 34 56 78"},
        {"headcount": {"commune": "Hesdin", "bands": {"6-10": 2}}},
    ):
        assert web.post(f"{API}/{key}/places", json=place, headers=bearer("manager")).status_code == 201
    return key


def test_only_the_team_reads_a_list(web, lab, bearer):
    key = planned(web, lab, bearer)
    for path in ("/equipe/ateliers", f"/equipe/ateliers/{key}"):
        page = web.get(path).text
        assert "Léa" not in page
        assert "Espace de l’équipe" in page


def test_the_list_shows_who_is_expected_who_waits_and_free_lines(web, lab, bearer):
    key = planned(web, lab, bearer)
    web.post("/equipe/entrer", data={"token": MANAGER}, headers={"Origin": "http://testserver"})
    assert f"/equipe/ateliers/{key}" in web.get("/equipe/ateliers").text
    answer = web.get(f"/equipe/ateliers/{key}")
    assert answer.headers["cache-control"] == "no-store"
    for words in (
        "Découpe &amp; gravure", "Inès Rossi", "Marchand Léa", "&lt;script&gt;Zoé", "06 12 34 56 78", "Découpe laser",
        "Liste d’attente", "2 personnes, Hesdin",
    ):  # fmt: skip
        assert words in answer.text
    assert answer.text.count("Ligne libre") == 1
    assert web.get("/equipe/ateliers/nothing").status_code == 404
