"""Two equal lasers, and what people do about bookings of them."""

from dataclasses import replace

from devices.messages import BadgeTapped
from gateway.domain.layers import SaidPolicies
from gateway.domain.refusals import Refused
from gateway.domain.resources import DeviceRole, Resource, ResourceGroup
from gateway.service import bookings, resources, waiting
from gateway.service.arrivals_sweep import ArrivalsSweeper
from gateway.service.transact import Transact
from tests.fakes.service_lab import ServiceLab, hashed

POLICY = {"no_show_minutes": 15, "free_within_minutes": 5, "transferable": True, "offer_minutes": 30}


class BookedFloor:
    """Two equal lasers, and the use cases on the lab's clock."""

    def __init__(self, lab: ServiceLab) -> None:
        self.lab = lab
        self.transact = Transact(store=lab.store, clock=lab.clock, deliver=lab.deliver)
        with lab.store.begin() as work:
            group = work.put_group(ResourceGroup(id=lab.ids.new(), slug="lasers", names={"fr": "Lasers"}))
            work.put_site_policies(SaidPolicies(booking=POLICY, use={"early_minutes": 10}))
            laser = work.resource("laser-1")
            lab.laser = work.put_resource(replace(laser, group_id=group.id))
            self.twin = work.put_resource(
                Resource(
                    id=lab.ids.new(), slug="laser-2", names={"fr": "Laser 2"}, trainings=("laser",), group_id=group.id,
                    position=2,
                )
            )  # fmt: skip
            work.put_device(id=lab.ids.new(), slug="reader-2", role=DeviceRole.READER, resource="laser-2")
        self.sweeper = ArrivalsSweeper(clock=lab.clock, transact=self.transact)

    def book(self, member, starts, ends, resource="laser-1"):
        made = self.transact(
            lambda work, now: bookings.book(
                work, id=self.lab.ids.new(), resource=resource, member_id=member, starts=starts, ends=ends, now=now
            )
        )
        assert not isinstance(made, Refused), made
        return made

    def join(self, member, starts, ends, *, resource=None, group=None):
        return self.transact(
            lambda work, now: waiting.join(
                work, id=self.lab.ids.new(), member_id=member, resource=resource, group=group, starts=starts, ends=ends,
                now=now,
            )
        )  # fmt: skip

    def accept(self, key):
        return self.transact(lambda work, now: waiting.accept(work, id=key, now=now))

    def out(self, back_at=None):
        self.transact(lambda work, now: resources.take_out(work, slug="laser-1", reason="x", back_at=back_at, now=now))

    def back(self):
        self.transact(lambda work, now: resources.put_back(work, slug="laser-1", now=now))

    def reservation(self, key):
        with self.lab.store.begin() as work:
            return work.reservation(key)

    def wait(self, key):
        with self.lab.store.begin() as work:
            return work.wait(key)

    def later(self, minutes):
        now = self.lab.later(60 * minutes)
        self.sweeper.sweep()
        return now

    def tap_twin(self, badge):
        self.lab.say("reader-2", BadgeTapped(badge=hashed(badge)))

    def kinds(self, *wanted):
        """Events of these kinds, each with its member."""
        return [(event.kind, event.member_id) for event in self.lab.events() if event.kind in wanted]
