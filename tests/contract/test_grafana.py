"""The board asks what the series holds, and a Grafana gets it once, whatever it says."""

import json
import re
import threading
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devices.messages import Sample
from devices.octoprint import read_heater
from gateway.adapters.grafana import Source, Synced, sync
from gateway.adapters.grafana_board import BOARD_UID, DATASOURCE_UID, FOLDER_UID, RESOURCES, as_file, board
from gateway.adapters.timeseries_influx import InfluxTimeSeries
from gateway.domain.events import Event, EventKind, StoredEvent
from gateway.ports.errors import BadConfiguration, GrafanaRefused
from gateway.service.series import SeriesSink, points_of_sample
from tests.fakes.grafana_server import TOKEN, grafana_server
from tests.fixtures_influx import ORG
from tests.fixtures_influx import TOKEN as INFLUX_TOKEN
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
MADE = board()
PANELS = {panel["title"]: panel for panel in MADE["panels"]}
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


# The board itself


def test_the_provisioned_file_is_what_the_code_says():
    file = ROOT / "deploy" / "grafana" / "dashboards" / f"{BOARD_UID}.json"
    assert file.read_text() == as_file(), "write it again: python -m gateway.adapters.grafana_board > that file"


def test_titles_are_french_and_each_panel_says_in_english_what_it_counts():
    assert {title.split()[0] for title in PANELS} >= {"Machines", "Sessions", "Heures", "Travaux", "Refus", "Présence"}
    assert all(panel["description"].endswith((".", "told yet.")) for panel in MADE["panels"])


def test_panels_neither_overlap_nor_leave_the_grid():
    taken = set()
    for panel in MADE["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        assert all(0 <= x < 24 for x, _ in cells)
        taken |= cells
    assert len({panel["id"] for panel in MADE["panels"]}) == len(MADE["panels"])


def test_everything_asks_the_provisioned_source():
    sources = re.findall(r'"uid": "([^"]+)"', json.dumps([MADE["panels"], MADE["templating"]]))
    assert set(sources) == {DATASOURCE_UID}


# Its questions, asked of the genuine InfluxDB


def happened(kind, *, hours_ago, resource="laser", device="node", **data):
    return kind, hours_ago, resource, device, data


LOG = [
    happened(EventKind.POWER_REPORTED, hours_ago=30, on=True),
    happened(EventKind.POWER_REPORTED, hours_ago=30, resource="cnc", on=True),
    happened(EventKind.POWER_REPORTED, hours_ago=29, resource="cnc", on=False),
    happened(EventKind.POWER_REPORTED, hours_ago=2, resource="printer-1", on=True),
    happened(EventKind.SESSION_OPENED, hours_ago=30),
    happened(EventKind.SESSION_CLOSED, hours_ago=26, reason="out", enabled_s=14400, active_s=10800, idle_s=3600),
    happened(EventKind.SESSION_CLOSED, hours_ago=25, reason="out", enabled_s=7200, active_s=1800, idle_s=5400),
    happened(EventKind.SESSION_OPENED, hours_ago=2, resource="printer-1"),
    happened(EventKind.JOB_STARTED, hours_ago=2, resource="printer-1", job="j1"),
    happened(EventKind.JOB_ENDED, hours_ago=27, job="j2", outcome="finished", wall_s=60, active_s=60, paused_s=0),
    happened(EventKind.JOB_ENDED, hours_ago=26.5, job="j3", outcome="finished", wall_s=60, active_s=60, paused_s=0),
    happened(EventKind.JOB_ENDED, hours_ago=26, job="j4", outcome="cancelled", wall_s=60, active_s=60, paused_s=0),
    happened(EventKind.TAP_REFUSED, hours_ago=5, refusals=["training_missing"]),
    happened(EventKind.TAP_REFUSED, hours_ago=4, refusals=["training_missing"]),
    happened(EventKind.TAP_REFUSED, hours_ago=3, resource="cnc", refusals=["in_use"]),
    happened(EventKind.TAP_GRANTED, hours_ago=2, resource="cnc"),
    happened(EventKind.ALARM_RAISED, hours_ago=1, resource="cnc", code="grbl-alarm-1"),
    happened(EventKind.DEVICE_CONNECTED, hours_ago=20, device="octopi"),
    happened(EventKind.DEVICE_LOST, hours_ago=10, device="octopi", reason="unplugged"),
    happened(EventKind.DEVICE_STALE, hours_ago=1, device="reader", resource=None),
]


@pytest.fixture(scope="module")
def lab(influx):
    """A bucket with two days of a lab in it."""
    bucket = influx.add_bucket("floor")
    series = InfluxTimeSeries(influx.url, INFLUX_TOKEN, ORG, bucket)
    events = tuple(
        StoredEvent(
            id=number, site="lab", resource=resource, device=device, resource_kind="laser" if resource else None,
            event=Event(kind=kind, at=NOW - timedelta(hours=hours_ago), data=data),
        )
        for number, (kind, hours_ago, resource, device, data) in enumerate(LOG, start=1)
    )  # fmt: skip
    assert SeriesSink(series, "series").deliver(events) == ()
    for minute in range(0, 60, 10):
        at = NOW - timedelta(minutes=minute)
        heat = {**read_heater("tool0", {"actual": 210.0 + minute, "target": 215}), **read_heater("bed", {"actual": 60})}
        for sample, resource, device in (
            (Sample(values={"power_w": 100.0 + minute}), "laser", "plug"),
            (Sample(values=heat), "printer-1", "octopi"),
        ):
            series.write(points_of_sample(sample, at=at, site="lab", resource=resource, device=device, kind=None))
    series.close()
    return influx, bucket


def ask(lab, query, resources=".*", days=14):
    """What Grafana sends for a query of the board, and the series that come back."""
    server, bucket = lab
    first, last = (int((NOW - timedelta(days=back)).timestamp() * 1000) for back in (days, 0))
    query = query.replace("$timeFilter", f"time >= {first}ms and time <= {last}ms").replace("$__interval", "1h")
    query = query.replace("$resource", resources)
    assert "$" not in query.replace("$/", ""), f"a macro that is not Grafana's: {query}"
    parts = urllib.parse.urlencode({"db": bucket, "epoch": "ms", "q": query})
    request = urllib.request.Request(
        f"{server.url}/query?{parts}", headers={"Authorization": f"Token {INFLUX_TOKEN}"}
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=10) as answer:
        (result,) = json.loads(answer.read())["results"]
    assert "error" not in result, result
    return result.get("series", [])


def query_of(title):
    (target,) = PANELS[title]["targets"]
    return target["query"]


def by_tag(series, column=1):
    return {next(iter(s["tags"].values())): sum(row[column] for row in s["values"]) for s in series}


@pytest.mark.influxdb
@pytest.mark.parametrize("title", PANELS)
def test_every_panel_has_rows(lab, title):
    series = ask(lab, query_of(title))
    assert any(row[1] is not None for one in series for row in one["values"]), title


@pytest.mark.influxdb
@pytest.mark.parametrize(
    ("title", "count"),
    [("Machines sous tension", 2), ("Machines occupées", 1), ("Travaux en cours", 1), ("Alarmes", 1)],
)
def test_what_runs_now_is_counted_by_the_last_word_of_each_machine(lab, title, count):
    (series,) = ask(lab, query_of(title))
    assert [row[1] for row in series["values"]] == [count]


@pytest.mark.influxdb
def test_only_the_chosen_machines_count(lab):
    (series,) = ask(lab, query_of("Machines sous tension"), resources="(laser|cnc)")
    assert series["values"][0][1] == 1
    assert set(by_tag(ask(lab, query_of("Refus par machine"), resources="(cnc|printer-1)"))) == {"cnc"}


@pytest.mark.influxdb
def test_days_are_those_of_the_lab_and_not_of_greenwich(lab):
    (series,) = ask(lab, query_of("Sessions par jour"))
    counted = {row[0]: row[1] for row in series["values"] if row[1]}
    midnight_in_paris = int(datetime(2026, 3, 2, 23, 0, tzinfo=UTC).timestamp() * 1000)
    assert counted == {midnight_in_paris: 2}


@pytest.mark.influxdb
def test_hours_jobs_refusals_and_presence_say_what_happened(lab):
    (hours,) = ask(lab, query_of("Heures actives et inactives"))
    assert (hours["tags"], hours["values"][0][1:]) == ({"resource": "laser"}, [3.5, 2.5])
    assert hours["columns"] == ["time", "Actives", "Inactives"]
    assert by_tag(ask(lab, query_of("Travaux par issue"))) == {"finished": 2, "cancelled": 1}
    assert by_tag(ask(lab, query_of("Refus par machine"))) == {"laser": 2, "cnc": 1}
    presence = {
        s["tags"]["device"]: [row[1] for row in s["values"]] for s in ask(lab, query_of("Présence des appareils"))
    }
    assert (presence["octopi"], presence["reader"]) == ([2, 0], [1])


@pytest.mark.influxdb
def test_readings_are_those_that_devices_send(lab):
    (power,) = ask(lab, query_of("Puissance"))
    assert power["tags"] == {"resource": "laser"}
    (heat,) = ask(lab, query_of("Températures"))
    assert sorted(heat["columns"]) == ["mean_bed_c", "mean_tool0_c", "time"]


@pytest.mark.influxdb
def test_the_list_to_choose_from_holds_every_machine(lab):
    (series,) = ask(lab, RESOURCES)
    assert [value for _, value in series["values"]] == ["cnc", "laser", "printer-1"]


# Bringing it into a Grafana

SOURCE = Source(url="http://influxdb:8086", token="series-token", bucket="etabli")


@pytest.fixture
def grafana():
    with grafana_server() as running:
        yield running


def became(parts):
    return [part.became for part in parts]


def test_the_first_run_creates_all_and_the_second_changes_nothing(grafana):
    assert sync(grafana.url, TOKEN, SOURCE) == (
        Synced(part="folder", name="Établi", became="created"),
        Synced(part="data source", name="Établi", became="created"),
        Synced(part="board", name=MADE["title"], became="created"),
    )
    assert grafana.boards[BOARD_UID]["meta"]["folderUid"] == FOLDER_UID
    assert grafana.datasources[DATASOURCE_UID]["jsonData"]["dbName"] == "etabli"
    assert grafana.secrets[DATASOURCE_UID] == {"httpHeaderValue1": "Token series-token"}
    grafana.asked.clear()
    assert became(sync(grafana.url, TOKEN, SOURCE)) == ["unchanged"] * 3
    assert grafana.changes == []


def test_a_token_is_never_readable_in_the_data_source(grafana):
    sync(grafana.url, TOKEN, SOURCE)
    assert SOURCE.token not in json.dumps(grafana.datasources)


@pytest.mark.parametrize(
    "changed",
    [
        Source(url="http://other:8086", token="series-token", bucket="etabli"),
        Source(url="http://influxdb:8086", token="another", bucket="etabli"),
        Source(url="http://influxdb:8086", token="series-token", bucket="other"),
    ],
)
def test_a_changed_source_is_updated_by_uid_alone(grafana, changed):
    sync(grafana.url, TOKEN, SOURCE)
    grafana.asked.clear()
    assert became(sync(grafana.url, TOKEN, changed)) == ["unchanged", "updated", "unchanged"]
    assert grafana.changes == [("PUT", f"/api/datasources/uid/{DATASOURCE_UID}")]
    assert grafana.secrets[DATASOURCE_UID] == {"httpHeaderValue1": f"Token {changed.token}"}
    assert became(sync(grafana.url, TOKEN, changed)) == ["unchanged"] * 3


def test_what_somebody_changed_by_hand_is_put_right(grafana):
    sync(grafana.url, TOKEN, SOURCE)
    grafana.folders[FOLDER_UID]["title"] = "Divers"
    grafana.boards[BOARD_UID]["dashboard"]["panels"].pop()
    assert became(sync(grafana.url, TOKEN, SOURCE)) == ["updated", "unchanged", "updated"]
    assert grafana.folders[FOLDER_UID]["title"] == "Établi"
    assert len(grafana.boards[BOARD_UID]["dashboard"]["panels"]) == len(MADE["panels"])
    grafana.boards[BOARD_UID]["meta"]["folderUid"] = "elsewhere"
    assert became(sync(grafana.url, TOKEN, SOURCE)) == ["unchanged", "unchanged", "updated"]


def test_what_a_newer_grafana_adds_is_no_change(grafana):
    sync(grafana.url, TOKEN, SOURCE)
    stored = grafana.boards[BOARD_UID]["dashboard"]
    stored["schemaVersion"] = 99
    stored["panels"][0]["pluginVersion"] = "13.0.0"
    assert became(sync(grafana.url, TOKEN, SOURCE)) == ["unchanged"] * 3


def test_what_files_provision_there_is_left_to_them(grafana):
    sync(grafana.url, TOKEN, SOURCE)
    grafana.datasources[DATASOURCE_UID] |= {"readOnly": True, "url": "http://elsewhere:8086"}
    grafana.boards[BOARD_UID]["meta"]["provisioned"] = True
    grafana.asked.clear()
    assert became(sync(grafana.url, TOKEN, SOURCE)) == ["unchanged", "kept", "kept"]
    assert grafana.changes == []


def test_a_grafana_under_a_path_is_found():
    with grafana_server(prefix="/grafana") as grafana:
        assert became(sync(grafana.url + "/", TOKEN, SOURCE)) == ["created"] * 3


def refusal(*arguments, **more):
    with pytest.raises(GrafanaRefused) as told:
        sync(*arguments, **more)
    sentence = str(told.value)
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    return sentence


def test_a_wrong_token_is_told_with_what_to_give(grafana):
    assert "refuses the token" in refusal(grafana.url, "wrong", SOURCE)


def test_a_path_where_no_grafana_is_is_told():
    with grafana_server(prefix="/grafana") as grafana:
        assert "check the address" in refusal(grafana.url.removesuffix("/grafana"), TOKEN, SOURCE)


def test_somebody_saving_at_the_same_moment_is_not_overwritten(grafana):
    sync(grafana.url, TOKEN, SOURCE)
    mine = {"dashboard": {"uid": BOARD_UID, "id": 1, "version": 1, "title": "mine"}, "meta": {"folderUid": FOLDER_UID}}
    theirs = {**mine, "dashboard": {**mine["dashboard"], "version": 7}}
    grafana.boards[BOARD_UID] = theirs
    grafana.answer_instead["GET", "/api/dashboards/uid/.*"] = (200, mine)
    sentence = refusal(grafana.url, TOKEN, SOURCE)
    assert "changed by someone else" in sentence
    assert "try again" in sentence
    assert grafana.boards[BOARD_UID] == theirs


@pytest.mark.parametrize(
    ("asked", "answer", "words"),
    [
        (("GET", "/api/folders/.*"), (403, {"message": "Access denied"}), "role Admin"),
        (("PUT", "/api/folders/.*"), (412, {"message": "version-mismatch"}), "folder 'Établi'"),
        (("POST", "/api/datasources"), (409, {"message": "same name already exists"}), "same name already exists"),
        (("POST", "/api/dashboards/db"), (400, {"message": "bad\nboard"}), r"HTTP 400: Bad board|HTTP 400: bad board"),
        (("POST", "/api/dashboards/db"), (500, {"message": "database is locked"}), "database is locked"),
        (("POST", "/api/dashboards/db"), (502, "<html>message: bad gateway</html>"), "is no Grafana"),
        (("GET", "/api/folders/.*"), (200, "<html>log in</html>"), "is no Grafana"),
        (("GET", "/api/folders/.*"), (200, []), "is no Grafana"),
        (("GET", "/api/datasources/.*"), (200, {"uid": "by-hand", "name": "Établi"}), "'by-hand': rename it"),
    ],
)
def test_every_other_no_is_one_sentence(grafana, asked, answer, words):
    grafana.folders[FOLDER_UID] = {"uid": FOLDER_UID, "title": "Divers", "version": 1}
    grafana.answer_instead[asked] = answer
    assert re.search(words, refusal(grafana.url, TOKEN, SOURCE))


def test_a_grafana_that_hangs_is_given_up_in_time(grafana):
    grafana.silent = threading.Event()
    assert "did not answer in time" in refusal(grafana.url, TOKEN, SOURCE, timeout_s=0.2)


def test_nobody_at_the_address_is_told_with_the_address():
    url = f"http://127.0.0.1:{free_port()}"
    assert f"No answer from Grafana at {url}" in refusal(url, TOKEN, SOURCE)


@pytest.mark.parametrize("url", ["localhost:3000", "ftp://lab", "http://", "http://lab:port", "http://[lab"])
def test_an_address_that_is_none_is_refused_at_once(url):
    with pytest.raises(BadConfiguration, match="expected an address"):
        sync(url, TOKEN, SOURCE)
