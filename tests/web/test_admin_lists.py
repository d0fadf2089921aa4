"""Trainings, rules in words, messages and the log: read by people, changed by the API's own rules."""

import re
from datetime import timedelta

import pytest

from dashboard.admin.journal import EVERYTHING, TOPICS, Topic
from dashboard.admin.rules_views import POLICIES, kind_of
from gateway.domain.events import EventKind
from gateway.domain.notices import EMAIL, Notice, NoticeState
from gateway.domain.policy import settings_of
from gateway.service import members
from gateway.wording import LANGUAGES, catalogue
from tests.web.admin import send, sign_in, text_of

PAGES = [
    "/equipe/formations", "/equipe/formations/nouvelle", "/equipe/formations/usinage", "/equipe/regles",
    "/equipe/regles/lieu", "/equipe/regles/machines/laser", "/equipe/messages", "/equipe/journal",
]  # fmt: skip


@pytest.fixture
def staff(web):
    return sign_in(web)


@pytest.mark.parametrize("path", PAGES)
def test_only_the_team_reads_them(lab, web, path):
    answer = web.get(path, follow_redirects=False)
    assert (answer.status_code, "/compte/entrer" in answer.headers["location"]) == (303, True)
    assert sign_in(web).get(path).status_code == 200


@pytest.mark.parametrize(
    "path", ["formations/nope", "regles/nope", "regles/machines/nope", "regles/groupes/nope", "regles/lieu/x"]
)
def test_what_is_not_there_is_said_to_be_gone(staff, path):
    assert staff.get(f"/equipe/{path}").status_code == 404


# Trainings


def test_a_training_is_added_changed_and_says_what_it_opens(lab, staff):
    page = staff.get("/equipe/formations")
    assert "Ouvre : Découpe laser, Fraiseuse numérique" in text_of(page)
    told = {
        "name_fr": "Couture",
        "slug": "couture",
        "yearly_until": "08-31",
        "unused_days": "90",
        "prerequisites": ["usinage"],
    }
    answer = send(staff, "/equipe/formations/nouvelle", **told)
    assert "jusqu’au 08-31 de chaque année, perdue après 90 jours sans utilisation" in text_of(answer)
    answer = send(staff, "/equipe/formations/couture", name_fr="Couture à la machine", validity_days="365")
    assert "valable 365 jours" in text_of(answer)
    (found,) = [one for one in lab.store.views().trainings() if one.slug == "couture"]
    assert (found.prerequisites, found.yearly_until, found.validity_days) == ((), None, 365)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name_fr", "", "Écrivez un nom"), ("slug", "Été !", "Lettres sans accent"),
        ("validity_days", "douze", "Un nombre de jours"), ("yearly_until", "02-31", "Un mois et un jour"),
        ("minutes", "99999", "Un nombre de minutes"),
    ],
)  # fmt: skip
def test_a_training_that_cannot_be_is_not_saved(lab, staff, field, value, sentence):
    told = {"name_fr": "Couture", "slug": "couture", "name_en": "Sewing"} | {field: value}
    answer = send(staff, "/equipe/formations/nouvelle", **told)
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert 'value="Sewing"' in answer.text
    assert len(lab.store.views().trainings()) == 2


def test_a_training_that_would_need_itself_is_refused_with_the_way_round(staff):
    send(staff, "/equipe/formations/usinage", name_fr="Usinage", prerequisites=["decoupe-laser"])
    answer = send(staff, "/equipe/formations/decoupe-laser", name_fr="Découpe", prerequisites=["usinage"])
    assert answer.status_code == 409
    assert "usinage" in answer.text


def test_a_trainer_is_found_named_and_relieved(lab, staff):
    page = "/equipe/formations/usinage"
    lea = lab.people["Léa"].id
    assert "Léa Marchand" in staff.get(f"{page}?q=marchand").text
    assert "Léa Marchand" in send(staff, page, f"{page}/formateurs", member=lea).text
    assert lab.store.views().trainers("usinage") == (lea,)
    assert "L’équipe seule." in send(staff, page, f"{page}/formateurs/{lea}/retirer").text


# Rules


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("policy", POLICIES)
def test_every_rule_is_a_sentence_with_room_for_its_value(lang, policy):
    for key, setting in settings_of(POLICIES[policy]).items():
        (sentence,) = catalogue(lang).variants(f"rules.{policy}_policy.{key}")
        assert ("{value}" in sentence) == (kind_of(setting.schema) != "flag"), key


def rule(page, name):
    return re.search(rf'name="{re.escape(name)}" value="([^"]*)"', page.text).group(1)


def test_the_rules_of_the_place_are_filled_in_and_hold_for_its_machines(lab, staff):
    page = "/equipe/regles/lieu"
    answer = send(
        staff, page, **{
            "use.minimum_age": "14", "use.supervision": "1", "booking.horizon_days": "30",
            "booking.prime_hours": "lu-ve 17:00-20:00, sa 9:00-12:00".replace(" 9:", " 09:"), "use.shelf": "Étagère 2",
        },
    )  # fmt: skip
    assert "Les règles sont enregistrées." in answer.text
    assert rule(answer, "booking.prime_hours") == "lu-ve 17:00-20:00, sa 09:00-12:00"
    said = lab.store.views().site_policies()
    assert said.use == {"minimum_age": 14, "supervision": True, "shelf": {"fr": "Étagère 2"}}
    assert said.booking["prime_hours"] == ["mo-fr 17:00-20:00", "sa 09:00-12:00"]
    machine = text_of(staff.get("/equipe/regles/machines/laser"))
    assert "Il faut avoir au moins 14 ans." in machine
    assert "On réserve au plus 30 jours à l’avance." in machine
    send(staff, page, **{"use.minimum_age": "16"})
    assert lab.store.views().site_policies().use == {"minimum_age": 16}
    assert not lab.store.views().site_policies().booking


def test_a_machine_says_otherwise_or_turns_a_rule_off(lab, staff):
    send(staff, "/equipe/regles/lieu", **{"use.minimum_age": "14", "use.supervision": "1"})
    page = "/equipe/regles/machines/laser"
    answer = send(staff, page, **{"use.minimum_age": "non", "use.supervision": "non", "booking.approval": "oui"})
    assert rule(answer, "use.minimum_age") == "non"
    found = lab.store.views().policies("laser")
    assert found.in_force.use.minimum_age is None
    assert not found.in_force.use.supervision
    assert found.in_force.booking.approval


def test_what_cannot_be_a_rule_stands_out_and_nothing_is_saved(lab, staff):
    answer = send(staff, "/equipe/regles/lieu", **{"use.minimum_age": "quatorze", "booking.horizon_days": "30"})
    assert answer.status_code == 422
    assert "1 règle est à corriger" in text_of(answer)
    assert 'value="quatorze"' in answer.text
    assert rule(answer, "booking.horizon_days") == "30"
    assert not lab.store.views().site_policies().use


def test_roles_that_go_first_are_typed_as_people_call_them(lab, staff):
    answer = send(staff, "/equipe/regles/lieu", **{"booking.priority_roles": "Gérant, formateur"})
    assert lab.store.views().site_policies().booking == {"priority_roles": ["manager", "trainer"]}
    assert rule(answer, "booking.priority_roles") == "gérant, formateur"
    assert "Passent avant les autres, le premier d’abord : gérant, formateur" in text_of(
        staff.get("/equipe/regles/machines/laser")
    )
    wrong = send(staff, "/equipe/regles/lieu", **{"booking.priority_roles": "directrice"})
    assert wrong.status_code == 422
    assert 'value="directrice"' in wrong.text


def test_equal_machines_share_a_group(lab, staff):
    from gateway.service import policies

    lab.transact(
        lambda work, now: policies.put_group(work, id=lab.ids.new(), slug="prusas", names={"fr": "Les Prusa"}, now=now)
    )
    page = "/equipe/regles/machines/prusa-1"
    assert "selected" in send(staff, page, f"{page}/groupe", groupe="prusas").text
    assert lab.store.views().policies("prusa-1").group == "prusas"
    send(staff, "/equipe/regles/groupes/prusas", **{"use.quota_day_minutes": "120"})
    assert lab.store.views().policies("prusa-1").in_force.use.quota_day_minutes == 120


# Messages, the log


def test_messages_are_read_by_state_with_what_went_wrong(lab, staff):
    now = lab.clock.now()
    with lab.store.begin() as work:
        work.add_notices(
            [
                Notice(
                    id=lab.ids.new(), event_id=n, kind=EventKind.RESERVATION_CANCELLED, member_id=lab.people[who].id,
                    channel=EMAIL, state=state, created_at=now, next_try_at=now, resource_id=lab.resources["laser"].id,
                    data={"starts": now.isoformat(), "ends": (now + timedelta(hours=1)).isoformat()}, error=error,
                )
                for n, (who, state, error) in enumerate([
                    ("Léa", NoticeState.SENT, None), ("Karim", NoticeState.REFUSED, "550 <no such user>"),
                ])
            ]
        )  # fmt: skip
    assert "Léa Marchand" in staff.get("/equipe/messages").text
    refused = staff.get("/equipe/messages?etat=refused").text
    assert "Karim Benali" in refused
    assert "550 &lt;no such user&gt;" in refused
    assert "Léa" not in refused
    assert staff.get("/equipe/messages?suite=x").status_code == 404


@pytest.mark.parametrize("path", ["membres?q=&etat=", "membres?q=kar&etat=", "messages?etat=", "journal?q=&quoi="])
def test_a_search_left_at_all_is_sent_empty_by_a_browser_and_finds_all(staff, path):
    answer = staff.get(f"/equipe/{path}")
    assert answer.status_code == 200
    assert "Benali" in answer.text or "membres" not in path


def test_the_log_says_who_did_what_to_whom(lab, staff):
    lea = lab.people["Léa"].id
    send(staff, f"/equipe/membres/{lea}", first_name="Léa", last_name="Marchand", email="neuve@example.org")
    lab.transact(
        lambda work, now: members.change_member(work, id=lab.people["Karim"].id, changes={"email": None}, now=now)
    )
    text = text_of(staff.get("/equipe/journal?quoi=members"))
    assert re.search(r"Fiche modifiée au sujet de Léa Marchand Changé : e-mail manager", text)
    about = text_of(staff.get("/equipe/journal?q=benali"))
    assert "Karim Benali" in about
    assert "Léa Marchand" not in about
    assert "Léa Marchand" in staff.get("/equipe/journal?q=manager").text
    assert "Rien ne correspond." in staff.get("/equipe/journal?q=personne").text
    assert staff.get("/equipe/journal?suite=x").status_code == 404


def test_the_log_goes_on_page_by_page_for_one_person(lab, staff):
    lea, karim = lab.people["Léa"].id, lab.people["Karim"].id
    for n in range(60):
        for who in (lea, karim):
            lab.transact(
                lambda work, now, who=who, n=n: members.change_member(
                    work, id=who, changes={"email": f"{n}@b.fr"}, now=now
                )
            )
    page = staff.get("/equipe/journal?q=marchand")
    assert page.text.count('class="when') == 50
    import html

    rest = staff.get(html.unescape(re.search(r'href="(/equipe/journal\?[^"]*suite=[^"]+)"', page.text).group(1)))
    assert 10 <= rest.text.count('class="when') <= 12
    assert "Karim" not in rest.text


def test_every_kind_of_the_log_has_one_topic_and_its_words():
    assert len(EVERYTHING) == len(set(EVERYTHING))
    assert set(TOPICS) == set(Topic)
    for lang in LANGUAGES:
        known = {key.removeprefix("journal.kind.") for key in catalogue(lang) if key.startswith("journal.kind.")}
        assert known == set(EVERYTHING), known ^ set(EVERYTHING)
