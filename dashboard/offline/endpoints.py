"""What makes the pages an application that can be installed: its manifest, its worker, the page without a network."""

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse

from dashboard.assets import STATIC, static
from dashboard.dependencies import lab_of, words_of
from dashboard.rendering import page

router = APIRouter(include_in_schema=False)

SHORT = 12
"""A home screen shows no more letters than this."""


@router.get("/manifest.webmanifest")
def manifest(request: Request) -> JSONResponse:
    """The application, by the lab's own name."""
    words, name = words_of(request), lab_of(request).name
    icons = [
        {"src": static(f"icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for size in (192, 512) for purpose in ("any", "maskable")
    ]  # fmt: skip
    told = {
        "name": f"{words('page.brand')} · {name}", "short_name": name if len(name) <= SHORT else words("page.brand"),
        "lang": words.lang, "start_url": "/moi", "scope": "/", "id": "/", "display": "standalone",
        "background_color": "#f8f5ef", "theme_color": "#f8f5ef",
        "icons": [{"src": static("icon.svg"), "sizes": "any", "type": "image/svg+xml"}, *icons],
        "shortcuts": [
            {"name": words("page.book"), "url": "/reserver"},
            {"name": words("me.tab.bookings"), "url": "/moi/reservations"},
        ],
    }  # fmt: skip
    headers = {"Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie"}
    return JSONResponse(told, media_type="application/manifest+json", headers=headers)


@router.get("/sw.js")
def worker() -> FileResponse:
    """The service worker: it stands at the root, for its reach is the folder that it comes from."""
    return FileResponse(STATIC / "sw.js", media_type="text/javascript", headers={"Cache-Control": "no-cache"})


@router.get("/hors-ligne")
def offline(request: Request) -> HTMLResponse:
    """What is shown where nothing was kept."""
    return page(request, "offline/offline.html")
