"""Rules and groups through the API: staff set them, everybody's mistakes are named, the narrower layer wins."""

import pytest

WRITES = [
    ("PATCH", "/api/v1/policies", {"booking": {"step_minutes": 15}}),
    ("POST", "/api/v1/groups", {"slug": "lasers", "names": {"fr": "Découpeuses"}}),
    ("PATCH", "/api/v1/groups/lasers", {"booking": {}}),
    ("PATCH", "/api/v1/resources/laser/policies", {"booking": {}}),
    ("PUT", "/api/v1/resources/laser/group", {"group": None}),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
@pytest.mark.parametrize(("role", "status"), [("anonymous", 401), ("kiosk", 403), ("auditor", 403)])
def test_only_staff_set_rules(web, bearer, method, path, body, role, status):
    assert web.request(method, path, json=body, headers=bearer(role)).status_code == status


def test_site_group_and_resource_together(web, bearer, lab):
    staff = bearer("manager")

    def send(method, path, body):
        answer = web.request(method, f"/api/v1{path}", json=body, headers=staff)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    send("PATCH", "/policies", {"booking": {"step_minutes": 15, "day_count": 1}})
    send("POST", "/groups", {"slug": "lasers", "names": {"fr": "Découpeuses"}})
    assert send("PATCH", "/groups/lasers", {"booking": {"day_count": 2}})["booking"] == {"day_count": 2}
    send("PUT", "/resources/laser/group", {"group": "lasers"})
    told = send("PATCH", "/resources/laser/policies", {"booking": {"step_minutes": "off"}})
    assert told["group"] == "lasers"
    assert told["booking"] == {"step_minutes": "off"}
    assert told["in_force"]["booking"] == {"day_count": 2}
    told = send("PATCH", "/resources/laser/policies", {"booking": {"step_minutes": None}})
    assert (told["booking"], told["in_force"]["booking"]) == ({}, {"step_minutes": 15, "day_count": 2})
    assert web.get("/api/v1/policies", headers=staff).json()["booking"] == {"step_minutes": 15, "day_count": 1}
    assert [group["slug"] for group in web.get("/api/v1/groups").json()["items"]] == ["lasers"]


def test_every_mistake_is_named_and_nothing_changes(web, bearer):
    wish = {"booking": {"step_minutes": 0, "nonsense": 1}}
    answer = web.patch("/api/v1/policies", json=wish, headers=bearer("manager"))
    assert answer.status_code == 422
    assert {tuple(e["where"]) for e in answer.json()["errors"]} == {
        ("body", "booking", "step_minutes"), ("body", "booking", "nonsense"),
    }  # fmt: skip
    assert web.get("/api/v1/policies", headers=bearer("manager")).json() == {"use": {}, "booking": {}}


def test_what_is_not_there_is_not_found(web, bearer):
    for path in ("/api/v1/groups/none", "/api/v1/resources/none/policies"):
        assert web.patch(path, json={}, headers=bearer("manager")).status_code == 404
    answer = web.put("/api/v1/resources/laser/group", json={"group": "none"}, headers=bearer("manager"))
    assert answer.status_code == 404
