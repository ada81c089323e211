/**
 * Variables in a compose file.
 *
 * @see {@link https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md}
 */

import type { ListFault } from "./list_report.ts";

/** Says what a variable is; nothing where it is not set. */
export type Variables = (name: string) => string | undefined;

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
/** `${A:-${B:-${C}}}` and so on; deeper ones nobody writes. */
const MOST_NESTED = 20;

/**
 * Fills in the variables of a text.
 *
 * @param text The text, with `$NAME`, `${NAME}`, `${NAME:-default}` and the
 * like; `$$` is a `$`.
 * @param variable Says what is set.
 * @returns The text, or what is wrong with it: what is not set and has no
 * default is not guessed.
 */
export function interpolate(
  text: string,
  variable: Variables,
  depth = 0,
): string | ListFault {
  let result = "";
  for (let rest = text; rest !== "";) {
    const at = rest.indexOf("$");
    if (at < 0) return result + rest;
    result += rest.slice(0, at);
    rest = rest.slice(at + 1);
    if (rest.startsWith("$")) {
      result += "$";
      rest = rest.slice(1);
      continue;
    }
    const bare = NAME.exec(rest)?.[0];
    const end = rest.startsWith("{") ? closing(rest) : -1;
    if ((bare === undefined && end < 0) || depth > MOST_NESTED) {
      return { code: "bad-variable", text };
    }
    const value = bare === undefined
      ? substitute(rest.slice(1, end), variable, depth)
      : variable(bare) ?? unset(bare);
    if (typeof value !== "string") return value;
    result += value;
    rest = rest.slice(bare?.length ?? end + 1);
  }
  return result;
}

/** Where the brace closes that the text begins with. */
function closing(text: string): number {
  let open = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "{" && (i === 0 || text[i - 1] === "$")) open++;
    if (text[i] === "}" && --open === 0) return i;
  }
  return -1;
}

function substitute(
  inside: string,
  variable: Variables,
  depth: number,
): string | ListFault {
  const name = NAME.exec(inside)?.[0];
  const [, sign, other] =
    /^(:?[-?+]|$)([^]*)$/.exec(inside.slice(name?.length ?? 0)) ?? [];
  if (name === undefined || sign === undefined) {
    return { code: "bad-variable", text: `\${${inside}}` };
  }
  const given = variable(name);
  const set = sign.startsWith(":") ? Boolean(given) : given !== undefined;
  const filled = () => interpolate(other ?? "", variable, depth + 1);
  if (sign.endsWith("+")) return set ? filled() : "";
  if (set) return given!;
  return sign.endsWith("-") ? filled() : unset(name);
}

const unset = (name: string): ListFault => ({ code: "unset-variable", name });
