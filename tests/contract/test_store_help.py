"""Calls, problems with their pictures, and readers that serve several machines: the same on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.events import Event, EventKind
from gateway.domain.help import HelpKind, HelpRequest, Photo, Trouble, read_photo
from gateway.domain.people import Member, Role
from gateway.domain.resources import DeviceRole, Resource
from gateway.ports.store import Token

NOW = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
JPEG = b"\xff\xd8" + b"\xff\xe1\x00\x0aExif\0\0GP" + b"\xff\xe0\x00\x04ab" + b"\xff\xda\x00\x02data"


@pytest.fixture
def filled(store):
    with store.begin() as work:
        work.put_site(id="s", slug="la-ruche", name="La Ruche", timezone="Europe/Paris")
        for place, slug in enumerate(("laser", "scie", "tour")):
            work.put_resource(Resource(id=f"r-{slug}", slug=slug, names={"fr": slug}, position=place))
        work.put_member(Member(id="m1", first_name="Inès", created_at=NOW))
        work.put_device(id="k", slug="bois", role=DeviceRole.KIOSK, resource=None)
    return store


def request(id, **more):
    return HelpRequest(id=id, kind=HelpKind.PROBLEM, created_at=NOW, resource_id="r-laser", **more)


def test_a_problem_stands_with_its_picture_until_somebody_closes_it(filled):
    photo = read_photo(JPEG)
    with filled.begin() as work:
        work.add_help(request("h1", member_id="m1", trouble=Trouble.DANGER, photo_type=photo.media_type), photo)
        work.add_help(
            replace(request("h2"), kind=HelpKind.CALL, resource_id=None, created_at=NOW + timedelta(minutes=1))
        )
        assert [one.id for one in work.open_help("r-laser")] == ["h1"]
    first, second = filled.views().open_requests()
    assert (first.resource, first.first_name, first.request.trouble) == ("laser", "Inès", Trouble.DANGER)
    assert (second.resource, second.first_name, second.request.kind) == (None, None, HelpKind.CALL)
    assert filled.views().photo("h1") == photo
    assert filled.views().photo("h2") is None
    with filled.begin() as work:
        work.save_help(replace(work.help_request("h1"), closed_at=NOW))
        assert work.open_help("r-laser") == ()
        assert work.help_request("nothing") is None
    assert [view.request.id for view in filled.views().open_requests()] == ["h2"]


def test_what_the_camera_wrote_beside_a_picture_is_not_kept():
    assert read_photo(JPEG) == Photo(media_type="image/jpeg", data=b"\xff\xd8\xff\xe0\x00\x04ab\xff\xda\x00\x02data")
    assert read_photo(b"\x89PNG\r\n\x1a\n....").media_type == "image/png"
    assert read_photo(b"<svg onload=alert(1)>") is None
    assert read_photo(b"") is None
    assert read_photo(b"\xff\xd8\xff" + b"x" * 4_000_000) is None


def test_a_reader_serves_machines_in_the_order_told(filled):
    with filled.begin() as work:
        work.serve("k", ("tour", "laser", "tour"))
    assert filled.views().reader("bois").resources == ("tour", "laser")
    with filled.begin() as work:
        work.serve("k", ("scie",))
        work.add_token(Token(id="t", digest="d" * 64, role=Role.KIOSK, label="x", created_at=NOW, reader="bois"))
    assert filled.views().reader("bois").resources == ("scie",)
    assert filled.views().reader("nothing") is None
    assert filled.views().token("d" * 64, NOW).reader == "bois"


def test_the_last_tap_at_a_reader_is_its_own_or_what_was_chosen_there(filled):
    def tell(kind, **about):
        with filled.begin() as work:
            work.append(work.site_id(), [Event(kind=kind, at=NOW, **about)])

    views = filled.views()
    assert views.last_tap_at("k", ["r-laser"]) is None
    tell(EventKind.TAP_NOTED, device_id="k", member_id="m1", data={"note": "identified"})
    tell(EventKind.TAP_REFUSED, device_id="other", resource_id="r-laser")
    found = views.last_tap_at("k", ["r-laser", "r-scie"])
    assert (found.event.event.kind, found.first_name) == (EventKind.TAP_NOTED, "Inès")
    tell(EventKind.TAP_GRANTED, device_id="k", resource_id="r-scie", member_id="m1")
    assert views.last_tap_at("k", ["r-laser", "r-scie"]).event.resource == "scie"
    assert views.last_tap_at("k", ["r-laser"]).event.event.kind is EventKind.TAP_NOTED
