import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from gateway.adapters.topic_filters import is_valid_filter, is_valid_topic, matches

TOPICS = st.lists(st.sampled_from(["a", "b", "", "$SYS"]), min_size=1, max_size=4).map("/".join).filter(bool)
FILTERS = st.lists(st.sampled_from(["a", "b", "", "+", "#", "$SYS"]), min_size=1, max_size=4).map("/".join)


@given(FILTERS.filter(is_valid_filter), TOPICS)
def test_a_filter_matches_what_another_implementation_says_it_matches(text, topic):
    assert matches(text, topic) == topic_matches_sub(text, topic)


@pytest.mark.parametrize("text", ["a", "/", "+", "#", "+/a", "a/+/#", "$share/g/a/+", "é/#"])
def test_good_filters(text):
    assert is_valid_filter(text)


@pytest.mark.parametrize("text", ["", "a+", "a/b#", "#/a", "a/#/b", "+a/b", "\0", "a" * 70_000, "\ud800"])
def test_bad_filters(text):
    assert not is_valid_filter(text)


@pytest.mark.parametrize(
    ("topic", "good"), [("a/b", True), ("/", True), ("", False), ("a/+", False), ("#", False), ("a\0", False)]
)
def test_topics(topic, good):
    assert is_valid_topic(topic) is good
