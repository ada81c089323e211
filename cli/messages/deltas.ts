/** What is left out, in words. */

import { format as formatBytes } from "@std/fmt/bytes";
import type { PullResult } from "../../lib/copy/pull_result.ts";
import {
  type Delta,
  lackingBytes,
  type LeftOutLayer,
} from "../../lib/image/delta.ts";
import { neutralize, quoteForShell } from "../progress/text.ts";
import { namesOf } from "./archives.ts";

/** So many layers, and their bytes as they are served. */
export function layersText(layers: readonly LeftOutLayer[]): string {
  const { length } = layers;
  const size = formatBytes(lackingBytes(layers));
  return `${length} ${length === 1 ? "layer" : "layers"}, ${size}`;
}

/** What is left out, and what has it. */
export function leftOutText({ layers, base }: Delta): string {
  const names = namesOf(base.flatMap(({ name }) => name ?? []));
  const text = layersText(layers);
  return names === undefined ? text : `${text}, as in ${names}`;
}

/** What a report tells of deltas. */
export interface DeltaWords {
  /** What one lacks. */
  leftOut(delta: Delta): string[];
  /** How it is found out whether its target has that. */
  check(
    result: Pick<PullResult, "path" | "parts" | "delta">,
    os: string | undefined,
  ): string[];
}

/** What a report tells of deltas. */
export const DELTA_WORDS: DeltaWords = {
  leftOut: (delta) => [`Delta:  without ${neutralize(leftOutText(delta))}`],
  check({ path, parts, delta }, os) {
    if (!delta || path === "-") return [];
    const script = `${path}${parts ? ".delta" : ""}.check.`;
    const command = os === "win32"
      ? `powershell -File ${quoteForShell(`${script}ps1`, os)}`
      : `sh ${quoteForShell(`${script}sh`, os)}`;
    return [neutralize(command)];
  },
};
