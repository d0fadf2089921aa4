"""Policies: off until said, the narrower layer wins, every mistake named at once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.policy import OFF, BadPolicy, Wanted, in_force, read_policy, settings_of, tell_policy
from gateway.domain.use_policy import UsePolicy

KEYS = settings_of(BookingPolicy)


def some_value(setting):
    schema = setting.schema
    if schema.get("type") == "integer":
        return st.integers(schema["minimum"], schema["maximum"])
    if schema.get("type") == "boolean":
        return st.booleans()
    if "enum" in schema["items"]:
        return st.lists(st.sampled_from(schema["items"]["enum"]), unique=True, min_size=1)
    return st.sampled_from([["mo-fr 17:00-20:00"], ["sa 09:30-24:00", "fr-mo 00:00-06:00"], []])


SAID = st.fixed_dictionaries({}, optional={key: some_value(setting) for key, setting in KEYS.items()})


@pytest.mark.parametrize("policy", [BookingPolicy, UsePolicy])
def test_a_lab_that_says_nothing_sees_nothing(policy):
    assert tell_policy(in_force(policy, None, None, None)) == {}
    assert read_policy(policy, {}) == policy()


@given(SAID)
def test_what_is_told_reads_the_same(said):
    policy = read_policy(BookingPolicy, said)
    assert read_policy(BookingPolicy, tell_policy(policy)) == policy


@given(SAID, SAID, SAID)
def test_the_narrowest_layer_that_speaks_wins(site, group, resource):
    whole = in_force(BookingPolicy, site, group, resource)
    for key, setting in KEYS.items():
        said = next((layer[key] for layer in (resource, group, site) if key in layer), None)
        assert getattr(whole, key) == (setting.off if said is None else setting.read(said))


def test_off_takes_back_what_a_wider_layer_said():
    policy = in_force(
        BookingPolicy, {"longest_minutes": 60, "approval": True}, {"longest_minutes": OFF, "approval": OFF}
    )
    assert policy == BookingPolicy()


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("longest_hours", 4, Wanted.KNOWN_KEY),
        ("longest_minutes", 0, Wanted.WHOLE),
        ("longest_minutes", "60", Wanted.WHOLE),
        ("longest_minutes", True, Wanted.WHOLE),
        ("longest_minutes", 1.5, Wanted.WHOLE),
        ("approval", 1, Wanted.FLAG),
        ("prime_hours", "mo 10:00-11:00", Wanted.WEEKLY),
        ("prime_hours", ["mo 11:00-10:00"], Wanted.WEEKLY),
        ("prime_hours", ["mo 10:00-24:01"], Wanted.WEEKLY),
        ("prime_hours", ["monday 10:00-11:00"], Wanted.WEEKLY),
        ("prime_hours", [None], Wanted.WEEKLY),
        ("priority_roles", "trainer", Wanted.ORDERED),
        ("priority_roles", ["member"], Wanted.ORDERED),
        ("priority_roles", ["trainer", "trainer"], Wanted.ORDERED),
    ],
)
def test_a_wrong_key_or_value_is_named(key, value, wanted):
    with pytest.raises(BadPolicy, match=key) as caught:
        read_policy(BookingPolicy, {key: value, "step_minutes": -1})
    assert [(p.key, p.wanted) for p in caught.value.problems] == [(key, wanted), ("step_minutes", Wanted.WHOLE)]


def test_hours_of_the_week_go_over_its_end():
    (hours,) = read_policy(BookingPolicy, {"prime_hours": ["fr-mo 17:00-24:00"]}).prime_hours
    assert hours.days == {4, 5, 6, 0}
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    assert hours.on(monday) == (monday + timedelta(hours=17), monday + timedelta(days=1))
    assert hours.on(monday + timedelta(days=1)) is None
