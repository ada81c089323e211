/**
 * Lists of one reference a line, such as the images.txt of RKE2 and k3s, and
 * what tells them from YAML.
 */

import type { Collector } from "./collector.ts";

/**
 * Whether a text is YAML or JSON: its first line that says something begins a
 * document, a list or a member. No reference has a colon before a space.
 */
export function isYaml(text: string): boolean {
  const first = /^(?:\s|#.*$)*(?<line>\S.*)$/m.exec(text)?.groups?.line ?? "";
  return /^(?:[[{%&]|---|-\s|["']?[\w./-]+["']?\s*:(?:\s|$))/.test(first);
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
