// Draws the curves of a machine with uPlot in place of the still drawings, and keeps them up to date. The table stays.
const host = document.getElementById("curves");
const dashes = [[], [6, 4], [2, 3], [10, 3, 2, 3]];
const plots = new Map();
const days = host?.dataset.source.includes("semaine");
const said = new Intl.DateTimeFormat(document.documentElement.lang, {
  timeZone: host?.dataset.zone, ...(days ? { weekday: "short", hour: "2-digit" } : { hour: "2-digit", minute: "2-digit" }),
});

function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { lines: ["--blue", "--red", "--teal", "--amber"].map(of), soft: of("--soft"), grid: of("--line") };
}

/** One set of moments for all curves of a panel. */
function table(panel) {
  const moments = [...new Set(panel.curves.flatMap((curve) => curve.points.map(([at]) => at)))].sort((a, b) => a - b);
  const columns = panel.curves.map((curve) => {
    const known = new Map(curve.points);
    return moments.map((at) => known.get(at) ?? null);
  });
  return [moments, ...columns];
}

function options(panel, width) {
  const { lines, soft, grid } = colours();
  const axis = { font: `13px ${getComputedStyle(host).fontFamily}`, stroke: soft, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  return {
    width, height: 220, cursor: { y: false }, legend: { show: false },
    scales: { y: { range: (_plot, least, most) => [Math.min(0, least), most > 0 ? most * 1.08 : 1] } },
    axes: [{ ...axis, values: (_plot, ticks) => ticks.map((tick) => said.format(tick * 1000)) }, { ...axis, size: 56, values: (_plot, ticks) => ticks.map((tick) => `${tick}${panel.unit && ` ${panel.unit}`}`) }],
    series: [{}, ...panel.curves.map((curve, place) => ({
      label: curve.label, stroke: lines[place], width: 2.5, dash: dashes[place], spanGaps: true, points: { show: false },
    }))],
  };
}

function draw(panel) {
  const place = host.querySelector(`[data-panel="${panel.key}"] .drawing`);
  if (!place) return;
  const data = table(panel), known = plots.get(panel.key);
  if (known) return known.setData(data);
  place.replaceChildren();
  plots.set(panel.key, new uPlot(options(panel, place.clientWidth), data, place));
}

async function refresh() {
  try {
    const answer = await fetch(host.dataset.source, { headers: { Accept: "application/json" } });
    if (answer.ok) (await answer.json()).panels.forEach(draw);
  } catch {
    // The last curves stay; the page says by itself when it is no longer live.
  }
}

if (host?.dataset.source && window.uPlot) {
  await refresh();
  setInterval(() => document.hidden || refresh(), 10_000);
  addEventListener("resize", () => plots.forEach((plot, key) => {
    const place = host.querySelector(`[data-panel="${key}"] .drawing`);
    if (place) plot.setSize({ width: place.clientWidth, height: 220 });
  }));
}
