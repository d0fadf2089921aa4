"""What the file says of a resource is so at each start; what it leaves open is the staff's word and stays."""

import pytest

from etabli.bootstrap.lab import put_lab
from etabli.settings.models import LabSettings, ResourceSettings, Settings, TrainingSettings
from gateway.adapters.ids import TimeOrderedIds
from gateway.adapters.sql.store import SqlStore
from gateway.service.policies import join_group, put_group
from gateway.service.resources import ask_trainings
from tests.fixtures_store import NOW


@pytest.mark.parametrize(
    ("told", "expected"),
    [({}, ("laser",)), ({"trainings": []}, ()), ({"trainings": ["usinage"], "levels": {"usinage": 2}}, ("usinage",))],
)
def test_trainings_that_staff_asked_for_stay_unless_the_file_says_otherwise(told, expected):
    store, ids = SqlStore.memory(), TimeOrderedIds()
    courses = tuple(TrainingSettings(slug=slug, names={"fr": slug}) for slug in ("laser", "usinage"))
    names = {"slug": "banc", "names": {"fr": "Banc"}}

    def start(**more):
        resource = ResourceSettings(**names, **more)
        lab = LabSettings(slug="ici", name="Ici")
        put_lab(store, Settings(lab=lab, trainings=courses, resources=(resource,)), ids)
        with store.begin() as work:
            return work.resource("banc")

    assert start().trainings == ()
    with store.begin() as work:
        ask_trainings(work, slug="banc", levels={"laser": 3}, now=NOW)
    after = start(**told)
    assert after.trainings == expected
    assert after.levels == {"laser": 3} if expected == ("laser",) else after.levels == told.get("levels", {})
    store.close()


def test_a_group_that_staff_made_keeps_its_machines_at_the_next_start():
    store, ids = SqlStore.memory(), TimeOrderedIds()
    settings = Settings(lab=LabSettings(slug="ici"), resources=(ResourceSettings(slug="banc", names={"fr": "Banc"}),))
    put_lab(store, settings, ids)
    with store.begin() as work:
        put_group(work, id=ids.new(), slug="bancs", names={"fr": "Bancs"}, now=NOW)
        joined = join_group(work, slug="banc", group="bancs", now=NOW)
    put_lab(store, settings, ids)
    with store.begin() as work:
        assert work.resource("banc").group_id == joined.group_id
    store.close()
