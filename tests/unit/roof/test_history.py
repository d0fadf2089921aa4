"""The demo's past adds up: it will be shown, counted and drawn like any other."""

from datetime import timedelta

import pytest

from etabli.bootstrap.lab import put_lab
from etabli.bootstrap.parts import basis, ready_store
from etabli.demo import history, lab
from etabli.demo.stage import resource_settings
from etabli.settings.models import DataSettings, GroupSettings, LabSettings, Settings, TrainingSettings
from gateway.domain.events import EventKind
from gateway.domain.sessions import State


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A store with two weeks behind it."""
    settings = Settings(
        lab=LabSettings(slug=lab.SLUG, name=lab.NAME),
        data=DataSettings(directory=tmp_path_factory.mktemp("demo") / "data"),
        trainings=tuple(map(TrainingSettings.model_validate, lab.TRAININGS)),
        groups=tuple(map(GroupSettings.model_validate, lab.GROUPS)),
        resources=tuple(resource_settings(station) for station in lab.STATIONS),
        devices=(
            *(
                {"slug": f"{station.slug}-{end}", "role": role, "resource": station.slug}
                for station in lab.STATIONS
                for end, role in (("lecteur", "reader"), ("prise", "interlock"), ("machine", "machine"))
            ),
            {"slug": lab.KIOSK_READER, "role": "kiosk", "resources": lab.SERVED},
            {"slug": lab.DOOR_READER, "role": "place"},
        ),
    )
    base = basis(settings)
    store = ready_store(settings)
    put_lab(store, settings, base.ids)
    written = history.write(base, store, 7, "laser")
    yield store, base, written, settings
    store.close()


def every(page):
    rows, cursor = [], None
    while True:
        found = page(cursor)
        rows += found.rows
        cursor = found.next
        if cursor is None:
            return rows


def test_no_page_is_empty(lived):
    store, base, written, _ = lived
    views, now = store.views(), base.clock.now()
    assert len(views.floor(now)) == len(lab.STATIONS) >= 12
    assert len(every(lambda c: views.sessions(limit=200, cursor=c))) > 100
    assert len(every(lambda c: views.jobs(limit=200, cursor=c))) > 50
    assert len(views.members(limit=100, cursor=None).rows) == len(lab.PEOPLE)
    assert len(views.reservations(limit=100, cursor=None, starts=now, ends=now + timedelta(days=9)).rows) > 3
    assert views.unknown_badges(now - timedelta(days=14))
    assert any(view.resource.out_of_service and view.resource.back_at for view in views.floor(now))
    assert len(written.readings) > 500


def test_the_programme_has_a_course_with_a_waiting_list_and_a_class(lived):
    store, base, written, _ = lived
    views = store.views()
    coming = views.workshops(limit=50, cursor=None, upcoming=True).rows
    assert [view.workshop.training for view in coming] == ["decoupe-laser", "fraisage", None, None]
    assert [(view.seats_left, view.waiting) for view in coming] == [(2, 0), (0, 2), (13, 0), (2, 0)]
    assert all(view.workshop.span.starts > base.clock.now() and view.resources for view in coming)
    assert views.trainers("decoupe-laser") == (written.members[lab.ACCOUNTS["trainer"]].id,)
    agenda = views.agenda_of_member(written.members["Hugo"].id, coming[0].workshop.span)
    assert [view.workshop.id for view in agenda.workshops] == [coming[0].workshop.id]


def test_sessions_add_up_and_never_share_a_machine(lived):
    store, base, _, _ = lived
    now = base.clock.now()
    sessions = sorted(every(lambda c: store.views().sessions(limit=200, cursor=c)), key=lambda s: s.opened_at)
    free = {}
    for session in sessions:
        assert session.state is State.CLOSED
        assert session.closed_at is not None
        assert session.closed_at <= now
        assert session.enabled_s == pytest.approx(session.active_s + session.idle_s)
        assert session.opened_at >= free.get(session.resource_id, session.opened_at)
        free[session.resource_id] = session.closed_at


def test_jobs_are_over_and_belong_to_their_session(lived):
    store, _, _, _ = lived
    sessions = {session.id: session for session in every(lambda c: store.views().sessions(limit=200, cursor=c))}
    for job in every(lambda c: store.views().jobs(limit=200, cursor=c)):
        session = sessions[job.session_id]
        assert session.opened_at <= job.started_at < job.ended_at <= session.closed_at
        assert job.wall_s == pytest.approx(job.active_s + job.paused_s)
        assert job.outcome is not None


def test_the_log_is_in_order_and_names_nobody(lived):
    store, _, _, _ = lived
    events = [stored.event for stored in every(lambda c: store.views().events(limit=500, cursor=c))]
    kinds = {event.kind for event in events}
    assert {EventKind.TAP_REFUSED, EventKind.SESSION_CLOSED, EventKind.JOB_ENDED, EventKind.ALARM_RAISED} <= kinds
    lived_through = [event.at for event in reversed(events)][: len(events) - 30]
    assert lived_through == sorted(lived_through)
    assert not any(person.name in str(event.data) for event in events for person in lab.PEOPLE)


def test_a_kept_folder_is_not_lived_twice_but_gets_new_tokens(lived):
    store, base, written, _ = lived
    before = len(every(lambda c: store.views().sessions(limit=200, cursor=c)))
    again = history.write(base, store, 7, "laser")
    assert len(every(lambda c: store.views().sessions(limit=200, cursor=c))) == before
    assert again.manager_token not in ("", written.manager_token)
    assert set(again.members) == {person.name for person in lab.PEOPLE}


def test_each_way_for_a_right_to_end_is_shown_and_every_right_still_holds(lived):
    store, base, _, _ = lived
    courses = {course.slug: course for course in store.views().trainings()}
    assert courses["decoupe-laser"].validity_days
    assert courses["fraisage"].unused_days
    assert courses["textile"].yearly_until
    for right in store.views().qualifications(limit=100, cursor=None).rows:
        assert right.valid(base.clock.now())
        assert (right.expires_at is None) == (right.training_id in (courses["impression-3d"].id, courses["soudure"].id))
