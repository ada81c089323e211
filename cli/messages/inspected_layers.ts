/** The layers of an image that was looked at, and the steps that made them. */

import { format as formatBytes } from "@std/fmt/bytes";
import type { InspectedImage, InspectedLayer } from "../../lib/look/report.ts";
import type { Style } from "../progress/style.ts";
import { neutralize } from "../progress/text.ts";

/** So many digits tell a digest from others. */
const SHORT = 12;

/** What it is printed on. */
export interface Page {
  /** Its colours. */
  style: Style;
  /** Cuts a line to the columns there are. */
  cut(line: string): string;
  /** The columns that there are. */
  columns: number;
  /** Those of a whole bar. */
  bar: number;
}

/** Each layer with a bar by its size, beside the step that has made it. */
export function layerLines(
  { layers }: InspectedImage,
  { style, cut, bar: most }: Page,
): string[] {
  if (layers.length === 0) return [];
  const largest = Math.max(...layers.map(({ descriptor: { size } }) => size));
  const unpacked = layers.some(({ unpacked }) => unpacked !== undefined);
  const digits = String(layers.length).length;
  const head = [
    "#".padStart(digits),
    "LAYER".padEnd(SHORT),
    ...(most > 0 ? [" ".repeat(most)] : []),
    "SIZE".padStart(9),
    ...(unpacked ? ["UNPACKED".padStart(9)] : []),
    "MADE BY",
  ].join("  ");
  return [
    "",
    style.faint(cut(head)),
    ...layers.map((layer, i) => {
      const { descriptor } = layer;
      const bar = most > 0 ? barOf(descriptor.size, largest, most) : "";
      const line = cut(
        [
          String(i + 1).padStart(digits),
          short(descriptor.digest).padEnd(SHORT),
          ...(most > 0 ? [bar.padEnd(most)] : []),
          formatBytes(descriptor.size).padStart(9),
          ...(unpacked
            ? [
              (layer.unpacked === undefined ? "" : formatBytes(layer.unpacked))
                .padStart(9),
            ]
            : []),
          madeBy(layer),
        ].join("  ").trimEnd(),
      );
      return bar ? line.replace(bar, style.good(bar)) : line;
    }),
  ];
}

/** The history alone, where it does not fit the layers. */
export function stepLines(
  { layers, history }: InspectedImage,
  { style, cut }: Page,
): string[] {
  const empty = history?.filter(({ emptyLayer }) => emptyLayer) ?? [];
  const fits = layers.some(({ step }) => step !== undefined);
  const told = fits ? empty : history ?? [];
  if (told.length === 0) return [];
  const title = fits ? "STEPS WITHOUT A LAYER" : "HISTORY";
  return [
    "",
    style.faint(title),
    ...told.map(({ createdBy = "", comment }) =>
      cut(`  ${stepText(createdBy) || neutralize(comment ?? "")}`)
    ),
  ];
}

function madeBy({ descriptor, step }: InspectedLayer): string {
  if (step) {
    return stepText(step.createdBy ?? "") || neutralize(step.comment ?? "");
  }
  const title = descriptor.annotations?.["org.opencontainers.image.title"];
  return neutralize(typeof title === "string" ? title : descriptor.mediaType);
}

/** A step as it stood in the file that the image was built from. */
function stepText(createdBy: string): string {
  return neutralize(
    createdBy.replace(/^\/bin\/sh -c #\(nop\)\s+/, "")
      .replace(/^(?:RUN )?\/bin\/sh -c /, "RUN ")
      .replace(/\s*# buildkit$/, "").replace(/\s+/g, " ").trim(),
  );
}

/** Something, however little, is never shown as nothing. */
function barOf(size: number, largest: number, most: number): string {
  if (size <= 0 || largest <= 0) return "";
  return "█".repeat(Math.max(1, Math.round(size / largest * most)));
}

/** The first digits of a digest. */
export function short(digest: string): string {
  return neutralize(digest.slice(digest.indexOf(":") + 1).slice(0, SHORT));
}
