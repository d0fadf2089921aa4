"""The statements of the time series, as SQLite and as PostgreSQL write them."""

from dataclasses import dataclass

HOUR_NS = 3_600_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The few expressions that the two databases write differently."""

    mark: str
    each_field: str
    is_number: str
    number: str
    among: str
    unite: str
    lower: str
    higher: str
    key: str
    text: str
    json: str
    table_end: str


SQLITE = Words(
    mark="?", each_field="json_each(p.fields) e", is_number="e.type IN ('integer', 'real')",
    number="CAST(e.value AS REAL)", among="IN (SELECT value FROM json_each(?))",
    unite="json_patch(points.fields, excluded.fields)", lower="min", higher="max",
    key="INTEGER PRIMARY KEY", text="fields", json="TEXT", table_end=" WITHOUT ROWID",
)  # fmt: skip
POSTGRES = Words(
    mark="%s", each_field="jsonb_each(p.fields) e", is_number="jsonb_typeof(e.value) = 'number'",
    number="e.value::text::float8", among="= ANY(%s)",
    unite="points.fields || excluded.fields", lower="least", higher="greatest",
    key="BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", text="fields::text", json="JSONB", table_end="",
)  # fmt: skip


class Statements:
    """Every statement of the time series, in one dialect."""

    def __init__(self, words: Words) -> None:
        w, m = words, words.mark
        figures = f"count(*), sum({w.number}), min({w.number}), max({w.number})"
        # Rows stand in the order of their key: an hour of a series is one run of pages.
        self.schema = (
            (
                f"CREATE TABLE IF NOT EXISTS series (id {w.key}, measurement TEXT NOT NULL, tags TEXT NOT NULL,"
                " UNIQUE (measurement, tags))"
            ),
            (
                f"CREATE TABLE IF NOT EXISTS points (series_id BIGINT NOT NULL, at_ns BIGINT NOT NULL, fields {w.json}"
                f" NOT NULL, PRIMARY KEY (series_id, at_ns)){w.table_end}"
            ),
            (
                "CREATE TABLE IF NOT EXISTS rollups (series_id BIGINT NOT NULL, field TEXT NOT NULL, hour BIGINT NOT NULL,"
                " frozen SMALLINT NOT NULL, n BIGINT NOT NULL, total DOUBLE PRECISION NOT NULL,"
                " low DOUBLE PRECISION NOT NULL, high DOUBLE PRECISION NOT NULL,"
                f" PRIMARY KEY (series_id, field, hour, frozen)){w.table_end}"
            ),
            (
                "CREATE TABLE IF NOT EXISTS dirty (series_id BIGINT NOT NULL, hour BIGINT NOT NULL,"
                f" PRIMARY KEY (series_id, hour)){w.table_end}"
            ),
        )
        self.add_series = f"INSERT INTO series (measurement, tags) VALUES ({m}, {m}) ON CONFLICT DO NOTHING"
        self.series_id = f"SELECT id FROM series WHERE measurement = {m} AND tags = {m}"
        self.series_of = f"SELECT id, tags FROM series WHERE measurement = {m}"
        self.all_series = "SELECT id FROM series ORDER BY id"
        self.unite = f"ON CONFLICT (series_id, at_ns) DO UPDATE SET fields = {w.unite}"
        self.soil = (
            f"INSERT INTO dirty (series_id, hour) VALUES ({m}, {m})"
            # In PostgreSQL this holds the row until COMMIT, so that a roll-up waits for the point that soils its hour.
            " ON CONFLICT (series_id, hour) DO UPDATE SET hour = excluded.hour"
        )
        self.points = (
            f"SELECT at_ns, {w.text} FROM points WHERE series_id {w.among} AND at_ns >= {m} AND at_ns < {m}"
            " ORDER BY at_ns, series_id"
        )
        self.soiled = f"SELECT series_id, hour FROM dirty WHERE hour < {m} ORDER BY hour LIMIT {m}"
        self.soiled_of = f"SELECT series_id, hour FROM dirty WHERE series_id = {m} AND hour < {m}"
        self.clean = f"DELETE FROM dirty WHERE series_id = {m} AND hour = {m}"
        self.forget_hour = f"DELETE FROM rollups WHERE series_id = {m} AND hour = {m} AND frozen = 0"
        self.roll_hour = (
            "INSERT INTO rollups (series_id, field, hour, frozen, n, total, low, high)"
            f" SELECT p.series_id, e.key, {m}, 0, {figures} FROM points p, {w.each_field}"
            f" WHERE p.series_id = {m} AND p.at_ns >= {m} AND p.at_ns < {m} AND {w.is_number}"
            " GROUP BY p.series_id, e.key"
        )
        self.freeze = (
            "INSERT INTO rollups (series_id, field, hour, frozen, n, total, low, high)"
            f" SELECT series_id, field, hour, 1, n, total, low, high FROM rollups"
            f" WHERE series_id = {m} AND hour < {m} AND frozen = 0"
            " ON CONFLICT (series_id, field, hour, frozen) DO UPDATE SET n = rollups.n + excluded.n,"
            " total = rollups.total + excluded.total,"
            f" low = {w.lower}(rollups.low, excluded.low), high = {w.higher}(rollups.high, excluded.high)"
        )
        self.forget_live = f"DELETE FROM rollups WHERE series_id = {m} AND hour < {m} AND frozen = 0"
        self.forget_points = f"DELETE FROM points WHERE series_id = {m} AND at_ns < {m}"
        self.hours = (
            "SELECT r.hour, r.n, r.total, r.low, r.high FROM rollups r"
            f" WHERE r.series_id {w.among} AND r.field = {m} AND r.hour >= {m} AND r.hour < {m} AND (r.frozen = 1 OR"
            " NOT EXISTS (SELECT 1 FROM dirty d WHERE d.series_id = r.series_id AND d.hour = r.hour))"
            f" UNION ALL SELECT d.hour, {figures} FROM dirty d JOIN points p ON p.series_id = d.series_id"
            f" AND p.at_ns >= d.hour * {HOUR_NS} AND p.at_ns < (d.hour + 1) * {HOUR_NS}, {w.each_field}"
            f" WHERE d.series_id {w.among} AND e.key = {m} AND d.hour >= {m} AND d.hour < {m} AND {w.is_number}"
            " GROUP BY d.series_id, d.hour"
        )
