"""What tests of administration share: somebody of the team, and forms sent as a browser sends them."""

import re

from tests.web.lab import MANAGER


def sign_in(web):
    """The team's cookie."""
    web.headers["Origin"] = "http://testserver"
    assert web.post("/equipe/entrer", data={"token": MANAGER}).status_code == 200
    return web


def token_in(answer):
    return re.search(r'name="form_token" value="([0-9a-f]+)"', answer.text).group(1)


def send(web, page, path=None, **data):
    """Fill the form of ``page`` and send it."""
    token = token_in(web.get(page))
    return web.post(path or page, data={"form_token": token} | data)


def text_of(answer):
    """What a person reads."""
    import html

    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))).replace("\xa0", " ")
