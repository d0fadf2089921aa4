"""Importing a list: what would change is shown first, what is wrong is said line by line, twice is once."""

import re
import time

import pytest

from dashboard.admin.importing import packed, unpacked
from gateway.domain.members_file import MOST_BYTES
from tests.web.admin import sign_in, text_of, token_in

PAGE = "/equipe/membres/importer"
LIST = """Prénom;Nom;E-mail;Référence;Fin d'adhésion
Léa;Marchand;marchand@example.org;L-1;31/12/2027
Nina;Rossi;rossi@example.org;;
Paul;Durand;paul@;;
Karim;Benali;benali@example.org;;
"""


@pytest.fixture
def staff(web):
    return sign_in(web)


def look(staff, text, **more):
    data = text if isinstance(text, bytes) else text.encode()
    token = token_in(staff.get(PAGE))
    return staff.post(PAGE, data={"form_token": token} | more, files={"liste": ("membres.csv", data, "text/csv")})


def write(staff, page):
    told = dict(re.findall(r'name="(liste|fin|un_an|form_token)" value="([^"]*)"', page.text))
    return staff.post(f"{PAGE}/appliquer", data=told)


def names(lab):
    return {f"{m.first_name} {m.last_name}": m for m in lab.store.views().members(limit=99, cursor=None).rows}


def test_a_list_is_shown_then_written_and_the_second_time_nothing_is(lab, staff):
    page = look(staff, LIST)
    text = text_of(page)
    for words in (
        "1 à ajouter", "1 à changer", "1 déjà à jour", "1 à revoir", "Ligne 4",
        "L’adresse « paul@ » n’est pas complète. Colonne « E-mail ».", "Nina Rossi", "Même e-mail que Inès Rossi",
        "vendredi 31 décembre 2027", "Enregistrer 2 changements",
    ):  # fmt: skip
        assert words in text, words
    assert len(names(lab)) == 3, "looking writes nothing"
    done = write(staff, page)
    assert "C’est enregistré : 1 ajout, 1 fiche changée, 1 fiche déjà à jour." in text_of(done)
    assert set(names(lab)) == {"Léa Marchand", "Karim Benali", "Inès Rossi", "Nina Rossi"}
    assert names(lab)["Léa Marchand"].reference == "L-1"
    events = lab.store.views().events(limit=2, cursor=None).rows
    assert {row.event.data["actor"] for row in events} == {"manager"}
    again = write(staff, page)
    assert "0 ajout, 0 fiche changée, 3 fiches déjà à jour." in text_of(again)
    assert "Tout est déjà à jour." in look(staff, LIST).text
    assert len(lab.store.views().events(limit=99, cursor=None).rows) == len(
        [row for row in lab.store.views().events(limit=99, cursor=None).rows if row.id <= events[0].id]
    )


def test_an_export_comes_back_as_it_left(lab, staff):
    assert "Tout est déjà à jour." in look(staff, staff.get("/equipe/membres/export.csv").content).text


def test_the_end_of_memberships_can_be_given_for_all(lab, staff):
    page = look(staff, "Prénom;Nom\nZoé;A\n", fin="2027-06-30")
    assert "mercredi 30 juin 2027" in page.text
    write(staff, page)
    assert names(lab)["Zoé A"].member_until is not None


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "aucun fichier n’a été choisi"),
        (b"Ville;Age\nLens;3\n", "Aucune colonne « Prénom » n’a été trouvée."),
        (b"PK\x03\x04\0\0", "Ce n’est pas une liste en CSV."),
        (b"x" * (MOST_BYTES + 1), "Ce fichier est trop gros."),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_plain_words(lab, staff, data, sentence):
    answer = look(staff, data)
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert "Rien n’est encore enregistré." in answer.text


def test_no_file_and_a_torn_form_change_nothing(lab, staff):
    token = token_in(staff.get(PAGE))
    assert staff.post(PAGE, data={"form_token": token}).status_code == 422
    for torn in ("", "!!", "AAAA", packed(b"x")[:5]):
        assert staff.post(f"{PAGE}/appliquer", data={"form_token": token, "liste": torn}).status_code == 200
    assert staff.post(f"{PAGE}/appliquer", data={"liste": packed(LIST.encode())}).status_code == 403
    assert len(names(lab)) == 3


def test_hostile_cells_are_shown_and_never_run(lab, staff):
    page = look(staff, 'Prénom;Nom;E-mail\n<script>alert(1)</script>;"""><img src=x>";a@b\n<b>Zoé</b>;=1+1;\n')
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    write(staff, page)
    assert "<b>Zoé</b> =1+1" in names(lab)


def test_a_bomb_is_not_unpacked():
    assert len(unpacked(packed(b"0" * (MOST_BYTES * 3)) or "")) <= MOST_BYTES + 1


def test_the_model_is_known_by_the_import(staff):
    model = staff.get("/equipe/membres/modele.csv").content.decode("utf-8-sig")
    assert "Tout est déjà à jour." in look(staff, model + "\r\n").text


@pytest.mark.slow
def test_ten_thousand_lines_are_looked_at_and_written_quickly(lab, staff):
    lines = "".join(f"Prénom{n};Nom{n};m{n}@example.org;{n}\n" for n in range(5_000))
    began = time.perf_counter()
    page = look(staff, "Prénom;Nom;E-mail;Référence\n" + lines)
    assert "Enregistrer 5000 changements" in text_of(page)
    assert time.perf_counter() - began < 10
