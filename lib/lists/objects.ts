/**
 * The images of Kubernetes' objects, and of any other YAML or JSON: what a
 * mapping calls `image`, and repositories with a tag, however deep they stand.
 */

import { parseReference } from "../image/reference.ts";
import type { Collector } from "./collector.ts";
import type { TreeView } from "./tree_view.ts";

/** What names images in passing, or as an example: no such field is one. */
const PASSED_OVER = new Set([
  "ConfigMap",
  "CustomResourceDefinition",
  "Event",
  "Node",
  "Secret",
]);
/** How deep what is looked into may be. */
const MOST_DEPTH = 200;

/** Reads a document. */
export function readObjects(view: TreeView, found: Collector): void {
  const seen = new Set<unknown>();
  const visit = (node: unknown, depth: number): void => {
    const value = view.resolve(node);
    const [members, items] = [view.members(value), view.items(value)];
    // What an alias stands for is read where it is written, once.
    if ((!members && !items) || seen.has(value)) return;
    seen.add(value);
    if (depth > MOST_DEPTH) {
      if (found.problems.at(-1)?.code !== "too-deep") {
        found.wrong({ code: "too-deep" }, view.line(node));
      }
      return;
    }
    for (const item of items ?? []) {
      if (depth === 0) take(view.text(item), item);
      visit(item, depth + 1);
    }
    if (!members) return;
    const kind = view.member(value, "kind");
    const isObject = kind !== undefined &&
      view.get(value, "apiVersion") !== undefined;
    if (isObject && PASSED_OVER.has(kind)) return;
    readImage(value);
    // How the operators of OLM are told the images that they use.
    if (/^RELATED_IMAGE_/.test(view.member(value, "name") ?? "")) {
      const related = view.get(value, "value");
      take(view.text(related), related);
    }
    for (const { name, value: node } of members) {
      // What a cluster says of an object is about what it runs already.
      if (isObject && (name === "metadata" || name === "status")) continue;
      if (name === "images") {
        for (const item of view.items(node) ?? []) take(view.text(item), item);
      }
      if (name?.toLowerCase().endsWith("image")) readUntagged(node);
      visit(node, depth + 1);
    }
  };
  const take = (text: string | undefined, node: unknown): void => {
    if (text === undefined) return;
    const line = view.line(node);
    if (/\$\(|\$\{|\{\{/.test(text)) {
      found.leave({ code: "variable", text }, line);
    } else if (text.includes("://")) {
      found.leave({ code: "address", text }, line);
    } else found.add(text, line);
  };
  /** What a mapping says of an image, by its members. */
  const readImage = (map: unknown): void => {
    const node = view.get(map, "image");
    const image = view.text(node);
    const repositoryNode = view.get(map, "repository");
    const repository = view.text(repositoryNode);
    const registry = view.member(map, "registry");
    const tag = view.member(map, "tag");
    const digest = view.member(map, "digest");
    const tagged = (name: string) =>
      [
        registry ? `${registry.replace(/\/$/, "")}/${name}` : name,
        tag && `:${tag}`,
        digest && `@${digest}`,
      ].join("");
    if (image !== undefined && repository !== undefined) {
      // As NVIDIA's operator has it: a repository, an image in it, a version.
      const version = tag ?? digest ?? view.member(map, "version");
      const joint = version?.includes(":") ? "@" : ":";
      const name = `${repository}/${image}`;
      return version === undefined
        ? found.leave({ code: "no-tag", text: name }, view.line(node))
        : take(`${name}${joint}${version}`, node);
    }
    if (image !== undefined) {
      const whole = (tag ?? digest) !== undefined && isBare(image);
      return take(whole ? tagged(image) : image, node);
    }
    // As a template has it that was not rendered: {{ .Values.image }}.
    if (view.members(node)?.some(({ key }) => view.members(key))) {
      return found.wrong({ code: "template" }, view.line(node));
    }
    // A volume that is an image.
    const volume = view.get(node, "reference");
    take(view.text(volume), volume);
    if (repository === undefined) return;
    if ((tag ?? digest) !== undefined) {
      if (!repository.includes("://")) take(tagged(repository), repositoryNode);
    }
  };
  /** A repository with neither tag nor digest, where the name says image. */
  const readUntagged = (map: unknown): void => {
    const text = view.member(map, "repository");
    const said = ["tag", "digest", "image", "version"].some((name) =>
      view.member(map, name) !== undefined
    );
    if (text !== undefined && !said) {
      found.leave({ code: "no-tag", text }, view.line(map));
    }
  };
  visit(view.root, 0);
}

function isBare(image: string): boolean {
  try {
    const { tag } = parseReference(`${image}:x`);
    return tag === "x";
  } catch {
    return false;
  }
}
