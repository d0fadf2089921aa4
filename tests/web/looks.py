"""How a page is looked at: sizes and themes for axe; 320 pixels and letters twice as large for what must not be cut."""

from itertools import product

from tests.web.axe import axe
from tests.web.browser import SIZES
from tests.web.every_page import everything, rows

THEMES = {
    "light": {"color_scheme": "light", "contrast": "no-preference"},
    "dark": {"color_scheme": "dark", "contrast": "no-preference"},
    "contrast": {"color_scheme": "light", "contrast": "more"},
}
WHOLE = tuple(product(SIZES, THEMES))
"""Every size in every theme."""

# Text that its own box hides, without a way to scroll to it. A name that ends in dots is said in full elsewhere.
CUT = """[...document.querySelectorAll('body *')].filter(e => {
        const s = getComputedStyle(e);
        return e.checkVisibility() && s.clipPath === 'none' && !e.closest('.unseen, .skip, svg, [aria-hidden=true], .uplot') && e.innerText?.trim()
            && ((['hidden', 'clip'].includes(s.overflowX) && e.scrollWidth > e.clientWidth + 2 && s.textOverflow !== 'ellipsis')
            || (['hidden', 'clip'].includes(s.overflowY) && e.scrollHeight > e.clientHeight + 2 && e.clientHeight > 0
                && s.webkitLineClamp === 'none'));
    }).map(e => `${e.tagName}.${e.className} ${e.innerText.trim().slice(0, 40)}`)"""
# What makes the page wider than the screen; what stands in something that scrolls by itself does not.
WIDE = """document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && e.checkVisibility())
    .filter(e => { for (let up = e.parentElement; up !== document.body; up = up.parentElement)
        if (getComputedStyle(up).overflowX !== 'visible') return false; return true; }).slice(-4)
    .map(e => `${e.tagName}.${e.className} ${Math.round(e.getBoundingClientRect().right)}`).concat('too wide')"""
LARGER = "document.documentElement.style.fontSize = '200%'"
AS_BEFORE = "document.documentElement.style.fontSize = ''"


def rotated(place):
    """Every size once, and every theme once: which go together changes from page to page."""
    themes = tuple(THEMES)
    return tuple((size, themes[(place + n) % len(themes)]) for n, size in enumerate(SIZES))


def look(page, size, theme):
    """The page at this size in this theme."""
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(reduced_motion="reduce", **THEMES[theme])


def faults_of(page, looks):
    """What axe finds, and what is too wide, in each of these looks of a page, all of it unfolded."""
    page.evaluate("document.querySelectorAll('main details').forEach(each => { each.open = true; })")
    found = {}
    for size, theme in looks:
        look(page, size, theme)
        results = axe().run(page)
        wrong = [f"{each['id']}: {each['nodes'][0]['target']}" for each in results.response["violations"]]
        if wrong := wrong + page.evaluate(WIDE):
            found[size, theme] = wrong
    return found


def reflow_faults(page):
    """What sticks out or is cut at 1280 pixels enlarged fourfold, and with letters twice as large."""
    found = {}
    for name, (width, height), letters in (("400 %", (320, 256), AS_BEFORE), ("letters 200 %", (1280, 800), LARGER)):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(letters)
        if wrong := page.evaluate(WIDE) + page.evaluate(CUT):
            found[name] = wrong
    page.evaluate(AS_BEFORE)
    return found


def whole_table(chromium):
    """Every row in every size and theme: how many were looked at, and what axe found."""
    pages, found, looked = {}, {}, 0
    with everything() as lab:
        for row in rows():
            page = pages.get(row.who) or pages.setdefault(row.who, lab.page_of(chromium, row.who))
            page.goto(lab.where(row))
            if wrong := faults_of(page, WHOLE):
                found[row.name] = wrong
            looked += len(WHOLE)
    return looked, found
