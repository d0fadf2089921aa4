"""Members as the team handles them: found, added, changed, suspended, merged, given badges and rights, exported."""

import csv
import io
import re

import pytest

from gateway.domain.events import EventKind
from gateway.domain.people import Member, Role
from gateway.domain.refusals import Code, refuse
from gateway.domain.spreadsheet import FORMULA
from gateway.service.members import end_loans
from tests.web.admin import send, sign_in, text_of, token_in

NOBODY = "00000000-0000-7000-8000-000000000000"
PAGES = ["/equipe/membres", "/equipe/membres/nouveau", "/equipe/membres/export.csv", f"/equipe/membres/{NOBODY}"]


@pytest.fixture
def staff(web):
    return sign_in(web)


@pytest.fixture
def lea(lab):
    return f"/equipe/membres/{lab.people['Léa'].id}"


@pytest.mark.parametrize("path", PAGES)
def test_nobody_but_the_team_sees_members(web, path):
    answer = web.get(path, follow_redirects=False)
    assert answer.status_code == 303
    assert "/compte/entrer" in answer.headers["location"]


@pytest.mark.parametrize("path", ["nouveau", "{id}", "{id}/suspendre", "{id}/retablir", "{id}/fusionner", "{id}/badge"])
def test_a_form_without_the_browser_s_token_changes_nothing(lab, staff, lea, path):
    answer = staff.post(
        f"/equipe/membres/{path}".format(id=lab.people["Léa"].id), data={"first_name": "X", "event": "1", "autre": "x"}
    )
    assert answer.status_code == 403
    assert lab.store.views().count_members() == 3


def test_a_member_is_found_by_any_part_of_the_name(staff):
    assert "Marchand" in staff.get("/equipe/membres?q=lea+mar").text
    assert "Personne ne correspond." in staff.get("/equipe/membres?q=xyz").text
    assert "Benali" not in staff.get("/equipe/membres?etat=suspended").text
    assert staff.get("/equipe/membres?suite=nonsense").status_code == 404


def test_the_list_goes_on_page_by_page(lab, staff):
    with lab.store.begin() as work:
        for n in range(60):
            work.put_member(Member(id=lab.ids.new(), first_name="A", last_name=f"Zzz {n:02}"))
    page = staff.get("/equipe/membres")
    assert page.text.count('<th scope="row">') == 50
    rest = staff.get(_next(page))
    assert rest.text.count('<th scope="row">') == 13
    assert "Début de la liste" in rest.text


def _next(page):
    import html
    import re

    return html.unescape(re.search(r'href="(/equipe/membres\?suite=[^"]+)"', page.text).group(1))


def test_somebody_is_added_and_the_log_says_by_whom(lab, staff):
    answer = send(
        staff, "/equipe/membres/nouveau", first_name=" Zoé ", last_name="O'Brien", email="zoe@example.org",
        member_until="2026-12-31", birth_date="1990-04-03", reference="A-7", charter_version="2", responsible="1",
        guardian_consent="1",
    )  # fmt: skip
    assert "Le membre est ajouté." in answer.text
    assert "3 avril 1990" in answer.text
    assert "jeudi 31 décembre" in answer.text
    (zoe,) = lab.store.views().members(limit=5, cursor=None, search="a-7").rows
    assert (zoe.first_name, zoe.responsible, zoe.charter_version) == ("Zoé", True, 2)
    event = lab.store.views().events(limit=1, cursor=None).rows[0].event
    assert (event.kind, event.data) == (EventKind.MEMBER_ADDED, {"actor": "manager"})


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("first_name", "  ", "Écrivez au moins le prénom."),
        ("email", "lea(at)exemple", "Cette adresse n’est pas complète."),
        ("member_until", "31/02/2026", "Cette date n’existe pas."),
        ("birth_date", "2090-01-01", "Cette date est à venir."),
        ("last_name", "x" * 4096, "C’est trop long"),
        ("last_name", "x\u202ey", "Il y a un signe invisible."),
        ("last_name", "x\0y", "Il y a un signe invisible."),
        ("charter_version", "²", "Écrivez un numéro"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(lab, staff, field, value, sentence):
    told = {"first_name": "Zoé", "reference": "garde-moi"} | {field: value}
    answer = send(staff, "/equipe/membres/nouveau", **told)
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert 'value="garde-moi"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert lab.store.views().count_members() == 3


def test_only_what_was_changed_is_noted(lab, staff, lea):
    card = {"first_name": "Léa", "last_name": "Marchand", "email": "lea@example.org"}
    assert "La fiche est enregistrée." in send(staff, lea, **card).text
    event = lab.store.views().events(limit=1, cursor=None).rows[0].event
    assert event.data == {"actor": "manager", "fields": ["email"]}
    send(staff, lea, **card)
    assert lab.store.views().events(limit=1, cursor=None).rows[0].event == event


def test_a_member_is_suspended_with_a_reason_and_reinstated(lab, staff, lea):
    answer = send(staff, lea, f"{lea}/suspendre", reason="A prêté\n son badge")
    assert "Raison : A prêté son badge." in text_of(answer)
    assert not lab.store.views().member(lab.people["Léa"].id).active
    answer = send(staff, lea, f"{lea}/retablir")
    assert "Le membre est rétabli." in answer.text
    assert lab.store.views().member(lab.people["Léa"].id).suspended_reason is None


def test_nobody_changes_how_somebody_above_them_is_reached(lab, staff, lea, web, bearer):
    member = lab.people["Léa"]
    with lab.store.begin() as work:
        work.set_role(member.id, Role.ADMINISTRATOR)
    before = lab.store.views().member(member.id)
    page = staff.get(lea)
    card = dict(re.findall(r'name="(\w+)"[^>]*value="([^"]*)"', page.text)) | {"email": "mine@example.org"}
    assert "Seule une personne qui administre le lieu" in send(staff, lea, **card).text
    assert "Seule une personne qui administre le lieu" in send(staff, lea, f"{lea}/suspendre", reason="x").text
    answer = web.patch(f"/api/v1/members/{member.id}", json={"email": "mine@example.org"}, headers=bearer("manager"))
    assert answer.status_code == 403
    assert lab.store.views().member(member.id) == before
    karim = lab.people["Karim"].id
    for keep, gone in ((member.id, karim), (karim, member.id)):
        page = staff.get(f"/equipe/membres/{keep}/fusionner?autre={gone}")
        answer = staff.post(f"/equipe/membres/{keep}/fusionner", data={"form_token": token_in(page), "autre": gone})
        assert answer.status_code == 403
    answer = web.patch(f"/api/v1/members/{member.id}", json={"first_name": "Léo"}, headers=bearer("manager"))
    assert answer.status_code == 200, "what reaches nobody may be put right"


def test_two_records_are_compared_then_merged(lab, staff, lea):
    karim = lab.people["Karim"].id
    lab.session("laser", "Karim")
    assert "Comparer" in staff.get(f"{lea}/fusionner?q=benali").text
    page = staff.get(f"{lea}/fusionner?autre={karim}")
    assert "Une fusion ne se défait pas." in page.text
    answer = staff.post(f"{lea}/fusionner", data={"form_token": token_in(page), "autre": karim})
    assert "Les deux fiches n’en font plus qu’une." in answer.text
    assert "Découpe laser" in answer.text
    assert staff.get(f"/equipe/membres/{karim}").status_code == 404
    again = staff.post(f"{lea}/fusionner", data={"form_token": token_in(answer), "autre": karim})
    assert "n’est plus là" in again.text


def test_a_right_is_given_and_taken_back(lab, staff, lea):
    answer = send(staff, lea, f"{lea}/habilitations", training="decoupe-laser")
    assert "Valable" in answer.text
    right = lab.store.views().qualifications(limit=1, cursor=None).rows[0]
    assert right.granted_by == "manager"
    answer = send(staff, lea, f"{lea}/habilitations/{right.id}/retirer")
    assert "Retirée" in answer.text
    assert "n’est plus là" in send(staff, lea, f"{lea}/habilitations/{NOBODY}/retirer").text


def test_a_refusal_says_what_is_missing_and_what_to_do(lab, staff, lea):
    with lab.store.begin() as work:
        from gateway.domain.training import Training

        work.put_training(Training(id=lab.ids.new(), slug="avance", names={"fr": "Avancé"}, prerequisites=("usinage",)))
    answer = send(staff, lea, f"{lea}/habilitations", training="avance")
    assert answer.status_code == 409
    assert "Usinage" in answer.text


# Badges


def tapped(lab, badge="4242", slug="laser"):
    lab.clock.advance(1)
    lab.refused_tap(slug, None, refuse(Code.BADGE_UNKNOWN), badge=badge)


def test_a_badge_is_given_by_tapping_at_the_chosen_reader(lab, staff, lea):
    tapped(lab, "1")
    choice = staff.get(f"{lea}/badge")
    assert "Sur quel lecteur" in choice.text
    page = staff.get(f"{lea}/badge?lecteur=laser-reader")
    assert "Passez le badge maintenant" in page.text
    tapped(lab, "2", "soudure")
    assert "Passez le badge maintenant" in staff.get(str(page.url)).text, "taps before, or elsewhere, are not meant"
    tapped(lab)
    page = staff.get(str(page.url))
    assert "Donner ce badge à Léa" in page.text
    event = page.text.split('name="event" value="')[1].split('"')[0]
    answer = staff.post(f"{lea}/badge", data={"form_token": token_in(page), "event": event})
    assert "Le badge est donné." in answer.text
    again = staff.post(f"{lea}/badge", data={"form_token": token_in(page), "event": event})
    assert "Ce badge est déjà à quelqu’un." in again.text


def test_a_badge_that_somebody_has_is_said_to_be_taken(lab, staff, lea):
    page = staff.get(f"{lea}/badge?lecteur=laser-reader")
    lab.clock.advance(1)
    lab.event(EventKind.TAP_GRANTED, "laser", "Karim", until=None)
    assert "Ce badge est déjà à quelqu’un." in staff.get(str(page.url)).text


def test_a_day_badge_is_lent_in_two_taps_and_dead_at_closing(lab, staff, lea):
    page = staff.get(f"{lea}/badge?lecteur=laser-reader&jour=1")
    tapped(lab)
    page = staff.get(str(page.url))
    event = page.text.split('name="event" value="')[1].split('"')[0]
    answer = staff.post(f"{lea}/badge", data={"form_token": token_in(page), "event": event, "jour": "1"})
    assert "Le badge est prêté." in answer.text
    (badge,) = lab.store.views().badges_of(lab.people["Léa"].id)
    assert badge.lent_until.astimezone().date() >= lab.clock.now().date()
    assert badge.live(lab.clock.now())
    lab.clock.advance(14 * 3600)
    lab.transact(end_loans)
    assert "Ne vaut plus rien" in staff.get(lea).text


def test_a_lost_badge_ends_at_once_and_the_others_stay(lab, staff, lea):
    with lab.store.begin() as work:
        from tests.web.lab import hash_badge

        for n in ("11", "22"):
            work.add_badge(id=n, member_id=lab.people["Léa"].id, badge=hash_badge(n), now=lab.clock.now())
    answer = send(staff, lea, f"{lea}/badges/11/perdu")
    assert "Ce badge n’ouvre plus rien" in answer.text
    assert {b.id for b in lab.store.views().badges_of(lab.people["Léa"].id) if b.live(lab.clock.now())} == {"22"}
    assert "n’est plus là" in send(staff, lea, f"{lea}/badges/11/perdu").text


# Export

HOSTILE = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", '=1;"x"', "<script>alert(1)</script>", "a\r\n=1"]


def test_no_cell_of_an_export_is_a_formula(lab, staff):
    with lab.store.begin() as work:
        for name in HOSTILE:
            work.put_member(Member(id=lab.ids.new(), first_name=name, last_name=name, reference=name, email=name))
    answer = staff.get("/equipe/membres/export.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) == 1 + 3 + len(HOSTILE)
    assert {len(row) for row in rows} == {9}
    assert not [cell for row in rows for cell in row if cell.startswith(FORMULA)]


def test_hostile_names_are_shown_and_never_run(lab, staff):
    with lab.store.begin() as work:
        for name in HOSTILE:
            work.put_member(Member(id=lab.ids.new(), first_name=name, last_name='"><img src=x onerror=alert(1)>'))
    page = staff.get("/equipe/membres").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
