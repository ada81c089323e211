/** Draws how cost grows, as an SVG that suits light and dark pages. */

import {
  bytesText,
  isWide,
  powerTicks,
  roundTicks,
  scale,
  secondsText,
} from "./axes.ts";
import type { Metric } from "./cases.ts";
import { figure } from "./ratios.ts";
import type { CaseReport } from "./report.ts";
import { escape } from "./chart.ts";

const PANEL = { width: 236, height: 170, left: 52, right: 10, top: 24 };
const GAP = 16;
const TITLE = 22;
const LEGEND = 22;
const AXIS = 40;

interface Line {
  series: string;
  points: { x: number; y: number }[];
}

function lines(result: CaseReport, metric: Metric): Line[] {
  const found = new Map<string, Line>();
  for (const row of result.rows) {
    const y = figure(row, metric);
    if (!row.point || y === undefined || Number.isNaN(y)) continue;
    const { series, x } = row.point;
    const line = found.get(series) ?? { series, points: [] };
    line.points.push({ x, y });
    found.set(series, line);
  }
  return [...found.values()].map((line) => ({
    ...line,
    points: line.points.toSorted((a, b) => a.x - b.x),
  }));
}

const PANELS: [metric: Metric, title: string, text: (y: number) => string][] = [
  ["wall", "time", secondsText],
  ["cpu", "CPU", secondsText],
  ["memory", "peak memory, MiB", (y) => String(y)],
];

interface Place {
  left: number;
  top: number;
}

function panel(
  result: CaseReport,
  [metric, title, text]: typeof PANELS[number],
  all: string[],
  { left, top }: Place,
): string[] {
  const found = lines(result, metric).map(({ series, points }) => ({
    series,
    points: points.map(({ x, y }) => ({
      x,
      y: metric === "memory" ? y / 2 ** 20 : y,
    })),
  }));
  const points = found.flatMap(({ points }) => points);
  if (points.length === 0) return [];
  const xs = [...new Set(points.map(({ x }) => x))].toSorted((a, b) => a - b);
  const ys = points.map(({ y }) => y).filter((y) => y > 0);
  const wide = isWide(ys);
  const [bottom, right] = [top + PANEL.height, left + PANEL.width];
  const x = scale(
    xs,
    result.growth?.powers ?? false,
    left + PANEL.left,
    right - PANEL.right,
  );
  const y = scale(
    wide
      ? powerTicks(Math.min(...ys), Math.max(...ys))
      : roundTicks(Math.max(...ys)),
    wide,
    bottom,
    top + PANEL.top,
  );
  const label = result.growth?.bytes ? bytesText : String;
  let free = -Infinity;
  const px = (value: number) => value.toFixed(1);
  return [
    `<text class="title" x="${left}" y="${top + 10}">${escape(title)}</text>`,
    ...y.ticks.flatMap((tick) => [
      `<path class="grid" d="M${left + PANEL.left} ${px(y.at(tick))}H${
        right - PANEL.right
      }"/>`,
      `<text x="${left + PANEL.left - 6}" y="${
        px(y.at(tick) + 4)
      }" text-anchor="end">${text(tick)}</text>`,
    ]),
    ...x.ticks.flatMap((tick) => {
      const at = x.at(tick);
      const words = label(tick);
      // A label that would lie on the one before it is left out.
      if (at - words.length * 3.4 < free) return [];
      free = at + words.length * 3.4 + 5;
      return [
        `<text x="${px(at)}" y="${
          bottom + 16
        }" text-anchor="middle">${words}</text>`,
      ];
    }),
    ...found.flatMap(({ series, points }) => {
      const kind = kindOf(series, all);
      const at = points.map(({ x: value, y: cost }) =>
        `${px(x.at(value))} ${px(y.at(Math.max(cost, wide ? y.ticks[0]! : 0)))}`
      );
      return [
        `<path class="line ${kind}" d="M${at.join("L")}"/>`,
        ...at.map((place) => {
          const [cx, cy] = place.split(" ");
          return `<circle class="${kind}" cx="${cx}" cy="${cy}" r="3"/>`;
        }),
      ];
    }),
  ];
}

/** Light and dark, of the series in their order. */
const COLORS = [
  ["#2f81f7", "#4493f8"],
  ["#1a7f37", "#3fb950"],
  ["#8250df", "#a371f7"],
  ["#bc4c00", "#f0883e"],
];
/** And of what docker-pull is compared with. */
const OTHER = ["#8c959f", "#6e7681"] as const;

/** Those of docker-pull by their order, the others all alike. */
function kindOf(series: string, all: string[]): string {
  const own = all.filter((one) => one.startsWith("docker-pull"));
  const index = own.indexOf(series);
  return index < 0 ? "other" : `s${index % COLORS.length}`;
}

function style(): string {
  const colors = (index: 0 | 1) =>
    [...COLORS.map((pair, series) => [`s${series}`, pair[index]]), [
      "other",
      OTHER[index],
    ]].map(([kind, color]) =>
      `circle.${kind}, rect.${kind} { fill: ${color} } path.${kind} { stroke: ${color} }`
    ).join("\n");
  return `<style>
text { font: 11px system-ui, sans-serif; fill: #57606a }
.title { font-weight: 600; font-size: 12px }
.grid { stroke: #d0d7de; stroke-width: 1 }
.line { fill: none; stroke-width: 2; stroke-linejoin: round }
${colors(0)}
@media (prefers-color-scheme: dark) {
text { fill: #b1bac4 }
.grid { stroke: #30363d }
${colors(1)}
}
</style>`;
}

/** Draws time, processor time and memory of a case whose rows are points. */
export function drawGrowth(result: CaseReport): string {
  const all = [
    ...new Set(
      result.rows.flatMap(({ point, samples }) =>
        point && samples.length > 0 ? [point.series] : []
      ),
    ),
  ];
  const width = PANELS.length * (PANEL.width + GAP) - GAP;
  const top = TITLE + (all.length > 1 ? LEGEND : 0);
  const height = top + PANEL.height + AXIS;
  let at = 0;
  const legend = all.length > 1
    ? all.flatMap((series) => {
      const left = at;
      at += series.length * 6.4 + 34;
      return [
        `<rect class="${kindOf(series, all)}" x="${left}" y="${
          TITLE + 2
        }" width="10" height="10" rx="2"/>`,
        `<text x="${left + 15}" y="${TITLE + 11}">${escape(series)}</text>`,
      ];
    })
    : [];
  const panels = PANELS.flatMap((one, index) =>
    panel(result, one, all, { left: index * (PANEL.width + GAP), top })
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${
    escape(result.title)
  }: time, CPU and memory">
${style()}
<text class="title" x="0" y="12">${escape(result.title)}</text>
${[...legend, ...panels].join("\n")}
<text x="${width / 2}" y="${height - 4}" text-anchor="middle">${
    escape(result.growth?.axis ?? "")
  }</text>
</svg>
`;
}
