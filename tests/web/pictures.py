"""Pictures of every page and state, and how one is compared with the one that was looked at: `make pictures` renews them."""

import base64
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from playwright.sync_api import expect, sync_playwright

from dashboard.assets import FONTS, installed
from tests.web.browser import CHROMIUM, FLAGS
from tests.web.every_page import Row, everything, rows
from tests.web.looks import THEMES, look

FOLDER = Path(__file__).parent / "pictures"
MADE_WITH = FOLDER / "made_with.json"
CHANGING = (
    "/compte/code", "/compte/second-facteur", "/equipe/ecran", "/equipe/jetons", "/equipe/cartes", "/moi/agenda",
    "/equipe/machines/laser/etiquette",
)  # fmt: skip
"""Each time they show a secret or an address of its own."""
WIDTHS = {"phone": 234, "kiosk": 480, "desktop": 512}
"""A picture is kept this wide: small, and letters are still told apart."""

# Both pictures at the size of the kept one, cut into tiles; how far the mean colour of each tile is off, of 255.
COMPARE = """async ([now, kept, width, columns]) => {
    const load = async url => { const image = new Image(); image.src = url; await image.decode(); return image; };
    const [a, b] = await Promise.all([load(now), load(kept)]);
    const heights = [a, b].map(each => each.naturalHeight * width / each.naturalWidth);
    const tile = width / columns, lines = Math.ceil(Math.max(...heights) / tile);
    const means = image => {
        const canvas = Object.assign(document.createElement('canvas'), { width: columns, height: lines });
        const context = canvas.getContext('2d', { willReadFrequently: true });
        const whole = Object.assign(document.createElement('canvas'), { width, height: Math.ceil(lines * tile) });
        const drawn = whole.getContext('2d', { willReadFrequently: true });
        drawn.imageSmoothingQuality = 'high';
        drawn.drawImage(image, 0, 0, width, image.naturalHeight * width / image.naturalWidth);
        const { data } = drawn.getImageData(0, 0, whole.width, whole.height), sums = [];
        for (let y = 0; y < whole.height; y++) for (let x = 0; x < width; x++) {
            const sum = sums[Math.floor(y / tile) * columns + Math.floor(x / tile)] ??= [0, 0, 0, 0];
            for (let c = 0; c < 3; c++) sum[c] += data[4 * (y * width + x) + c];
            sum[3]++;
        }
        return sums.map(([r, g, b, n]) => [r / n, g / n, b / n]);
    };
    const [here, there] = [means(a), means(b)];
    const off = here.map((mean, n) => Math.max(...mean.map((value, c) => Math.abs(value - there[n][c]))));
    return { off, heights };
}"""
SHRINK = """async ([now, width]) => {
    const image = new Image(); image.src = now; await image.decode();
    const height = Math.round(image.naturalHeight * width / image.naturalWidth);
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d'); context.imageSmoothingQuality = 'high';
    context.drawImage(image, 0, 0, width, height);
    return canvas.toDataURL('image/webp', .55);
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A row of the pages in one size and theme."""

    row: Row
    size: str
    theme: str = "light"

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.row.name}-{self.size}-{self.theme}"

    @property
    def path(self) -> Path:
        """Its file."""
        return FOLDER / f"{self.name}.webp"


def pictures() -> list[Picture]:
    """One of each row, one in four by night; the parts of the language in every theme."""
    found = []
    for row in rows():
        if row.path == "/design":
            found += [Picture(row=row, size="desktop", theme=theme) for theme in THEMES]
        elif row.path not in CHANGING:
            # By its name, so that a new row changes no other's picture.
            night = crc32(row.name.encode()) % 4 == 0
            found.append(Picture(row=row, size=_size(row), theme="dark" if night else "light"))
    return found


def _size(row: Row) -> str:
    if row.path.startswith("/kiosk"):
        return "kiosk"
    return "phone" if row.path.startswith(("/moi", "/reserv", "/compte", "/ateliers", "/attente", "/r/")) else "desktop"


def shoot(page, picture: Picture, address: str) -> str:
    """The page as it stands, with nothing that moves."""
    look(page, picture.size, picture.theme)
    page.goto(address)
    if page.locator("#stream, #stream-kiosk").count():
        expect(page.locator("#link.is-live")).to_be_attached()
    if page.locator(".panel").count() and installed("vendor/uplot.js"):
        expect(page.locator(".panel .uplot").first).to_be_visible()
    page.evaluate("document.fonts.ready.then(() => document.activeElement.blur())")
    return as_it_stands(page)


def as_it_stands(page) -> str:
    """The whole page now."""
    codes = [page.locator("img[src*='qr.svg']")]  # the port is another each time
    data = page.screenshot(full_page=True, animations="disabled", caret="hide", mask=codes, mask_color="#888888")
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def made_with(chromium) -> dict[str, object]:
    """What decides how letters are drawn."""
    return {"chromium": chromium.version.split(".")[0], "font": installed(FONTS)}


def kept(picture: Picture) -> str:
    """The picture that was looked at."""
    return f"data:image/webp;base64,{base64.b64encode(picture.path.read_bytes()).decode()}"


def differences(judge, now: str, picture: Picture, *, alike: bool) -> str:
    """What is not as it was; empty when all is. Where letters are drawn otherwise, only colours and arrangement count."""
    width = WIDTHS[picture.size]
    columns, most, share, taller = (width // 10, 30, 0.0, 0.01) if alike else (12, 44, 0.08, 0.2)
    found = judge.evaluate(COMPARE, [now, kept(picture), width, columns])
    here, there = found["heights"]
    if abs(here - there) > max(3, taller * there):
        return f"{here:.0f} high instead of {there:.0f}"
    wrong = [place for place, off in enumerate(found["off"]) if off > most]
    if len(wrong) <= share * len(found["off"]):
        return ""
    where = ", ".join(f"line {n // columns + 1} column {n % columns + 1}" for n in wrong[:6])
    return f"{len(wrong)} of {len(found['off'])} tiles are off by up to {max(found['off']):.0f}: {where}"


def every(chromium) -> Iterator[tuple[Picture, str]]:
    """All of them as they are now."""
    pages = {}
    with everything() as lab:
        for picture in pictures():
            who = picture.row.who
            page = pages.get(who) or pages.setdefault(who, lab.page_of(chromium, who))
            page.context.add_cookies([{"name": "etabli_font", "value": "1", "url": lab.address}])
            yield picture, shoot(page, picture, lab.where(picture.row))


def main() -> None:
    """Take them all anew: to be looked at, one by one, before they are committed."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        if not installed(FONTS):
            sys.exit("The pages' font is not here (make assets): pictures without it would fit nobody.")
        judge = chromium.new_page()
        for old in FOLDER.glob("*.webp"):
            old.unlink()
        for picture, now in every(chromium):
            made = judge.evaluate(SHRINK, [now, WIDTHS[picture.size]])
            picture.path.write_bytes(base64.b64decode(made.partition(",")[2]))
        MADE_WITH.write_text(json.dumps(made_with(chromium)) + "\n")
        chromium.close()
    print(f"{len(pictures())} pictures in {FOLDER}. Look at each before you commit it.")


if __name__ == "__main__":
    main()
