"""What a kiosk needs around it in a test: real taps, a training with a date, a reader that serves several machines."""

from datetime import timedelta

from dashboard.dependencies import digest_of
from devices.envelope import Envelope
from devices.messages import BadgeTapped
from gateway.domain.layers import SaidPolicies
from gateway.domain.people import Role
from gateway.domain.qualifications import Qualification
from gateway.domain.resources import DeviceRole
from gateway.domain.workshops import WorkshopKind
from gateway.service import members, taps, workshops
from gateway.service.uses import Received
from tests.web.lab import PASSWORDS, hash_badge

BADGES = {"Léa": "1001", "Karim": "1002", "Inès": "1003"}
SEVERAL = "several-secret"


def enrol_badges(lab):
    with lab.store.begin() as work:
        for name, number in BADGES.items():
            assert members.enrol_badge(
                work, id=lab.ids.new(), member_id=lab.people[name].id, badge=hash_badge(number), now=lab.clock.now()
            ) is members.Enrolment.ENROLLED  # fmt: skip


def tap(lab, reader, number):
    """A badge at a reader, as its bridge would tell it."""
    now = lab.clock.now()

    def use_case(work, _now):
        device = work.lock_devices([reader], now, iter([lab.ids.new()]))[reader].device
        fact = Envelope(
            site="la-ruche", device=reader, boot="b", seq=1, mono_ms=0, age_ms=0, at=now,
            message=BadgeTapped(badge=hash_badge(number)),
        )  # fmt: skip
        got = Received(envelope=fact, device=device, received_at=now, topic="", payload=b"")
        return taps.handle_tap(work, got, now, lab.ids)

    return lab.transact(use_case)


def plan_training(lab, *, days=2, seats=3, training="decoupe-laser"):
    starts = (lab.clock.now() + timedelta(days=days)).replace(hour=13, minute=0)
    plan = workshops.Plan(
        kind=WorkshopKind.COURSE, titles={"fr": "Découpe laser", "en": "Laser cutting"},
        trainer_id=lab.people["Inès"].id, starts=starts, ends=starts + timedelta(hours=1), seats=seats, training=training,
    )  # fmt: skip
    with lab.store.begin() as work:
        (made,) = workshops.plan(work, plan, zone="Europe/Paris", ids=lab.ids, now=lab.clock.now())
    return made


def serve_several(lab, *slugs, reader="borne-bois"):
    with lab.store.begin() as work:
        device = work.put_device(id=lab.ids.new(), slug=reader, role=DeviceRole.KIOSK, resource=None)
        work.serve(device.id, slugs)
        members.make_token(
            work, id=lab.ids.new(), digest=digest_of(SEVERAL), role=Role.KIOSK, label="several", reader=reader,
            now=lab.clock.now(),
        )  # fmt: skip
    return reader


def ask_for_codes(lab, code="481502"):
    """Every machine asks for the code of six digits, everybody has the same, and Léa may use the laser."""
    kept = PASSWORDS.hash(code)
    with lab.store.begin() as work:
        work.put_site_policies(SaidPolicies(use={"pin": True}))
        work.add_qualification(
            Qualification(
                id=lab.ids.new(), member_id=lab.people["Léa"].id, training_id=work.training("decoupe-laser").id,
                granted_at=lab.clock.now(),
            )
        )  # fmt: skip
        for member in lab.people.values():
            work.set_pin(member.id, kept, lab.clock.now())
