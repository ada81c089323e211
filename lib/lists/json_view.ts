/**
 * JSON, such as what kubectl prints: a cluster's may have tens of megabytes,
 * and the runtime reads it 50 times as fast as a parser of YAML.
 */

import { type Member, TreeView } from "./tree_view.ts";

/** A document of JSON. */
export class JsonView extends TreeView {
  readonly root: unknown;
  readonly #text: string;
  readonly #lines: Map<string, number> = new Map();

  /** Of a text, and what it says. */
  constructor(text: string, root: unknown) {
    super();
    this.root = root;
    this.#text = text;
  }

  /** The line in which a text stands for the first time; else the first. */
  line(node: unknown): number {
    if (typeof node !== "string") return 1;
    const known = this.#lines.get(node);
    if (known !== undefined) return known;
    const at = Math.max(0, this.#text.indexOf(JSON.stringify(node)));
    const line = this.#text.slice(0, at).split("\n").length;
    this.#lines.set(node, line);
    return line;
  }

  resolve(node: unknown): unknown {
    return node;
  }

  members(node: unknown): Member[] | undefined {
    if (typeof node !== "object" || node === null || Array.isArray(node)) {
      return undefined;
    }
    return Object.entries(node).map(([name, value]) => ({
      name,
      key: name,
      value,
    }));
  }

  // It has neither merges nor two members of a name by now.
  override get(node: unknown, name: string): unknown {
    if (typeof node !== "object" || node === null) return undefined;
    return Object.hasOwn(node, name)
      ? (node as Record<string, unknown>)[name]
      : undefined;
  }

  items(node: unknown): readonly unknown[] | undefined {
    return Array.isArray(node) ? node : undefined;
  }

  protected scalar(node: unknown): string | undefined {
    return typeof node === "string" || typeof node === "number"
      ? `${node}`
      : undefined;
  }
}
