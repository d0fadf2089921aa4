"""Every code that the house knows is said in both languages, plainly."""

import re
import string
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dashboard.accounts.mine import SAID
from dashboard.kiosk.views import ICONS
from dashboard.problems import STATUS
from dashboard.watch.curves import PANELS, RANGES
from dashboard.watch.deeds import DEEDS, READY
from dashboard.watch.machine import TOLD
from devices.messages import Outcome, Tone
from gateway.domain.accounts import PasswordFault, SignedInBy
from gateway.domain.agreements import Agreement
from gateway.domain.attention import Act, Trouble, Urgency
from gateway.domain.floor import BoardKey, BoardState
from gateway.domain.opening import ClosedBy
from gateway.domain.people import Role
from gateway.domain.policy import Wanted
from gateway.domain.proofs import PinFault
from gateway.domain.refusals import ACCOUNT_MATTERS, NEXT_STEPS, Code, NextStep
from gateway.domain.resources import SILENCE, DeviceRole, Presence, ResourceKind
from gateway.domain.sessions import EndReason
from gateway.domain.telling import TELLING, wording_key
from gateway.service.accounts import Giving
from gateway.service.members import Enrolment
from gateway.wording import LANGUAGES, Words, catalogue

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
NAMES = {"fr": "Découpe laser", "en": "Laser cutting"}
SAMPLE = {
    "first_name": "Inès", "name": "Découpe laser", "names": NAMES, "reason": "La lame est cassée", "text": "Une alarme.",
    "until": NOW + timedelta(hours=3), "since": NOW - timedelta(hours=3), "back_at": NOW + timedelta(days=3),
    "opens_at": NOW + timedelta(hours=2),
    "starts": NOW, "ends": NOW + timedelta(hours=1), "at": NOW, "now": NOW, "days": 14, "count": 2, "total": 13,
    "percent": 40, "left_s": 1500, "elapsed_s": 600, "word": "Libre", "minutes": 5, "hour": 1, "time": "14 h", "day": "x",
    "value": "9:00-8", "other": "14:00-18:00", "known": "france, alsace-moselle", "field": "lundi",
    "level": 2, "prerequisite_names": NAMES, "cycle": "a → b → a",
    "least": 0, "most": 9, "hours": 12, "options": "a, b", "keys": "a, b", "version": 3, "age": 16, "limit_s": 7200,
    "training_names": NAMES, "line": 4, "heading": "E-mail", "titles": NAMES, "shelf": {"fr": "Étagère 2", "en": "Shelf 2"}, "body": "Bonjour.", "lab": "Le lab",
    "used_s": 7200, "length_s": 600, "metres": "2,4", "part": "sink-influx", "device": "laser-grbl",
    "link": "https://lab.example/compte/lien/x", "address": "ines@example.org", "root": "https://lab.example",
}  # fmt: skip


def words(lang):
    return Words(lang, zone="Europe/Paris", now=NOW)


def keys():
    yield from (f"refusal.{code}.{part}" for code in Code for part in ("title", "why"))
    yield from (f"next.{step}" for step in NextStep)
    yield from (f"state.{key}.{part}" for key in BoardKey for part in ("word", "sentence"))
    yield from (f"tone.{tone}" for tone in Tone)
    yield from (f"enrolment.{outcome}" for outcome in Enrolment)
    yield from (f"problem.{code}.{part}" for code in STATUS for part in ("title", "detail"))
    yield from (f"verdict.{name}.{part}" for name in ICONS for part in ("title", "why"))
    yield from (f"kiosk.step.{name}" for name in ICONS)
    yield from ("opening.open", *(f"opening.{by}" for by in ClosedBy))
    yield from (f"kind.{kind}" for kind in ResourceKind)
    yield from (f"staff.role.{role}" for role in DeviceRole)
    yield from (f"staff.presence.{presence}" for presence in Presence)
    yield from (f"staff.reason.{reason}" for reason in SILENCE)
    yield from (f"policy.{wanted}" for wanted in Wanted)
    yield from (
        f"{wording_key(kind, {meaning.by or '': value})}.{part}"
        for kind, meaning in TELLING.items() for value in meaning.values or ("",) for part in ("subject", "text")
    )  # fmt: skip
    yield from (f"account.role.{role}" for role in Role)
    yield from (f"account.by.{by}" for by in SignedInBy)
    yield from (f"account.password.fault.{fault}" for fault in PasswordFault)
    yield from (f"account.said.{said}" for said in SAID)
    yield from (f"account.pin.fault.{fault}" for fault in PinFault)
    yield from (f"account.{what}.{state}" for what in ("charter", "guardian") for state in Agreement)
    yield from (f"cards.refused.{given}" for given in Giving if given is not Giving.GIVEN)
    yield from (f"attention.{trouble}.{part}" for trouble in Trouble for part in ("title", "why"))
    yield from (f"attention.act.{act}" for act in Act)
    yield from (f"team.done.{act}" for act in Act)
    yield from (f"team.urgency.{urgency.name.lower()}" for urgency in Urgency)
    yield from (f"deed.{deed.act}.{part}" for deed in DEEDS.values() for part in ("title", "why"))
    yield from (f"deed.ready.{sentence}" for sentence in READY)
    yield from (f"happened.{kind}" for kind in TOLD)
    yield from (f"machine.ends.{reason}" for reason in EndReason)
    yield from (f"machine.outcomes.{outcome}" for outcome in Outcome)
    yield from (f"machine.ranges.{name}" for name in RANGES)
    yield from (f"machine.panel.{panel}" for panel in PANELS)
    yield from (f"reading.{field}" for fields, _ in PANELS.values() for field in fields)
    yield from ("alarm.relay_differs", "alarm.relay_unconfirmed", "verdict.account.title")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("key", sorted(keys()))
def test_every_code_has_its_words(lang, key):
    assert key in catalogue(lang)
    assert words(lang)(key, **SAMPLE)


def test_both_languages_say_the_same_things():
    french, english = catalogue("fr"), catalogue("en")
    assert set(french) == set(english)
    for key in french:
        assert wanted(french.variants(key)) == wanted(english.variants(key)), key


def wanted(variants):
    return [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in variants]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sentence_can_be_filled(lang):
    said = words(lang)
    for key in catalogue(lang):
        if not key.startswith("moment."):
            for text in catalogue(lang).variants(key):
                assert "{" not in said._fill(text, SAMPLE), key


@pytest.mark.parametrize("code", Code)
def test_every_refusal_has_something_to_do(code):
    assert NEXT_STEPS[code]
    for lang in LANGUAGES:
        assert words(lang).next_step(NEXT_STEPS[code][0], {})


KIOSK = ("refusal.", "next.", "verdict.", "kiosk.", "tone.", "state.")


@pytest.mark.parametrize("key", [key for key in catalogue("fr") if key.startswith(KIOSK)])
def test_a_sentence_on_the_kiosk_has_twelve_words_at_most(key):
    for text in catalogue("fr").variants(key):
        filled = words("fr")._fill(text, SAMPLE | {"reason": "La lame est cassée"})
        for sentence in re.split(r"(?<=[.!?…])\s+", filled):
            count = len([word for word in sentence.split() if re.search(r"\w", word)])
            assert count <= 12, (key, sentence)


@pytest.mark.parametrize("code", sorted(ACCOUNT_MATTERS))
def test_an_account_matter_is_nobody_else_s_business(code):
    said = words("fr").say(code, {"since": NOW}, public=True)
    assert said.title == "On a besoin de vous voir."
    assert said == words("fr").say(Code.MEMBER_INACTIVE, {}, public=True)
    assert words("fr").next_step(NEXT_STEPS[code][0], {}) == "Passez à l’accueil, s’il vous plaît."


def test_days_and_hours_are_said_as_people_say_them():
    french, english = words("fr"), words("en")
    later = datetime(2026, 11, 26, 13, 0, tzinfo=UTC)
    assert french.moment(later) == "jeudi 26 novembre à\u00a014\u00a0h"
    assert english.moment(later) == "on Thursday 26 November at\u00a02\u00a0pm"
    assert french.moment(NOW + timedelta(minutes=12)) == "à\u00a012\u00a0h\u00a012"
    assert french.moment(NOW + timedelta(days=1)) == "demain à\u00a012\u00a0h"
    assert french.moment(later.replace(year=2027), "day") == "vendredi 26 novembre 2027"
    assert french.moment(datetime(2026, 12, 1, tzinfo=UTC), "day") == "mardi 1er décembre"
    assert french.moment(datetime(2027, 1, 1, 8, tzinfo=UTC), "day") == "vendredi 1er janvier 2027"
    assert [french.moment(later, how) for how in ("weekday", "number", "month")] == ["jeu.", "26", "novembre"]
    assert [french.duration(s) for s in (10, 1500, 3600, 4800, 3 * 86400)] == [
        "1\u00a0minute", "25\u00a0minutes", "1\u00a0heure", "1\u00a0heure\u00a020", "3\u00a0jours",
    ]  # fmt: skip


def test_times_that_travelled_through_json_are_times_again():
    said = words("fr").say("in_use", {"until": "2026-11-24T15:00:00+00:00"})
    assert said.sentence == "Elle sera libre au plus tard à\u00a016\u00a0h."
    assert words("fr").say("in_use", {"until": None}).sentence == "Une autre personne l’utilise."
    assert words("fr").say("in_use", {"until": "nonsense"}).title


def test_a_code_of_a_later_version_still_says_something():
    assert words("fr").say("made_up", {}).title == "Le système ne répond pas."
    assert words("fr").alarm("made-up") == "La machine signale un problème."


def test_a_text_of_the_lab_falls_back_to_french():
    assert words("en").own({"fr": "Découpe"}) == "Découpe"
    assert Words("xx", zone="UTC", now=NOW).lang == "fr"


def test_a_reason_typed_by_staff_ends_like_a_sentence():
    state = BoardState(
        key=BoardKey.OUT_OF_SERVICE, params={"reason": "La lame est cassée", "back_at": NOW + timedelta(days=3)}
    )
    assert (
        words("fr").state(state).sentence == "La lame est cassée. Retour prévu vendredi 27 novembre à\u00a012\u00a0h."
    )


TAGS = re.compile(
    r"{% block page_class %}\w*{% endblock %}|<noscript>|</noscript>|<pre.*?</pre>|{%.*?%}|{{.*?}}|{#.*?#}|<[^>]*>|&\w+;",
    re.DOTALL,
)
ATTRIBUTES = re.compile(r"""\b(?:alt|title|aria-label|placeholder)="(?!{{)[^"]*[a-zA-Z]""")


@pytest.mark.parametrize("path", sorted((ROOT / "dashboard").rglob("templates/*.html")), ids=lambda p: p.stem)
def test_templates_hold_no_words_of_their_own(path):
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"[^\W\d_]{2,}", TAGS.sub(" ", text)), path
    assert not ATTRIBUTES.search(text)
