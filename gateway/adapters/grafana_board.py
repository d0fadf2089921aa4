"""The board "floor and use" as code: every panel, its words and its InfluxQL.

Panels are built with Grafana's own builders; questions in InfluxQL have no typed builder there, so :class:`InfluxQL` is
ours. Titles are French, as the lab reads them; descriptions are English and say what a figure counts.
"""

import json
import sys
from dataclasses import dataclass
from typing import Any, Protocol

from grafana_foundation_sdk.builders import barchart, bargauge, common, dashboard, stat, statetimeline, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import BigValueColorMode, GraphDrawStyle, StackingMode, VizOrientation
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

BOARD_UID, FOLDER_UID, DATASOURCE_UID = "etabli-floor", "etabli", "etabli-series"
TIMEZONE = "Europe/Paris"
RESOURCES = 'SHOW TAG VALUES FROM "state" WITH KEY = "resource"'

_SOURCE = DataSourceRef(type_val="influxdb", uid=DATASOURCE_UID)
_HERE = '$timeFilter AND "resource" =~ /^$resource$/'
# A state holds until it changes, however long ago that was: these panels look back further than the board.
_STATE_HOLDS = "90d"


class Panel(Protocol):
    """A panel of any kind, still being built."""

    def datasource(self, datasource: DataSourceRef, /) -> Builder[Any]:
        """Ask this source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InfluxQL(Dataquery, Builder[Dataquery]):
    """One question of a panel, in InfluxQL, with Grafana's macros in it."""

    query: str
    alias: str = ""
    table: bool = False
    ref_id: str = "A"

    def build(self) -> Dataquery:
        """It is its own result."""
        return self

    def to_json(self) -> dict[str, object]:
        """As Grafana's InfluxDB data source keeps it."""
        return {
            "refId": self.ref_id,
            "datasource": _SOURCE,
            "query": self.query,
            "rawQuery": True,
            "resultFormat": "table" if self.table else "time_series",
            **({"alias": self.alias} if self.alias else {}),
        }


def _now(title: str, description: str, field: str, *, good: str = "blue") -> Panel:
    """A count of the resources whose last word on ``field`` is *yes*."""
    query = (
        f'SELECT sum("last") FROM (SELECT last("{field}") FROM "state" WHERE {_HERE} GROUP BY "resource")'
    )  # fmt: skip
    return (
        stat.Panel().title(title).description(description).span(6).height(4)
        .time_from(_STATE_HOLDS).hide_time_override(True).no_value("0").decimals(0)
        .color_mode(BigValueColorMode.VALUE).reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_scheme(dashboard.FieldColor().fixed_color(good).mode(FieldColorModeId.FIXED))
        .with_target(InfluxQL(query=query, alias=title))
    )  # fmt: skip


def _sessions_per_day(timezone: str) -> Panel:
    query = (
        f'SELECT count("enabled_s") FROM "session" WHERE {_HERE} GROUP BY time(1d) fill(0) tz(\'{timezone}\')'
    )  # fmt: skip
    return (
        timeseries.Panel().title("Sessions par jour").span(12).height(8).decimals(0).min(0)
        .description("Sessions that closed, by day in the lab's own time zone.")
        .draw_style(GraphDrawStyle.BARS).fill_opacity(60)
        .with_target(InfluxQL(query=query, alias="Sessions"))
    )  # fmt: skip


def _hours() -> Panel:
    query = (
        'SELECT sum("active_s") / 3600 AS "Actives", sum("idle_s") / 3600 AS "Inactives" '
        f'FROM "session" WHERE {_HERE} GROUP BY "resource"'
    )
    return (
        barchart.Panel().title("Heures actives et inactives").span(12).height(8).unit("h").decimals(1)
        .description("Hours of closed sessions: the machine worked (active), or was powered and waited (idle).")
        .orientation(VizOrientation.HORIZONTAL).stacking(StackingMode.NORMAL).x_field("resource")
        .with_transformation(_without_time())
        .with_target(InfluxQL(query=query, table=True))
    )  # fmt: skip


def _without_time() -> DataTransformerConfig:
    return DataTransformerConfig(id_val="organize", options={"excludeByName": {"Time": True}})


def _count_by(title: str, description: str, query: str, alias: str) -> bargauge.Panel:
    return (
        bargauge.Panel().title(title).description(description).span(12).height(8).decimals(0).min(0)
        .orientation(VizOrientation.HORIZONTAL)
        .reduce_options(common.ReduceDataOptions().calcs(["sum"]).values(False))
        .with_target(InfluxQL(query=query, alias=alias))
    )  # fmt: skip


def _jobs() -> Panel:
    panel = _count_by(
        "Travaux par issue",
        "Jobs that ended: finished, failed, cancelled, or unknown when the machine went silent.",
        f'SELECT count("wall_s") FROM "job" WHERE {_HERE} GROUP BY "outcome"',
        "$tag_outcome",
    )
    names = {"finished": "Terminés", "failed": "Échoués", "cancelled": "Annulés", "unknown": "Issue inconnue"}
    for name, shown in names.items():
        panel.override_by_name(name, [DynamicConfigValue(id_val="displayName", value=shown)])
    return panel


def _refusals() -> Panel:
    return _count_by(
        "Refus par machine",
        "Taps that were refused, by machine: where people lack a training, or meet somebody else's reservation.",
        f'SELECT count("refusals") FROM "tap" WHERE "verdict" = \'refused\' AND {_HERE} GROUP BY "resource"',
        "$tag_resource",
    )


def _reading(title: str, description: str, fields: str, unit: str, alias: str) -> Panel:
    query = (
        f'SELECT mean({fields}) FROM "reading" WHERE {_HERE} GROUP BY time($__interval), "resource" fill(none)'
    )  # fmt: skip
    return (
        timeseries.Panel().title(title).description(description).span(12).height(8).unit(unit)
        .with_target(InfluxQL(query=query, alias=alias))
    )  # fmt: skip


def _presence() -> Panel:
    states = {"2": ("En ligne", "green"), "1": ("Sans nouvelles", "yellow"), "0": ("Hors ligne", "red")}
    mapping: ValueMapping = ValueMap(
        options={
            value: ValueMappingResult(text=text, color=color, index=index)
            for index, (value, (text, color)) in enumerate(states.items())
        }
    )
    return (
        statetimeline.Panel().title("Présence des appareils").span(24).height(9).mappings([mapping])
        .description("Readers, relays and machines as they were heard: online, no news, offline. Empty: not told yet.")
        .time_from("7d")
        .with_target(
            InfluxQL(query='SELECT "presence" FROM "state" WHERE $timeFilter GROUP BY "device"', alias="$tag_device")
        )
    )  # fmt: skip


def _panels(timezone: str) -> tuple[Panel, ...]:
    return (
        _now("Machines sous tension", "Machines that run now: their relay said it is on.", "powered", good="green"),
        _now("Machines occupées", "Machines with an open session now.", "in_use"),
        _now("Travaux en cours", "Machines with a print or a cut under way now.", "running", good="purple"),
        _now("Alarmes", "Machines that ask for a person now.", "alarm", good="red"),
        _sessions_per_day(timezone),
        _hours(),
        _jobs(),
        _refusals(),
        _reading("Puissance", "Electric power as plugs measure it.", '"power_w"', "watt", "$tag_resource"),
        _reading(
            "Températures", "Temperatures as machines report them: tools, beds, chambers.",
            "/^(tool[0-9]+|bed|chamber)_c$/", "celsius", "$tag_resource $col",
        ),
        _presence(),
    )  # fmt: skip


def board(timezone: str = TIMEZONE) -> dict[str, Any]:
    """The board as Grafana's JSON."""
    resources = (
        dashboard.QueryVariable("resource").label("Machine").datasource(_SOURCE).query(RESOURCES)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True).include_all(True).all_value(".*")
        .current(VariableOption(selected=True, text=["All"], value=["$__all"]))
    )  # fmt: skip
    made = (
        dashboard.Dashboard("Atelier : machines et usage").uid(BOARD_UID).tags(["etabli"]).timezone(timezone)
        .description("Floor and use of the lab: what runs now, who machines serve and for how long, what was refused.")
        .time("now-14d", "now").refresh("1m").tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(resources)
    )  # fmt: skip
    for panel in _panels(timezone):
        made = made.with_panel(panel.datasource(_SOURCE))
    return _plain(made.build())


def _plain(made: Dashboard) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(made, cls=JSONEncoder))
    for number, panel in enumerate(plain["panels"], start=1):
        panel["id"] = number
    return plain


def as_file(timezone: str = TIMEZONE) -> str:
    """The board as the text of the file that provisions it."""
    return json.dumps(board(timezone), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_file())
