"""Five hundred hostile texts as names of people and of files: none is run, none breaks a page, none is a formula."""

import csv
import io
from datetime import timedelta
from itertools import islice, product

import pytest

from gateway.service import members
from tests.web.browser import MARKS, check
from tests.web.lab import MANAGER, TestLab
from tests.web.server import served

pytestmark = [*MARKS, pytest.mark.timeout(180)]

COUNT = 500
MADE = "img[src=x], [onload], [onerror], [ontoggle], [onfocus], [onmouseover], iframe[srcdoc], main math, main style"
"""What a text becomes that is not shown as text; the policy for scripts would still keep most of it from running."""
RUN = "window.top.name='run'"
CORES = (
    f"<script>{RUN}</script>", f'<img src=x onerror="{RUN}">', f'<svg onload="{RUN}">', f'<body onload="{RUN}">',
    f'<details open ontoggle="{RUN}">', f"<iframe srcdoc='<script>{RUN}</script>'>", f"javascript:{RUN}",
    f'<a href="javascript:{RUN}" autofocus onfocus="{RUN}">x</a>', f'<style onload="{RUN}"></style>',
    f'<math><mi xlink:href="data:x,<script>{RUN}</script>">', "{{7*7}}${7*7}<%= 7*7 %>#{7*7}",
    '=HYPERLINK("http://x";"x")', "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1:A9)", "\t=1+1", "\r=1+1",
    "'; DROP TABLE members; --", "../../../etc/passwd", "%00%0a%0dSet-Cookie: a=b", "facture\u202egpj.exe",
    "\u2066isolé\u2069\u200f\u061c", "\u0301" * 40, "x" * 200, "\U0001f9d1\u200d\U0001f3ed" * 20, "\ufeff\u200b\u00ad",
)  # fmt: skip
AROUND = (
    "{}", '"{}', "'{}", '">{}', "'>{}", "</title>{}", "</textarea>{}", "</script>{}", "--><!--{}", "]]>{}",
    "`{}`", '\\"{}//', "&lt;{}&gt;", '" onmouseover="{}" x="', "' style='x:{}' y='", "\n{}\n", " {} ", "{}\u2028", "{}\\u003c",
    "%3C{}%3E",
)  # fmt: skip
TEXTS = tuple(islice(((around.format(core)) for around, core in product(AROUND, CORES)), COUNT))


@pytest.fixture(scope="module")
def hostile():
    """A lab whose people and files are named by somebody who means harm."""
    lab = TestLab()
    now = lab.clock.now()
    for n, text in enumerate(TEXTS):
        with lab.store.begin() as work:
            members.add_member(work, id=lab.ids.new(), first_name=text[:100], last_name=text[:100], email=None, now=now)
        lab.job("prusa-1", ended=True, name=text, started_at=now - timedelta(minutes=n + 5))
    lab.job("prusa-1", name=TEXTS[0], session=lab.session("prusa-1"))
    with served(lab.app()) as address:
        yield lab, address
    lab.close()


def test_five_hundred_hostile_texts_are_shown_as_text(hostile, open_page):
    _lab, address = hostile
    page = open_page(f"{address}/equipe", staff=True)
    ran, seen = 0, 0
    todo = [f"{address}/equipe/membres", f"{address}/equipe/machines/prusa-1", f"{address}/", f"{address}/r/prusa-1"]
    while todo:
        page.goto(todo.pop(0))
        ran += page.evaluate("window.top.name === 'run'") + page.locator(MADE).count()
        seen += page.locator("main tbody tr, main .members li").count()
        width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0, f"{page.url} is {width} pixels too wide"
        following = page.get_by_role("link", name="Suite de la liste")
        if following.count():
            todo.insert(0, following.first.evaluate("a => a.href"))
    print(f"hostile_strings_executed: {ran} of {COUNT}")
    assert ran == 0
    assert seen >= COUNT, "the pages show them"
    check(page)


def test_no_cell_of_an_export_is_a_formula(hostile):
    import httpx

    _lab, address = hostile
    with httpx.Client(base_url=address, headers={"Origin": address}) as web:
        assert web.post("/equipe/entrer", data={"token": MANAGER}).status_code == 303
        answer = web.get("/equipe/membres/export.csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) > COUNT
    cells = [cell for row in rows for cell in row]
    formulas = [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    print(f"formula_cells: {len(formulas)}")
    assert formulas == []
