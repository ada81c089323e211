/**
 * The grammar of the parts of a reference, and what is wrong with them.
 *
 * @see {@link https://github.com/distribution/reference/blob/v0.6.0/regexp.go}
 */

import type { ReferenceProblem } from "./problems.ts";

const MAX_NAME_LENGTH = 255;
const LABEL = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Whether a text is a tag. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** Whether the first component of a name is a registry. */
export function isRegistry(component: string): boolean {
  return component === "localhost" || /[.:A-Z[]/.test(component);
}

/** What is wrong with a registry's host, and where. */
export function registryProblem(
  text: string,
): [position: number, problem: ReferenceProblem] | undefined {
  let host = text;
  const port = /:([^:\]]*)$/.exec(text);
  if (port) {
    host = text.slice(0, port.index);
    if (!/^[0-9]{1,5}$/.test(port[1]!) || Number(port[1]) > 65535) {
      return [port.index + 1, { code: "bad-port" }];
    }
  }
  if (host.startsWith("[")) {
    const inner = host.slice(1, -1);
    return host.endsWith("]") && /^[0-9a-f:]+$/i.test(inner) &&
        URL.canParse(`http://[${inner}]/`)
      ? undefined
      : [0, { code: "bad-ipv6" }];
  }
  if (host.includes(":")) {
    return [0, { code: "bare-ipv6" }];
  }
  let position = 0;
  for (const label of host.split(".")) {
    if (!LABEL.test(label)) {
      return [
        position,
        label === ""
          ? { code: "empty-label" }
          : { code: "bad-label", part: label },
      ];
    }
    position += label.length + 1;
  }
}

/** What is wrong with a text that is no tag. */
export function tagProblem(tag: string): ReferenceProblem {
  if (tag === "") return { code: "empty-tag" };
  if (tag.length > 128) return { code: "long-tag", limit: 128 };
  return { code: "bad-tag", part: tag };
}

/** Checks a repository's name, which begins at `start`. */
export function checkRepository(
  repository: string,
  start: number,
  fail: (position: number, problem: ReferenceProblem) => never,
): void {
  if (repository === "") fail(start, { code: "no-name" });
  if (repository.length > MAX_NAME_LENGTH) {
    fail(start + MAX_NAME_LENGTH, {
      code: "long-name",
      limit: MAX_NAME_LENGTH,
    });
  }
  let position = start;
  for (const component of repository.split("/")) {
    const end = position + component.length;
    if (component === "") {
      fail(position, { code: "empty-component" });
    }
    const capital = component.search(/[A-Z]/);
    if (capital >= 0) {
      fail(position + capital, { code: "capital" });
    }
    const strange = component.search(/[^a-z0-9._-]/);
    if (strange >= 0) {
      const part = component[strange]!;
      fail(position + strange, { code: "bad-name-character", part });
    }
    if (/^[._-]/.test(component)) {
      fail(position, { code: "bad-start" });
    }
    if (/[._-]$/.test(component)) {
      fail(end - 1, { code: "bad-end" });
    }
    // Between letters and digits: one dot, one or two underscores, or dashes.
    const separator = /\.[._-]|_[.-]|___|-[._]/.exec(component);
    if (separator) {
      const [part] = separator;
      fail(position + separator.index, { code: "bad-separator", part });
    }
    position = end + 1;
  }
}
