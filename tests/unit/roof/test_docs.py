"""The generated pages are what the code says, and enough to build a device from."""

import hashlib
import hmac
import json
from pathlib import Path

import pytest

from devices import codec
from devices.envelope import unseal
from devices.messages import COMMANDS, FACTS
from devices.topics import TOPICS
from etabli import docs
from etabli.docs import examples, topics
from gateway.domain.refusals import Code

FOLDER = Path(__file__).resolve().parents[3] / "docs"


def test_every_generated_page_is_up_to_date():
    assert docs.stale(FOLDER) == (), "run: make docs"


def test_every_kind_has_a_real_example_that_the_codec_reads_back():
    kinds = {cls.kind for row in TOPICS for cls in row.carries}
    assert {each.kind for each in examples.EXAMPLES} == kinds
    for message in examples.EXAMPLES:
        topic, data = examples.example_of(message.kind)
        if examples.channel_of(message) in ("fact", "sample"):
            assert unseal(data, topic=topic, site=examples.SITE, device=examples.DEVICE).message == message
        else:
            assert codec.decode(data) == message


@pytest.mark.parametrize("kind", [cls.kind for cls in (*FACTS, *COMMANDS)])
def test_the_page_shows_each_kind_with_its_bytes(kind):
    page = topics.page()
    assert f"### `{kind}`" in page
    assert examples.example_of(kind)[1].decode().strip() in page


def test_the_signed_example_can_be_made_by_the_recipe_on_the_page():
    topic, payload = examples.signed_example()
    body = payload[: payload.index(b"\n") + 1]
    signature = hmac.new(bytes(range(32)), topic.encode() + b"\n" + body, hashlib.sha256).hexdigest()
    assert payload == body + signature.encode()
    assert payload.decode() in topics.page()
    assert json.loads(body)["kind"] == "power_reported"


def test_the_badge_example_names_the_key_as_the_program_does():
    assert hashlib.sha256(examples.BADGE_KEY).hexdigest()[:8] == examples.BADGE_KEY_ID


def test_every_refusal_is_on_its_page():
    page = (FOLDER / "refusals.md").read_text()
    assert [code for code in Code if f"## `{code}`" not in page] == []
