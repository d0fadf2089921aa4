"""A lab furnished by nothing but its `etabli.toml`, then run through the API and by badges, on a clock to move."""

import warnings
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.app import create_app
from dashboard.dependencies import Services, digest_of
from devices.messages import BadgeTapped
from etabli.bootstrap.lab import put_lab
from etabli.settings.load import load
from gateway.adapters.one_time_codes import TotpCodes
from gateway.adapters.passwords import Argon2Passwords
from gateway.domain.people import Role
from gateway.service import members
from gateway.service.arrivals_sweep import ArrivalsSweeper
from gateway.service.transact import Transact
from tests.fakes.service_lab import ServiceLab, hashed

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
SECRET = "manager-secret"


class WrittenLab(ServiceLab):
    """The lab of one example file. Times are told as its wall shows them: ``2026-09-07 14:00``."""

    def __init__(self, example: str, at: str) -> None:
        self.settings = load(EXAMPLES / f"{example}.toml")
        self.zone = ZoneInfo(self.settings.lab.timezone)
        self.site = self.settings.lab.slug
        super().__init__()
        self.transact = Transact(store=self.store, clock=self.clock, deliver=self.deliver)
        self.arrivals = ArrivalsSweeper(clock=self.clock, transact=self.transact)
        self.web = TestClient(create_app(self._services()))
        self.web.__enter__()
        self.at(at)

    def _furnish(self) -> None:
        put_lab(self.store, self.settings, self.ids)
        with self.store.begin() as work:
            members.make_token(
                work, id=self.ids.new(), digest=digest_of(SECRET), role=Role.MANAGER, label="accueil",
                now=self.clock.now(),
            )  # fmt: skip

    def _services(self) -> Services:
        return Services(
            store=self.store, bus=None, clock=self.clock, ids=self.ids, transact=self.transact,
            pings={}, hash_badge=hashed, passwords=Argon2Passwords(), codes=TotpCodes(b"a key of the tests"),
        )  # fmt: skip

    def close(self) -> None:
        self.web.__exit__(None, None, None)
        super().close()

    def local(self, told: str) -> datetime:
        """A time on the lab's wall."""
        return datetime.fromisoformat(told).replace(tzinfo=self.zone)

    def at(self, told: str) -> None:
        """Let it be that time, and look over the lab as the sweeps do every few seconds."""
        self.clock.advance((self.local(told) - self.clock.now()).total_seconds())
        self.sweeper.sweep()
        self.arrivals.sweep()

    def api(self, method: str, path: str, body: Any = None, *, status: int | None = None, **query: Any) -> Any:
        """The answer's body; any success will do unless a status is named."""
        headers = {"Authorization": f"Bearer {SECRET}"}
        answer = self.web.request(method, f"/api/v1{path}", json=body, params=query or None, headers=headers)
        assert answer.is_success if status is None else answer.status_code == status, answer.text
        return answer.json()

    def person(self, name: str, *trainings: str, **fields: Any) -> str:
        """Somebody with a badge of that name and rights to these; their id."""
        member: str = self.api("POST", "/members", {"first_name": name, **fields})["id"]
        self.api("POST", f"/members/{member}/badges", {"number": name})
        for training in trainings:
            self.grant(member, training)
        return member

    def grant(self, member: str, training: str) -> dict[str, Any]:
        """A right, given by the team."""
        right: dict[str, Any] = self.api("POST", "/qualifications", {"member_id": member, "training": training})
        return right

    def missing(self, member: str, resource: str, told: str) -> list[str]:
        """What the dry run says is missing at that time; nothing when they would be let in."""
        answer = self.api("GET", "/access", resource=resource, member=member, at=self.local(told).isoformat())
        assert answer["granted"] == (not answer["refusals"])
        return [refusal["code"] for refusal in answer["refusals"]]

    def until(self, member: str, resource: str, told: str) -> datetime:
        """Until when the dry run would let them in."""
        answer = self.api("GET", "/access", resource=resource, member=member, at=self.local(told).isoformat())
        assert answer["granted"], answer
        return datetime.fromisoformat(answer["until"]).astimezone(self.zone)

    def book(self, member: str, resource: str, told: str, minutes: int) -> list[str]:
        """Book; the codes of what stands against it, nothing when it is booked."""
        starts = self.local(told)
        body = {
            "resource": resource, "member_id": member, "starts": starts.isoformat(),
            "ends": (starts + timedelta(minutes=minutes)).isoformat(),
        }  # fmt: skip
        headers = {"Authorization": f"Bearer {SECRET}"}
        answer = self.web.post("/api/v1/reservations", json=body, headers=headers)
        if answer.status_code == 201:
            return []
        assert answer.status_code == 409, answer.text
        return [refusal["code"] for refusal in answer.json()["refusals"]]

    def tap_at(self, reader: str, name: str) -> list[str]:
        """A badge at a reader; the codes of a refusal, nothing when it opens."""
        self.say(reader, BadgeTapped(badge=hashed(name)))
        last = [event for event in self.events() if event.kind in {"tap_granted", "tap_refused"}][-1]
        return [str(code) for code in last.data.get("refusals", [])]
