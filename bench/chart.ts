/** Draws results as an SVG that suits light and dark pages. */

import type { RowResult } from "./lane.ts";
import { figure } from "./ratios.ts";
import { formatSeconds, type Report } from "./report.ts";

const WIDTH = 760;
const LABEL_WIDTH = 250;
const BAR_HEIGHT = 16;
const LINE_HEIGHT = 22;
const VALUE_WIDTH = 70;

/** Text as it stands in a picture. */
export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll('"', "&quot;");
}

/** Those that are drawn: of docker-pull, the first way to start it. */
function rowsOf(result: Report["cases"][number]): RowResult[] {
  return result.rows.filter(({ name, samples }) =>
    samples.length > 0 && !/^docker-pull \(/.test(name)
  );
}

function panel(result: Report["cases"][number], top: number): string[] {
  const rows = rowsOf(result).map((row) => ({
    name: row.name,
    wall: figure(row, "wall")!,
  }));
  const longest = Math.max(...rows.map(({ wall }) => wall));
  const scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / longest;
  return [
    `<text class="title" x="0" y="${top + 14}">${escape(result.title)}</text>`,
    ...rows.flatMap(({ name, wall }, index) => {
      const y = top + LINE_HEIGHT * (index + 1) + 4;
      const kind = /^docker-pull\b/.test(name)
        ? "own"
        : /^(?:curl|C floor)/.test(name)
        ? "floor"
        : "peer";
      const width = Math.max(1, wall * scale).toFixed(1);
      const baseline = y + BAR_HEIGHT - 4;
      return [
        `<text x="${LABEL_WIDTH - 8}" y="${baseline}" text-anchor="end">${
          escape(name)
        }</text>`,
        `<rect class="${kind}" x="${LABEL_WIDTH}" y="${y}" width="${width}" height="${BAR_HEIGHT}" rx="2"/>`,
        `<text x="${
          (LABEL_WIDTH + Number(width) + 6).toFixed(1)
        }" y="${baseline}">${formatSeconds(wall)}</text>`,
      ];
    }),
  ];
}

/** The cases that a reader asks for first. */
const SHOWN = ["loopback", "one-layer", "small", "push"];

/** Draws the time of each row of the cases that peers take part in. */
export function drawChart(report: Report): string {
  const shown = report.cases.filter(({ id, rows }) =>
    SHOWN.includes(id) && rows.some(({ samples }) => samples.length > 0)
  );
  let top = 0;
  const panels: string[] = [];
  for (const result of shown) {
    panels.push(...panel(result, top));
    const count = rowsOf(result).length;
    top += LINE_HEIGHT * (count + 1) + 24;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" role="img" aria-label="Time of docker-pull and its peers, shorter is better">
<style>
text { font: 12px system-ui, sans-serif; fill: #57606a }
.title { font-weight: 600 }
.own { fill: #2f81f7 }
.peer { fill: #8c959f }
.floor { fill: #bf8700 }
@media (prefers-color-scheme: dark) { text { fill: #b1bac4 } .peer { fill: #6e7681 } }
</style>
${panels.join("\n")}
</svg>
`;
}
