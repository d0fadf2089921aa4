"""Groups of machines, hours, closures and workshops by form: what is typed is kept, what cannot be is said."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from gateway.domain.timespan import Span
from gateway.domain.workshops import WorkshopState
from tests.web.admin import send, sign_in, text_of


@pytest.fixture
def staff(lab):
    with TestClient(lab.app(), raise_server_exceptions=False) as web:
        yield sign_in(web)


def closures(lab):
    now = lab.clock.now()
    return lab.store.views().schedules(Span(now, now + timedelta(days=300))).closures


def workshops(lab):
    return lab.store.views().workshops(limit=50, cursor=None).rows


# Groups


def test_a_group_is_made_filled_and_renamed(lab, staff):
    made = send(
        staff, "/equipe/regles", "/equipe/regles/groupes", nom="Imprimantes  FDM", machines=["prusa-1", "prusa-2"]
    )
    assert made.url.path == "/equipe/regles/groupes/imprimantes-fdm"
    assert "Le groupe est enregistré." in made.text
    change = {"nom": "Imprimantes à filament", "machines": ["prusa-2", "ender-3"]}
    page = send(staff, made.url.path, f"{made.url.path}/machines", **change)
    assert "Imprimantes à filament" in page.text
    (group,) = lab.store.views().groups()
    inside = {each.slug for each in lab.store.views().resources() if each.group_id == group.id}
    assert inside == {"prusa-2", "ender-3"}
    assert send(staff, "/equipe/regles", "/equipe/regles/groupes", nom="!!").url.path == "/equipe/regles"


# Hours and closures


def test_hours_of_the_place_and_of_one_machine(lab, staff):
    said = send(staff, "/equipe/horaires", monday="9h-12h30, 14-18", holidays="france")
    assert "Les horaires sont enregistrés." in said.text
    assert 'value="09:00-12:30, 14:00-18:00"' in said.text
    page = "/equipe/horaires/machines/laser"
    assert "Elle a ses propres horaires." in send(staff, page, tuesday="10:00-11:00").text
    wrong = send(staff, page, tuesday="toujours")
    assert wrong.status_code == 422
    assert 'value="toujours"' in wrong.text
    assert "Elle a les horaires du lieu." in send(staff, page).text
    assert staff.get("/equipe/horaires/machines/nope").status_code == 404


@pytest.mark.parametrize(
    ("told", "starts", "ends"),
    [
        ({"jour": "2026-12-24", "dernier_jour": "2027-01-02"}, "2026-12-23T23:00", "2027-01-02T23:00"),
        ({"jour": "2026-12-24"}, "2026-12-23T23:00", "2026-12-24T23:00"),
        ({"jour": "2026-12-24", "debut": "14:00", "fin": "16:00"}, "2026-12-24T13:00", "2026-12-24T15:00"),
        ({"jour": "2026-12-24", "debut": "22:00", "fin": "02:00"}, "2026-12-24T21:00", "2026-12-25T01:00"),
    ],
)
def test_a_closure_is_for_whole_days_or_for_hours(lab, staff, told, starts, ends):
    said = send(staff, "/equipe/horaires", "/equipe/horaires/fermetures", raison="Inventaire", machine="laser", **told)
    assert "La fermeture est enregistrée." in said.text
    (closure,) = closures(lab)
    assert closure.span == Span(*(datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (starts, ends)))
    assert closure.resource_id == lab.resources["laser"].id
    gone = send(staff, "/equipe/horaires", f"/equipe/horaires/fermetures/{closure.id}/retirer")
    assert "La fermeture est retirée." in gone.text
    assert closures(lab) == ()


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"jour": "2026-12-24"}, "Dites le premier jour et pourquoi."),
        ({"jour": "demain", "raison": "x"}, "Dites le premier jour et pourquoi."),
        ({"jour": "2026-12-24", "debut": "9:00", "raison": "x"}, "Dites le premier jour et pourquoi."),
        ({"jour": "2026-12-24", "dernier_jour": "2026-12-20", "raison": "<b>"}, "La fin est avant le début."),
    ],
)
def test_a_closure_that_cannot_be_is_told_and_what_was_typed_stays(lab, staff, told, sentence):
    wrong = send(staff, "/equipe/horaires", "/equipe/horaires/fermetures", **told)
    assert sentence in wrong.text
    assert f'value="{told["jour"]}"' in wrong.text
    assert 'value="<b>"' not in wrong.text
    assert closures(lab) == ()


# Workshops


def wish(lab, **more):
    return {
        "title": "Découpe & gravure", "kind": "course", "seats": "6", "minimum": "2", "training": "decoupe-laser",
        "jour": "2026-12-01", "debut": "14:00", "fin": "17:00", "trainer_id": lab.people["Inès"].id, "machines": ["laser"],
    } | more  # fmt: skip


def test_a_workshop_is_planned_with_its_machines_changed_and_cancelled(lab, staff):
    planned = send(staff, "/equipe/ateliers/nouveau", **wish(lab))
    assert "L’atelier est prévu." in text_of(planned)
    (view,) = workshops(lab)
    assert view.workshop.span.starts == datetime(2026, 12, 1, 13, tzinfo=UTC)
    assert (view.workshop.minimum, view.workshop.training, view.resources) == (2, "decoupe-laser", ("laser",))
    page = f"/equipe/ateliers/{view.workshop.id}/modifier"
    shown = staff.get(page).text
    assert 'value="Découpe &amp; gravure"' in shown
    assert 'name="machines" value="laser" checked' in shown
    change = wish(lab, title="Gravure", debut="15:00", seats="4", machines=["laser", "vinyle"])
    assert "L’atelier est modifié." in send(staff, page, **change).text
    (view,) = workshops(lab)
    assert (view.workshop.titles["fr"], view.workshop.seats, set(view.resources)) == ("Gravure", 4, {"laser", "vinyle"})
    asked = staff.get(f"/equipe/ateliers/{view.workshop.id}/annuler")
    assert "Personne n’est inscrit." in asked.text
    gone = send(staff, asked.url.path, raison="Formatrice malade")
    assert "L’atelier est annulé." in gone.text
    assert workshops(lab)[0].workshop.state is WorkshopState.CANCELLED
    again = send(staff, page, **wish(lab))
    assert again.status_code == 409
    assert "Cet atelier est annulé." in again.text


def test_a_series_leaves_out_dates_that_clash_or_says_them(lab, staff):
    lab.reserve("laser", "Léa", datetime(2026, 12, 8, 13, tzinfo=UTC), datetime(2026, 12, 8, 14, tzinfo=UTC))
    weekly = wish(lab, again="weekly", times="4")
    refused = send(staff, "/equipe/ateliers/nouveau", **weekly)
    assert refused.status_code == 409
    assert "Découpe laser" in refused.text
    assert 'name="times" inputmode="numeric" maxlength="3" value="4"' in refused.text
    assert workshops(lab) == ()
    assert "3 ateliers sont prévus." in text_of(send(staff, "/equipe/ateliers/nouveau", **weekly, skip="1"))
    days = [view.workshop.span.starts.day for view in workshops(lab)]
    assert days == [1, 15, 22]
    monthly = wish(lab, again="monthly", times="2", machines=[], jour="2027-01-12")
    send(staff, "/equipe/ateliers/nouveau", **monthly)
    assert [(v.workshop.span.starts.month, v.workshop.span.starts.day) for v in workshops(lab)][-2:] == [
        (1, 12),
        (2, 9),
    ]
    first = workshops(lab)[0].workshop.id
    gone = send(staff, f"/equipe/ateliers/{first}/annuler", suivants="1")
    assert "3 ateliers sont annulés." in text_of(gone)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"title": " "}, "Écrivez un titre."), ({"seats": "0"}, "de 1 à 1000"), ({"seats": "douze"}, "de 1 à 1000"),
        ({"trainer_id": ""}, "Choisissez qui l’anime."), ({"debut": "midi"}, "Dites le jour, le début et la fin."),
        ({"kind": "zoo"}, "Choisissez la sorte d’atelier."),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_and_the_rest_is_kept(lab, staff, told, sentence):
    wrong = send(staff, "/equipe/ateliers/nouveau", **wish(lab, **told))
    assert wrong.status_code == 422
    assert sentence in text_of(wrong)
    assert 'value="2026-12-01"' in wrong.text
    assert workshops(lab) == ()


def test_whoever_leads_it_is_found_by_name(lab, staff):
    found = send(staff, "/equipe/ateliers/nouveau", **wish(lab, trainer_id="", search="karim", find="1"))
    assert f'value="{lab.people["Karim"].id}"' in found.text
    assert 'value="Découpe &amp; gravure"' in found.text
    assert workshops(lab) == ()
