"""Each route × each role, here and elsewhere: generated from the application, asserted from `route_rows.py`."""

import pytest

from gateway.domain.people import Role
from gateway.domain.roles import May, roles_that
from tests.web import route_rows as rows
from tests.web.matrix import ACTORS, ELSEWHERE, HALF, SCREENS, Matrix, kept_out, routes_of

ACCOUNTS = frozenset(Role) - SCREENS
LETS_IN = {
    rows.ANYBODY: frozenset(ACTORS),
    rows.ANYBODY_WITHOUT_A_WRONG_TOKEN: frozenset(ACTORS) - {ELSEWHERE, HALF},
    rows.WITH_AN_ACCOUNT: ACCOUNTS,
    rows.WITH_AN_ACCOUNT_OR_HALF_SIGNED_IN: ACCOUNTS | {HALF},
    rows.KIOSK: {Role.KIOSK},
    rows.COUNTS: roles_that(May.COUNT),
    rows.RUNS_THE_PLACE: roles_that(May.RUN),
    rows.ADMINISTERS: roles_that(May.ADMINISTER),
}
TABLE = {route: frozenset(map(str, who)) for text, who in LETS_IN.items() for route in text.split("\n") if route}
DOORS = frozenset(rows.JUDGED_ELSEWHERE.split("\n")) - {""}


@pytest.fixture(scope="module")
def matrix():
    matrix = Matrix()
    with matrix.opened() as web:
        matrix.web = web
        yield matrix
    matrix.lab.close()


def test_every_route_has_a_row_and_every_row_a_route(matrix):
    routes = set(routes_of(matrix.app))
    missing = sorted(routes - TABLE.keys() - DOORS)
    print(f"route_matrix_missing {len(missing)}")
    now = {
        route: [actor for actor in ACTORS if not kept_out(matrix.outcome(matrix.web, route, actor))]
        for route in missing
    }
    assert now == {}, "say in tests/web/route_rows.py whom these routes let in; now they let in those listed"
    assert sorted((TABLE.keys() | DOORS) - routes) == [], "rows of routes that are gone"
    assert len(TABLE) + len(DOORS) == sum(len(text.split()) // 2 for text in (*LETS_IN, rows.JUDGED_ELSEWHERE))


@pytest.mark.parametrize("actor", ACTORS)
def test_whom_each_route_lets_in(matrix, actor):
    wrong = {}
    for route in set(routes_of(matrix.app)) & TABLE.keys():
        answer = matrix.outcome(matrix.web, route, actor)
        assert answer.status_code < 500, (route, answer.text)
        if kept_out(answer) == (actor in TABLE[route]):
            wrong[route] = answer.status_code
    assert wrong == {}, f"{actor} is let in or kept out wrongly"


def test_the_matrix_can_tell_who_is_kept_out(matrix):
    assert kept_out(matrix.outcome(matrix.web, "GET /equipe", Role.MEMBER))
    assert not kept_out(matrix.outcome(matrix.web, "GET /equipe", Role.MANAGER))
    assert not kept_out(matrix.outcome(matrix.web, "GET /compte/second-facteur", HALF))
