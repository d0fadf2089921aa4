"""Whatever a cable, a network or a file says: a value or the documented error, and at once."""

import json
import logging
import re

import pytest

from tests.faults.figures import of_fuzz
from tests.faults.fuzz import fuzz, fuzz_one
from tests.faults.lengths import short_and_long
from tests.faults.parsers import Parser


@pytest.mark.parametrize("inputs", short_and_long(100_000, 10_000_000))
def test_only_the_documented_error_comes_out_and_at_once(tmp_path, publish, inputs):
    logging.disable(logging.ERROR)  # a damaged outbox says so, each time
    try:
        found = fuzz(tmp_path, inputs=inputs, seed=inputs)
    finally:
        logging.disable(logging.NOTSET)
    publish(of_fuzz(found))
    assert [each for parser in found for each in parser.crashes] == []
    assert [each for parser in found for each in parser.slow] == []
    for parser in found:
        assert parser.inputs > parser.refused, f"{parser.name}: nothing got through, so little of it was tried"


def test_a_parser_with_a_fault_and_one_that_is_slow_are_found():
    seeds = (b'{"v": 1, "text": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}',)
    faulty = Parser(
        name="faulty", share=0, seeds=seeds, read=lambda data: json.loads(data)["v"] + 1, refuses=(ValueError,)
    )
    assert fuzz_one(faulty, inputs=500, seed=1).crashes
    slow = Parser(name="slow", share=0, seeds=(b"a" * 24,), read=re.compile(rb"(a|aa)+$").match)
    assert fuzz_one(slow, inputs=40, seed=1).slow
