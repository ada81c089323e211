/** What YAML and JSON have in common, as far as images are looked for in it. */

/** A document, node by node; what a node is, only the view of its kind knows. */
export abstract class TreeView {
  /** What the document holds. */
  abstract readonly root: unknown;

  /** The line that a node begins in, from 1. */
  abstract line(node: unknown): number;

  /** What an alias stands for; any other node itself. */
  abstract resolve(node: unknown): unknown;

  /** The members of the mapping that a node is; nothing where it is none. */
  abstract members(node: unknown): Member[] | undefined;

  /** The items of the list that a node is; nothing where it is none. */
  abstract items(node: unknown): readonly unknown[] | undefined;

  /** A text or a number, as it was written; nothing where a node is neither. */
  protected abstract scalar(node: unknown): string | undefined;

  /** The same, without space around it; nothing where that is all. */
  text(node: unknown): string | undefined {
    return this.scalar(this.resolve(node))?.trim() || undefined;
  }

  /** A member of a mapping, of its own or merged with `<<`. */
  get(node: unknown, name: string, seen: Set<unknown> = new Set()): unknown {
    const map = this.resolve(node);
    const members = this.members(map);
    if (!members || seen.has(map)) return undefined;
    seen.add(map);
    // Of two of that name the last one counts, as for most readers.
    const own = members.findLast((member) => member.name === name);
    if (own) return own.value;
    for (const { name: key, value } of members) {
      if (key !== "<<") continue;
      for (const each of this.items(value) ?? [value]) {
        const found = this.get(each, name, seen);
        if (found !== undefined) return found;
      }
    }
  }

  /** The text of a member. */
  member(node: unknown, name: string): string | undefined {
    return this.text(this.get(node, name));
  }
}

/** A member of a mapping. */
export interface Member {
  /** Its name; nothing where that is no text. */
  name: string | undefined;
  /** The node that says its name. */
  key: unknown;
  /** The node that it is. */
  value: unknown;
}
