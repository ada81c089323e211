/** Where blobs lie that are at hand. */

import type { Descriptor, FileRegion } from "../../image/types.ts";
import type { GraphBlob } from "./graph.ts";

/** A source that may have blobs in files of this machine. */
interface Local {
  local?(descriptor: Descriptor): Promise<FileRegion | undefined>;
}

/** Where a blob lies in a file of this machine, if it does. */
export async function localRegion(
  { descriptor, source }: GraphBlob,
): Promise<FileRegion | undefined> {
  return await (source as Local).local?.(descriptor);
}
