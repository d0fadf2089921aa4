"""The one cookie by which a browser is known again, and the token that its forms carry."""

import hashlib
import hmac
import re

from fastapi import Request
from fastapi.responses import Response

from gateway.domain.accounts import BrowserSession

LONGEST = 200
BROWSERS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"), ("Windows", "Windows"),
    ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def cookie_name(request: Request) -> str:
    """``__Host-`` pins the cookie to this host, which browsers allow on HTTPS only."""
    return "__Host-etabli" if request.url.scheme == "https" else "etabli"


def secret_in(request: Request) -> str | None:
    """What the browser says it is."""
    secret = request.cookies.get(cookie_name(request))
    return secret if secret and len(secret) <= LONGEST else None


def remember(request: Request, response: Response, secret: str, session: BrowserSession) -> None:
    """Give the browser its cookie; when it ends is the store's affair, this is only how long it is worth sending."""
    life = int((session.expires_at - session.created_at).total_seconds()) * 6
    response.set_cookie(
        cookie_name(request), secret, max_age=life, path="/", httponly=True, samesite="lax",
        secure=request.url.scheme == "https",
    )  # fmt: skip


def forget(request: Request, response: Response) -> None:
    """Take the cookie back."""
    response.delete_cookie(
        cookie_name(request), path="/", httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )


def form_token(secret: str) -> str:
    """What only a page made for this browser can hold."""
    return hmac.new(secret.encode(), b"forms of this browser", hashlib.sha256).hexdigest()[:40]


def same_token(secret: str, told: str) -> bool:
    """Whether a form holds it."""
    return hmac.compare_digest(told.encode(), form_token(secret).encode())


def device_of(request: Request) -> str:
    """A browser as people call it, from what it says of itself; empty when that means nothing to us."""
    told = request.headers.get("user-agent", "")[:500]
    names = (next((name for mark, name in known if re.search(rf"\b{mark}", told)), "") for known in (BROWSERS, SYSTEMS))
    return ", ".join(filter(None, names))
