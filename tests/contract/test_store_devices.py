"""Devices, their streams, facts that came early or broken, and the lab itself, on every kind of database."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from gateway.domain.people import Role
from gateway.domain.resources import Device, DeviceRole, Presence, Resource
from gateway.domain.streams import Stream
from gateway.ports.store import HeldFact, Quarantined, Token
from tests.fixtures_store import NOW

SECOND = timedelta(seconds=1)


class TestDevicesAndStreams:
    def test_unknown_devices_are_added_unassigned(self, store, stored_lab):
        with store.begin() as work:
            found = work.lock_devices(["new-1", "reader-1"], NOW, iter([stored_lab.ids.new()]))
        assert found["new-1"].device == Device(
            id=found["new-1"].device.id, slug="new-1", role=DeviceRole.UNASSIGNED, resource_id=None
        )
        assert found["reader-1"].device == stored_lab.devices["reader-1"]
        with store.begin() as work:
            assert work.lock_devices(["new-1"], NOW, ())["new-1"].device.id == found["new-1"].device.id

    def test_so_many_strangers_and_no_more(self, store, stored_lab):
        strangers = [f"stranger-{n:03}" for n in range(498)]
        with store.begin() as work:
            assert len(work.lock_devices(strangers, NOW, (stored_lab.ids.new() for _ in count()))) == 498
        with store.begin() as work:
            found = work.lock_devices(["a", "b", "c", "plug-1"], NOW, (stored_lab.ids.new() for _ in count()))
        assert sorted(found) == ["a", "b", "plug-1"]

    def test_a_stream_is_kept_with_its_gaps(self, store, stored_lab):
        reader = stored_lab.devices["reader-1"]
        stream = Stream(9, ((3, 4), (7, 7)))
        with store.begin() as work:
            work.save_stream(reader.id, "b1", Stream(1), NOW)
            work.save_stream(reader.id, "b1", stream, NOW)
            work.save_stream(reader.id, "b2", Stream(2), NOW)
        with store.begin() as work:
            streams = work.lock_devices(["reader-1"], NOW, ())["reader-1"].streams
            assert dict(streams) == {"b1": stream, "b2": Stream(2)}
            assert streams.get("b3") is None

    def test_a_stream_of_long_ago_is_still_known(self, store, stored_lab):
        reader = stored_lab.devices["reader-1"]
        with store.begin() as work:
            for n in range(20):
                work.save_stream(reader.id, f"b{n}", Stream(n + 1), NOW + n * SECOND)
        with store.begin() as work:
            streams = work.lock_devices(["reader-1"], NOW, ())["reader-1"].streams
            assert [streams[f"b{n}"].applied for n in range(20)] == list(range(1, 21))
            assert "b20" not in streams
            assert streams.get("b20", Stream()) == Stream()

    def test_an_early_fact_is_held_once_and_in_order(self, store, stored_lab):
        reader = stored_lab.devices["reader-1"]

        def fact(seq, payload=b"\x00\xff"):
            return HeldFact(
                device_id=reader.id, boot="b1", seq=seq, received_at=NOW + seq * SECOND, topic="t", payload=payload
            )

        with store.begin() as work:
            for seq in (5, 3, 5, 4):
                work.hold(fact(seq))
            work.hold(fact(3, b"other"))
            assert work.held(reader.id, "b1") == (fact(3), fact(4), fact(5))
            assert work.held_since(NOW + 4 * SECOND) == (("reader-1", "b1"),)
            assert work.held_since(NOW + 3 * SECOND) == ()
            work.release(reader.id, "b1", [3, 5])
            assert work.held(reader.id, "b1") == (fact(4),)
            work.release(reader.id, "b1", [])

    def test_what_a_device_said_is_kept_when_it_is_attached_elsewhere(self, store, stored_lab):
        plug = replace(
            stored_lab.devices["plug-1"], presence_reason="dit adieu", nonsense_count=3, nonsense_example="x"
        )
        with store.begin() as work:
            work.save_device(plug)
            moved = work.put_device(
                id=stored_lab.ids.new(), slug="plug-1", role=DeviceRole.INTERLOCK, resource="desk-1"
            )
        assert moved == replace(plug, resource_id=stored_lab.desk.id)

    def test_quiet_devices_are_those_not_yet_known_to_be_away(self, store, stored_lab):
        reader = replace(stored_lab.devices["reader-1"], presence=Presence.ONLINE, last_seen_at=NOW)
        gone = replace(stored_lab.devices["grbl-1"], presence=Presence.OFFLINE, last_seen_at=NOW)
        with store.begin() as work:
            work.save_device(reader)
            work.save_device(gone)
            assert {device.slug for device in work.quiet_devices(NOW + SECOND)} == {"reader-1", "plug-1"}
            assert work.quiet_devices(NOW) == ()

    def test_a_broken_fact_is_set_aside_raw(self, store, stored_lab):
        row = Quarantined(
            id=stored_lab.ids.new(), device="grbl-1", topic="t/\0", payload=b"\0\xff", error="boum\0", received_at=NOW
        )
        with store.begin() as work:
            work.quarantine(row)
        ((found, device, error, at),) = store.views().quarantine(5)
        assert (found, device, error.startswith("boum"), at) == (row.id, "grbl-1", True, NOW)


class TestLab:
    def test_putting_again_keeps_the_id(self, store, stored_lab):
        lab = stored_lab
        with store.begin() as work:
            assert work.put_site(id="x", slug="hesdin", name="Autre", timezone="Europe/Paris") == lab.site_id
            changed = replace(
                lab.laser, id="x", position=7, out_of_service=True, out_reason="miroir", back_at=NOW, trainings=()
            )
            assert work.put_resource(changed) == replace(changed, id=lab.laser.id)
            assert work.resource("laser-1") == replace(changed, id=lab.laser.id)
            training = replace(lab.training, id="x", validity_days=365)
            assert work.put_training(training) == replace(training, id=lab.training.id)
            assert work.training("laser") == replace(training, id=lab.training.id)
            device = work.put_device(id="x", slug="reader-1", role=DeviceRole.READER, resource=None)
            assert (device.id, device.resource_id) == (lab.devices["reader-1"].id, None)
            assert work.resource("?") is None
            assert work.training("?") is None
        assert store.views().lab().name == "Autre"

    def test_what_is_not_there_cannot_be_pointed_at(self, store, stored_lab):
        with pytest.raises(ValueError, match="no resource ghost"), store.begin() as work:
            work.put_device(id="x", slug="plug-2", role=DeviceRole.INTERLOCK, resource="ghost")
        with pytest.raises(ValueError, match="ghost"), store.begin() as work:
            work.put_resource(Resource(id="x", slug="cnc", names={"fr": "F"}, trainings=("laser", "ghost")))
        assert store.views().resource("cnc", NOW) is None

    def test_a_token_lives_until_it_is_revoked_or_expires(self, store, stored_lab):
        token = Token(
            id=stored_lab.ids.new(), digest="d1", role=Role.KIOSK, label="accueil", created_at=NOW, resource="laser-1",
            expires_at=NOW + SECOND,
        )  # fmt: skip
        with store.begin() as work:
            work.add_token(token)
            work.add_token(replace(token, id="t2", digest="d2", resource=None, expires_at=None, role=Role.MANAGER))
        views = store.views()
        found = views.token("d1", NOW)
        assert [(line.id, line.resource) for line in views.tokens(NOW)] == [("t2", None), (token.id, "laser-1")]
        assert [line.id for line in views.tokens(NOW + SECOND)] == ["t2"]
        assert (found.id, found.role, found.label, found.resource) == (token.id, Role.KIOSK, "accueil", "laser-1")
        assert views.token("d1", NOW + SECOND) is None
        assert views.token("d3", NOW) is None
        with store.begin() as work:
            assert work.revoke_token("t2", NOW)
            assert work.revoke_token("t2", NOW)
            assert not work.revoke_token("t3", NOW)
        assert views.token("d2", NOW) is None
