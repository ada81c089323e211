/** The time of a file by which those who have seen it know it again. */

import { parseConfig } from "../../image/manifest.ts";
import type { ImageGraph } from "../engine/graph.ts";

/** When the newest image was made, in seconds since 1970. */
export async function newestTime({ images }: ImageGraph): Promise<number> {
  let newest = 0;
  for (const { documents } of images) {
    const { config, parsed } = await documents;
    const { created } = parseConfig(config, parsed);
    const time = Date.parse(created ?? "") / 1000;
    // One that is in the future would be no time of a file.
    if (time > newest && time < 2 ** 31) newest = Math.floor(time);
  }
  return newest;
}
