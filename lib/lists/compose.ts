/**
 * The images of a compose file, those of all profiles.
 *
 * @see {@link https://github.com/compose-spec/compose-spec/blob/main/05-services.md}
 */

import type { Collector } from "./collector.ts";
import { interpolate, type Variables } from "./interpolation.ts";
import type { TreeView } from "./tree_view.ts";

/** Whether a document is a compose file: it has services, and is no object. */
export function isCompose(view: TreeView): boolean {
  return view.members(view.get(view.root, "services")) !== undefined &&
    view.get(view.root, "kind") === undefined;
}

/** Reads the services. */
export function readCompose(
  view: TreeView,
  found: Collector,
  variable: Variables,
): void {
  const services = view.get(view.root, "services");
  const include = view.get(view.root, "include");
  if (include !== undefined) {
    found.leave({ code: "include" }, view.line(include));
  }
  /** Fills in the variables; what is wrong is told. */
  const filled = (node: unknown): string | undefined => {
    const text = view.text(node);
    if (text === undefined) return undefined;
    const value = interpolate(text, variable);
    if (typeof value === "string") return value;
    found.wrong(value, view.line(node));
  };
  /** A member of a service, or of the one in this file that it extends. */
  const inherited = (
    service: unknown,
    name: string,
    seen: Set<unknown> = new Set(),
  ): unknown => {
    const own = view.get(service, name);
    if (own !== undefined || seen.has(service)) return own;
    seen.add(service);
    const extended = view.get(service, "extends");
    if (view.get(extended, "file") !== undefined) return undefined;
    const base = view.text(extended) ?? view.member(extended, "service");
    if (base === undefined) return undefined;
    return inherited(view.resolve(view.get(services, base)), name, seen);
  };
  for (const { name = "", key, value } of view.members(services) ?? []) {
    const service = view.resolve(value);
    const image = inherited(service, "image");
    const platform = filled(inherited(service, "platform"));
    const platforms = platform === undefined ? [] : [platform];
    if (view.text(image) !== undefined) {
      const reference = filled(image);
      if (reference !== undefined) {
        found.add(reference, view.line(image), platforms);
      }
    } else {
      const code = view.get(view.get(service, "extends"), "file") !== undefined
        ? "other-file"
        : inherited(service, "build") !== undefined
        ? "build-only"
        : "no-image";
      found.leave({ code, service: name }, view.line(key));
    }
    for (const volume of view.items(view.get(service, "volumes")) ?? []) {
      if (view.member(volume, "type") !== "image") continue;
      const source = view.get(volume, "source");
      const reference = filled(source);
      if (reference !== undefined) found.add(reference, view.line(source));
    }
  }
}
