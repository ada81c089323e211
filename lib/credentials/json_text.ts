/**
 * Changes a member of a JSON text and leaves every other character as it is:
 * parsing and writing anew would reorder keys that look like numbers, round
 * long numbers and lose the user's layout.
 */

interface Member {
  key: string;
  /** Where the key begins, the value begins, and the value ends. */
  start: number;
  valueStart: number;
  valueEnd: number;
}

function skipSpace(text: string, at: number): number {
  while (/[ \t\r\n]/.test(text.charAt(at))) at++;
  return at;
}

function skipString(text: string, at: number): number {
  for (at++; text[at] !== '"'; at++) if (text[at] === "\\") at++;
  return at + 1;
}

function skipValue(text: string, at: number): number {
  let depth = 0;
  do {
    const char = text[at];
    if (char === '"') at = skipString(text, at);
    else if (char === "{" || char === "[") depth++, at++;
    else if (char === "}" || char === "]") depth--, at++;
    else if (depth > 0) at++;
    else while (/[^,\]}\s]/.test(text.charAt(at))) at++;
  } while (depth > 0);
  return at;
}

/** The members of the object that begins at `open`. */
function members(text: string, open: number): Member[] {
  const found: Member[] = [];
  let at = skipSpace(text, open + 1);
  while (text[at] !== "}") {
    const start = at;
    at = skipString(text, at);
    const key = JSON.parse(text.slice(start, at)) as string;
    const valueStart = skipSpace(text, skipSpace(text, at) + 1);
    const valueEnd = skipValue(text, valueStart);
    found.push({ key, start, valueStart, valueEnd });
    at = skipSpace(text, valueEnd);
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return found;
}

/** The unit of indentation, or nothing where all is on one line. */
function indentation(text: string): string | undefined {
  return /[\r\n]([ \t]+)\S/.exec(text)?.[1] ??
    (/^\s*\{\s*\}\s*$/.test(text) ? "\t" : undefined);
}

function setAt(text: string, open: number, path: string[], value: unknown) {
  const [key, ...rest] = path;
  // Of two members with one name, the last is the one that counts.
  const all = members(text, open);
  const member = all.findLast((member) => member.key === key);
  if (member && rest.length > 0 && text[member.valueStart] === "{") {
    return setAt(text, member.valueStart, rest, value);
  }
  const whole = rest.reduceRight<unknown>(
    (inner, name) => Object.fromEntries([[name, inner]]),
    value,
  );
  const unit = indentation(text);
  // The file is the user's: count on the line's own indentation, not on depth.
  const line = /^[ \t]*/.exec(text.slice(text.lastIndexOf("\n", open) + 1))![0];
  const inner = unit === undefined ? "" : `\n${line}${unit}`;
  const json = JSON.stringify(whole, null, unit ?? 0)
    .replaceAll("\n", inner || "\n");
  if (member) {
    return text.slice(0, member.valueStart) + json +
      text.slice(member.valueEnd);
  }
  const entry = `${JSON.stringify(key)}:${
    unit === undefined ? "" : " "
  }${json}`;
  const last = all.at(-1);
  if (last) {
    const separator = text.slice(open + 1, all[0].start);
    return `${text.slice(0, last.valueEnd)},${separator}${entry}${
      text.slice(last.valueEnd)
    }`;
  }
  const close = skipSpace(text, open + 1);
  const end = unit === undefined ? "" : `\n${line}`;
  return `${text.slice(0, open + 1)}${inner}${entry}${end}${text.slice(close)}`;
}

/**
 * Puts a value at a path of names, making the objects on the way.
 *
 * `text` is valid JSON of an object. What stands in the way of the path is
 * replaced.
 */
export function setMember(
  text: string,
  path: string[],
  value: unknown,
): string {
  return setAt(text, text.indexOf("{"), path, value);
}

/** Takes away every member of the given name from the object at a path of names. */
export function deleteMember(text: string, path: string[]): string {
  let open = text.indexOf("{");
  for (const name of path.slice(0, -1)) {
    const member = members(text, open).findLast(({ key }) => key === name);
    if (!member || text[member.valueStart] !== "{") return text;
    open = member.valueStart;
  }
  while (true) {
    const all = members(text, open);
    const index = all.findIndex(({ key }) => key === path.at(-1));
    if (index < 0) return text;
    const [from, to] = all.length === 1
      ? [open + 1, skipSpace(text, all[0].valueEnd)]
      : index === 0
      ? [all[0].start, all[1].start]
      : [all[index - 1].valueEnd, all[index].valueEnd];
    text = text.slice(0, from) + text.slice(to);
  }
}
