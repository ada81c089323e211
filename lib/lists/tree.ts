/** The images of one document, by what it is. */

import type { Collector } from "./collector.ts";
import { isCompose, readCompose } from "./compose.ts";
import { isHauler, readHauler } from "./hauler.ts";
import type { Variables } from "./interpolation.ts";
import { JsonView } from "./json_view.ts";
import { readObjects } from "./objects.ts";
import type { TreeView } from "./tree_view.ts";

/** Reads a document. */
export function readTree(
  view: TreeView,
  found: Collector,
  variable: Variables,
): void {
  if (isCompose(view)) readCompose(view, found, variable);
  else if (isHauler(view)) readHauler(view, found);
  else readObjects(view, found);
}

/** Reads a text if it is JSON; says whether it is. */
export function readJson(
  text: string,
  found: Collector,
  variable: Variables,
): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return false;
  }
  readTree(new JsonView(text, root), found, variable);
  return true;
}
