"""Every page and state looks as it did when somebody looked at it."""

import json

import pytest

from tests.web.browser import MARKS
from tests.web.every_page import everything
from tests.web.pictures import FOLDER, MADE_WITH, as_it_stands, differences, every, made_with, pictures, shoot

pytestmark = MARKS


@pytest.fixture(scope="module")
def judge(chromium):
    """A page that compares pictures."""
    page = chromium.new_page()
    yield page
    page.close()


@pytest.fixture(scope="module")
def page_with_everything(chromium):
    """A form, as it should be."""
    picture = next(each for each in pictures() if each.row.path == "/equipe/membres/nouveau")
    with everything() as lab:
        page = lab.page_of(chromium, picture.row.who)
        page.context.add_cookies([{"name": "etabli_font", "value": "1", "url": lab.address}])
        yield picture, page, lab.where(picture.row)


@pytest.mark.timeout(300)
def test_every_page_looks_as_it_did(chromium, judge):
    told, here = json.loads(MADE_WITH.read_text()), made_with(chromium)
    print(
        f"pictures made with {told}, compared with {here}: {'tile by tile' if told == here else 'by their arrangement'}"
    )
    wrong = {}
    for picture, now in every(chromium):
        if text := differences(judge, now, picture, alike=told == here):
            wrong[picture.name] = text
    assert wrong == {}, "look at these pages; `make pictures` renews the pictures of what should be so"


def test_each_picture_is_of_a_page():
    assert {path.stem for path in FOLDER.glob("*.webp")} == {picture.name for picture in pictures()}


COLOURED = "document.documentElement.style.setProperty('--card', '#ff66aa')"
NO_BUTTON = "document.querySelector('main form button').hidden = true"
NO_FORM = "document.querySelector('main form').hidden = true"


@pytest.mark.parametrize(
    ("planted", "alike"), [(NO_BUTTON, True), (COLOURED, True), (NO_FORM, False), (COLOURED, False)],
    ids=["no button", "coloured", "no form, other letters", "coloured, other letters"],
)  # fmt: skip
def test_a_change_is_seen(chromium, judge, page_with_everything, planted, alike):
    """Plant one: a comparison that sees nothing proves nothing."""
    picture, page, address = page_with_everything
    shoot(page, picture, address)
    page.evaluate(planted)
    assert differences(judge, as_it_stands(page), picture, alike=alike)
