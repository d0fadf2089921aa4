"""The guided act: the page says what to do next at the plug, and then how it came back."""

import pytest

from gateway.domain.resources import Presence
from tests.web.admin import send, sign_in

PAGE = "/equipe/appareils/laser-interlock/coupure"


@pytest.fixture
def staff(web):
    return sign_in(web)


def device(lab):
    return next(device for device in lab.store.views().devices() if device.slug == "laser-interlock")


def test_from_the_first_look_to_the_answer(lab, staff):
    lab.device("laser-interlock", presence=Presence.ONLINE, power_on=False)
    assert "D’abord, allumez la machine" in staff.get(PAGE).text
    assert '<form method="post" action="' + PAGE not in staff.get(PAGE).text
    lab.session("laser")
    lab.device("laser-interlock", presence=Presence.ONLINE, power_on=True)
    page = send(staff, PAGE)
    assert "Débranchez la prise." in page.text
    lab.device("laser-interlock", presence=Presence.OFFLINE, power_on=None)
    assert "Rebranchez-la." in staff.get(PAGE).text
    with lab.store.begin() as work:
        now = lab.clock.now()
        work.note_cut(device(lab).id, now, since=now.replace(hour=0))
        assert work.end_cut_test(device(lab).id, now, since=now.replace(hour=0), off=False)
    lab.device("laser-interlock", presence=Presence.ONLINE, power_on=False)
    assert "Revient allumée après une coupure" in staff.get(PAGE).text
    assert "Revient allumée après une coupure" in staff.get("/equipe/appareils").text
    assert "/equipe/appareils/laser-interlock/coupure" in staff.get("/equipe").text


def test_a_plug_that_was_never_tried_is_one_link_away_and_others_have_no_such_page(lab, staff):
    assert PAGE in staff.get("/equipe/appareils").text
    assert staff.get("/equipe/appareils/laser-reader/coupure").status_code == 404
    assert staff.get("/equipe/appareils/nothing/coupure").status_code == 404
