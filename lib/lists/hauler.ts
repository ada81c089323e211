/**
 * The images of a manifest of hauler.
 *
 * @see {@link https://docs.hauler.dev/docs/hauler-usage/content/images}
 */

import { isRegistry } from "../image/reference_grammar.ts";
import type { Collector } from "./collector.ts";
import type { TreeView } from "./tree_view.ts";

const GROUP = /^content\.hauler\.(?:cattle\.io|dev)\//;

/** Whether a document is one. */
export function isHauler(view: TreeView): boolean {
  return GROUP.test(view.member(view.root, "apiVersion") ?? "");
}

/** Reads its images, with the registry and the platform of all of them. */
export function readHauler(view: TreeView, found: Collector): void {
  const { root } = view;
  const kind = view.member(root, "kind") ?? "";
  if (!/^Images/.test(kind)) {
    return found.leave({ code: "not-images", kind }, view.line(root));
  }
  const notes = view.get(view.get(root, "metadata"), "annotations");
  const shared = (name: string) =>
    view.member(notes, `hauler.dev/${name}`) ??
      view.member(notes, `hauler.cattle.io/${name}`);
  const registry = shared("registry");
  const images = view.items(view.get(view.get(root, "spec"), "images")) ?? [];
  for (const image of images) {
    const name = view.member(image, "name") ?? view.text(image);
    if (name === undefined) continue;
    const platform = view.member(image, "platform") ?? shared("platform");
    const [first = "", ...others] = name.split("/");
    const full = others.length > 0 && isRegistry(first);
    found.add(
      registry && !full ? `${registry}/${name}` : name,
      view.line(image),
      platform === undefined ? [] : [platform],
    );
  }
}
