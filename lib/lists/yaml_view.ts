/** YAML as it is written: lines are kept, and aliases are not copied. */

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  visit,
} from "yaml";
import { type Member, TreeView } from "./tree_view.ts";

/** A document of YAML. */
export class YamlView extends TreeView {
  readonly #document: Document;
  readonly #lines: LineCounter;
  #targets: Map<unknown, unknown> | undefined;

  /** Of a parsed document. */
  constructor(document: Document, lines: LineCounter) {
    super();
    this.#document = document;
    this.#lines = lines;
  }

  get root(): unknown {
    return this.#document.contents;
  }

  line(node: unknown): number {
    const [start = 0] = (node as Node | undefined)?.range ?? [];
    return this.#lines.linePos(start).line;
  }

  resolve(node: unknown): unknown {
    if (!isAlias(node)) return node;
    this.#targets ??= targetsOf(this.#document);
    return this.#targets.get(node);
  }

  members(node: unknown): Member[] | undefined {
    const map = this.resolve(node);
    if (!isMap(map)) return undefined;
    return map.items.map(({ key, value }) => ({
      name: isScalar(key) ? String(key.value) : undefined,
      key,
      value,
    }));
  }

  items(node: unknown): readonly unknown[] | undefined {
    const list = this.resolve(node);
    return isSeq(list) ? list.items : undefined;
  }

  protected scalar(node: unknown): string | undefined {
    if (!isScalar(node)) return undefined;
    const { value, source } = node;
    if (typeof value === "string") return value;
    // The tag 1.20 is no number.
    return typeof value === "number" ? source ?? `${value}` : undefined;
  }
}

/** What each alias stands for; an anchor may be given anew. */
function targetsOf(document: Document): Map<unknown, unknown> {
  const anchors = new Map<string, unknown>();
  const targets = new Map<unknown, unknown>();
  visit(document, {
    Node(_, node) {
      if (isAlias(node)) targets.set(node, anchors.get(node.source));
      else if (node.anchor) anchors.set(node.anchor, node);
    },
  });
  return targets;
}
