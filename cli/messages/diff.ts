/** What differs between images, as a table. */

import { format as formatBytes } from "@std/fmt/bytes";
import { familiarName, parseReference } from "../../lib/image/reference.ts";
import { formatPlatform } from "../../lib/image/platform.ts";
import type {
  Amount,
  DiffedImage,
  ImageDiff,
  ImagesDiff,
  LayerDiff,
} from "../../lib/locks/diff.ts";
import type { Style } from "../progress/style.ts";
import { neutralize } from "../progress/text.ts";

/** As many digits of a digest are shown. */
const DIGITS = 12;

const MARKS = {
  same: "=",
  removed: "-",
  added: "+",
  recompressed: "~",
  changed: "~",
} as const;

/** An image a block, a layer a line, and the sums. */
export function diffLines(diff: ImagesDiff, style: Style): string[] {
  return [
    ...diff.images.flatMap((image) => [...imageLines(image, style), ""]),
    ...sumLines(diff),
    diff.same
      ? "Both are the same"
      : `To have the second where the first is: ${
        amountText(diff.blobs.added)
      }`,
  ];
}

function imageLines(
  { change, before, after, layers }: ImageDiff,
  style: Style,
): string[] {
  const names = [
    ...new Set([before, after].flatMap((each) => each ? [nameOf(each)] : [])),
  ];
  const head = `${MARKS[change]} ${names.join(" -> ")}: ${change}`;
  const lines = [paint(head, change, style)];
  if (change === "same") {
    return [...lines, `  ${layers.length} layers, ${short(after!.digest)}`];
  }
  for (
    const [what, get] of [
      ["manifest", (image: DiffedImage) => image.digest],
      ["config", (image: DiffedImage) => image.imageId],
    ] as const
  ) {
    const [was, is] = [before && get(before), after && get(after)];
    if (was === is) lines.push(`  = ${what.padEnd(8)}  ${short(was!)}`);
    else {
      lines.push(
        `  ${was && is ? "~" : was ? "-" : "+"} ${what.padEnd(8)}  ${
          [was, is].flatMap((digest) => digest ? [short(digest)] : [])
            .join(" -> ")
        }`,
      );
    }
  }
  return [...lines, ...layers.map((layer) => layerLine(layer, style))];
}

function layerLine({ change, before, after }: LayerDiff, style: Style): string {
  const sizes = [before, after].flatMap((layer) =>
    layer ? [formatBytes(layer.size)] : []
  );
  const digests = [before, after].flatMap((layer) =>
    layer ? [short(layer.digest)] : []
  );
  const once = change === "same";
  const text = `  ${MARKS[change]} layer     ${
    (once ? digests.slice(0, 1) : digests).join(" -> ")
  }  ${(once ? sizes.slice(0, 1) : sizes).join(" -> ")}${
    change === "recompressed" ? "  the same content" : ""
  }`;
  return paint(text, change, style);
}

function sumLines({ layers, blobs }: ImagesDiff): string[] {
  const rows: [string, Amount][] = [
    ["layers in both", layers.same],
    ["layers of the first only", layers.removed],
    ["layers of the second only", layers.added],
    ["layers compressed anew", layers.recompressed],
    ["all of the first", blobs.before],
    ["all of the second", blobs.after],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const counts = Math.max(...rows.map(([, { count }]) => `${count}`.length));
  return rows.map(([name, { count, bytes }]) =>
    `${name.padEnd(width)}  ${`${count}`.padStart(counts)}  ${
      formatBytes(bytes)
    }`
  );
}

function amountText({ count, bytes }: Amount): string {
  return `${formatBytes(bytes)} in ${count} ${count === 1 ? "blob" : "blobs"}`;
}

function nameOf({ reference, platform }: DiffedImage): string {
  return neutralize(
    `${familiarName(parseReference(reference))} ${formatPlatform(platform)}`,
  );
}

function short(digest: string): string {
  const [algorithm = "", hex = ""] = digest.split(":");
  return `${algorithm}:${hex.slice(0, DIGITS)}`;
}

function paint(
  text: string,
  change: ImageDiff["change"] | LayerDiff["change"],
  style: Style,
): string {
  if (change === "removed") return style.bad(text);
  if (change === "added") return style.good(text);
  return change === "same" ? style.faint(text) : style.warn(text);
}
