/**
 * Lists of one reference a line, such as the images.txt of RKE2 and k3s, and
 * what tells them from YAML.
 */

import type { Collector } from "./collector.ts";

/** What begins a document, a list or a member: no reference looks like that. */
const OF_YAML = /^(?:[[{%&]|---|-\s|["']?[\w./-]+["']?\s*:(?:\s|$))/;
/** A member of which the value follows, or a reference that lacks its tag. */
const BARE = /^[\w./-]+:\s*(?:#.*)?$/;

/**
 * Whether a text is YAML or JSON, by its first line that says something. What
 * is `name:` alone is a member if something of YAML follows, and else a
 * reference.
 */
export function isYaml(text: string): boolean {
  let first: string | undefined;
  for (const [line] of text.matchAll(/^[^\S\r\n]*[^\s#].*$/gm)) {
    const start = line.trimStart();
    if (first === undefined && !BARE.test(start)) return OF_YAML.test(start);
    first ??= line;
    if (BARE.test(line)) continue;
    return start !== line || OF_YAML.test(start);
  }
  return false;
}

/** Reads the lines of a list. */
export function readLines(text: string, found: Collector): void {
  for (const [index, whole] of text.split(/\r\n|\r|\n/).entries()) {
    const line = index + 1;
    const words = whole.replace(/(?:^|\s)#.*/, "").split(/\s+/).filter(Boolean);
    const references: string[] = [];
    const platforms: string[] = [];
    for (let i = 0; i < words.length; i++) {
      const option = /^--platform(?:=(?<value>.*))?$/.exec(words[i]!);
      if (!option) {
        references.push(words[i]!);
        continue;
      }
      const platform = option.groups?.value ?? words[++i];
      if (platform) platforms.push(platform);
      else found.wrong({ code: "no-platform" }, line);
    }
    const [reference, ...others] = references;
    if (others.length > 0) {
      found.wrong({ code: "several-words", text: others.join(" ") }, line);
    } else if (reference !== undefined) {
      found.add(reference, line, platforms);
    } else if (platforms.length > 0) {
      found.wrong({
        code: "bad-reference",
        text: "",
        problem: { code: "empty" },
      }, line);
    }
  }
}
