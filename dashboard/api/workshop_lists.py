"""Who is in a workshop: places, the line, who was there, who passed."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import Field, model_validator

from dashboard.api.common import Caller, Id, IdInPath, MemberReader, Shape, Staff, Text, Wish, problems
from dashboard.api.workshops import done
from dashboard.dependencies import Asked, Services, words_of
from dashboard.problems import Problem, told
from gateway.domain.granting import Granter
from gateway.domain.refusals import Refusal
from gateway.domain.workshops import AgeBand, Headcount, PlaceState
from gateway.ports.views_workshops import PlaceView
from gateway.service import workshops_attendance, workshops_places
from gateway.service.workshops_attendance import Given, Row
from gateway.service.workshops_places import Who
from gateway.wording import Words

router = APIRouter(prefix="/workshops/{id}", tags=["workshops"])

PlaceInPath = Annotated[Id, Path(description="The line of the list.")]
Count = Annotated[int, Field(ge=1, le=1000)]


class Counted(Wish):
    """A group by age, and where it comes from; nobody in it is named."""

    commune: Text
    bands: dict[AgeBand, Count] = Field(min_length=1)

    def headcount(self) -> Headcount:
        """In the order of ages."""
        return Headcount(commune=self.commune, bands=tuple((b, self.bands[b]) for b in AgeBand if b in self.bands))


class NewPlace(Wish):
    """A member; or somebody without an account, by name; or a group that is counted, under one mediator."""

    member_id: Id | None = None
    name: Text | None = Field(default=None, description="Of a person without an account, or of the group.")
    contact: Text | None = Field(default=None, description="How to reach them; forgotten with the name.")
    headcount: Counted | None = None
    mediator_id: Id | None = Field(default=None, description="Who answers for the group; the trainer unless given.")

    @model_validator(mode="after")
    def _one_of_three(self) -> "NewPlace":
        by_name = self.name is not None and self.headcount is None
        if (self.member_id is not None) + by_name + (self.headcount is not None) != 1:
            raise ValueError("give either member_id, or name, or headcount")
        if self.contact is not None and not by_name:
            raise ValueError("a contact goes with a name")
        if self.mediator_id is not None and self.headcount is None:
            raise ValueError("a mediator goes with a headcount")
        return self

    def who(self) -> Who:
        """The wish in the words of the service."""
        counted = self.headcount.headcount() if self.headcount else None
        return Who(
            member_id=self.member_id, name=self.name, contact=self.contact, headcount=counted,
            mediator_id=self.mediator_id,
        )  # fmt: skip


class CountedShape(Shape):
    """A group by age, and where it comes from."""

    commune: str
    bands: dict[AgeBand, int]


class PlaceShape(Shape):
    """A line of the list. Names and contacts are for staff. ``present`` null: not noted yet."""

    id: str
    state: PlaceState
    size: int
    member_id: str | None
    name: str | None
    contact: str | None
    headcount: CountedShape | None
    mediator_id: str | None
    joined_at: datetime
    offered_until: datetime | None
    present: bool | None
    present_at: datetime | None
    passed: bool | None
    qualification_id: str | None
    badged: bool


class Places(Shape):
    """The whole list, in the order of the line."""

    items: list[PlaceShape]


class NewRow(Wish):
    """A line of the paper list: a place that is known, or somebody who came without one."""

    present: bool
    passed: bool | None = Field(default=None, description="Null leaves it open.")
    place_id: Id | None = None
    who: NewPlace | None = None
    headcount: Counted | None = Field(default=None, description="How many of a group have come in the end.")

    @model_validator(mode="after")
    def _one_of_two(self) -> "NewRow":
        if (self.place_id is None) == (self.who is None):
            raise ValueError("give either place_id or who")
        return self

    def row(self) -> Row:
        """The wish in the words of the service."""
        return Row(
            present=self.present, passed=self.passed, place_id=self.place_id, who=self.who.who() if self.who else None,
            headcount=self.headcount.headcount() if self.headcount else None,
        )  # fmt: skip


class PaperList(Wish):
    """What stands on the paper, or is ticked on a screen."""

    rows: list[NewRow] = Field(min_length=1, max_length=500)


class RowShape(Shape):
    """What became of one row: its line, or why it changed nothing."""

    place_id: str | None
    refusals: list[dict[str, Any]]


class TypedIn(Shape):
    """One answer for each row, in their order."""

    items: list[RowShape]


class Passing(Wish):
    """Who of those who were there; null is everybody who has not failed."""

    places: list[Id] | None = Field(default=None, max_length=500)
    granted_by_member: Id | None = Field(
        default=None, description="The trainer who gives the rights in person, and must hold them; else the team."
    )

    def granter(self, caller: Caller) -> Granter:
        """Who gives the rights."""
        return Granter(label=caller.label, member_id=self.granted_by_member, team=self.granted_by_member is None)


class PassShape(Shape):
    """What became of somebody who passed."""

    place_id: str
    outcome: Given
    refusals: list[dict[str, Any]]


class Passed(Shape):
    """One line for each."""

    items: list[PassShape]


class Naming(Wish):
    """Whose name it is."""

    member_id: Id


def place_shape(view: PlaceView, caller: Caller) -> PlaceShape:
    """A line as this caller may read it."""
    place, member = view.place, view.member
    name = f"{member.first_name} {member.last_name}".strip() if member else place.name
    counted = place.headcount
    return PlaceShape(
        id=place.id, state=place.state, size=place.size, member_id=place.member_id,
        name=name if caller.staff else None, contact=place.contact if caller.staff else None,
        headcount=CountedShape(commune=counted.commune, bands=dict(counted.bands)) if counted else None,
        mediator_id=place.mediator_id, joined_at=place.joined_at, offered_until=place.offered_until,
        present=place.present, present_at=place.present_at, passed=place.passed,
        qualification_id=place.qualification_id, badged=view.badged,
    )  # fmt: skip


def _line(services: Services, caller: Caller, workshop_id: str, place_id: str) -> PlaceShape:
    found = services.store.views().places(workshop_id)
    return next(place_shape(view, caller) for view in found if view.place.id == place_id)


def _why(refusals: tuple[Refusal, ...], words: Words) -> list[dict[str, Any]]:
    return [told(refusal, words) for refusal in refusals]


@router.get("/places", operation_id="listWorkshopPlaces", responses=problems(403, 404))
def every(services: Asked, caller: MemberReader, id: IdInPath) -> Places:
    """Everybody on the list, those who wait and those who left among them."""
    views = services.store.views()
    if views.workshop(id) is None:
        raise Problem("not_found")
    return Places(items=[place_shape(view, caller) for view in views.places(id)])


@router.post("/places", operation_id="enrolInWorkshop", status_code=201, responses=problems(400, 403, 404, 409))
def enrol(request: Request, services: Asked, staff: Staff, id: IdInPath, wish: NewPlace) -> PlaceShape:
    """Put somebody on the list: enrolled, or waiting when it is full."""
    new = services.ids.new()
    place = done(
        request, lambda work, now: workshops_places.enrol(work, id=new, workshop_id=id, who=wish.who(), now=now)
    )
    return _line(services, staff, id, place.id)


@router.post("/places/{place}/leave", operation_id="leaveWorkshop", responses=problems(403, 404, 409))
def leave(request: Request, services: Asked, staff: Staff, id: IdInPath, place: PlaceInPath) -> PlaceShape:
    """Give a place back; the next in line is asked. Doing it twice changes nothing more."""
    done(request, lambda work, now: workshops_places.leave(work, workshop_id=id, place_id=place, now=now))
    return _line(services, staff, id, place)


@router.post("/places/{place}/accept", operation_id="acceptWorkshopSeat", responses=problems(403, 404, 409))
def accept(request: Request, services: Asked, staff: Staff, id: IdInPath, place: PlaceInPath) -> PlaceShape:
    """Take the seat that is offered, while it is."""
    done(request, lambda work, now: workshops_places.accept(work, workshop_id=id, place_id=place, now=now))
    return _line(services, staff, id, place)


@router.post("/places/{place}/member", operation_id="nameWorkshopPlace", responses=problems(400, 403, 404, 409))
def name(request: Request, services: Asked, staff: Staff, id: IdInPath, place: PlaceInPath, wish: Naming) -> PlaceShape:
    """Say which member a name on the list is; the name and the contact are forgotten here."""
    done(
        request,
        lambda work, now: workshops_places.name(
            work, workshop_id=id, place_id=place, member_id=wish.member_id, now=now
        ),
    )
    return _line(services, staff, id, place)


@router.post("/list", operation_id="typeInWorkshopList", responses=problems(400, 403, 404))
def type_in(request: Request, services: Asked, staff: Staff, id: IdInPath, wish: PaperList) -> TypedIn:
    """Tick who was there and who passed; each good row is kept, each other one says why it changes nothing."""
    given, words = [row.row() for row in wish.rows], words_of(request)
    answers = done(
        request,
        lambda work, now: workshops_attendance.type_in(work, workshop_id=id, rows=given, ids=services.ids, now=now),
    )
    return TypedIn(
        items=[RowShape(place_id=answer.place_id, refusals=_why(answer.refusals, words)) for answer in answers]
    )


@router.post("/pass", operation_id="passWorkshop", responses=problems(400, 403, 404, 409))
def pass_present(request: Request, services: Asked, staff: Staff, id: IdInPath, wish: Passing) -> Passed:
    """Everybody who was there has passed: give each the right that the workshop leads to."""
    chosen, words = frozenset(wish.places) if wish.places is not None else None, words_of(request)
    answers = done(
        request,
        lambda work, now: workshops_attendance.pass_present(
            work, workshop_id=id, chosen=chosen, granter=wish.granter(staff), ids=services.ids, now=now
        ),
    )
    return Passed(
        items=[
            PassShape(place_id=answer.place_id, outcome=answer.outcome, refusals=_why(answer.refusals, words))
            for answer in answers
        ]
    )
