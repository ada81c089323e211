/** What was meant, where a name is not quite right. */

import {
  AuthenticationError,
  NetworkError,
  type PlatformNotFoundError,
  RegistryError,
} from "../../lib/image/errors.ts";
import { formatPlatform } from "../../lib/image/platform_text.ts";
import type { Platform } from "../../lib/image/types.ts";
import { imageAtAddress } from "../access/web_address.ts";
import { nearestFew, nearestRegistry } from "../options/meant.ts";
import { neutralize, truncate, width } from "../progress/text.ts";
import type { ErrorContext, Explanation } from "./explanation.ts";

/** What is called for where the wrong registry was asked. */
export function misspeltRegistry(
  error: unknown,
  { image, registry }: ErrorContext,
): Pick<Explanation, "hint"> {
  const asked = error instanceof NetworkError ||
    error instanceof RegistryError || error instanceof AuthenticationError;
  const meant = asked && registry && nearestRegistry(registry);
  if (!meant) return {};
  const there = image?.includes(registry) && image.replace(registry, meant);
  return { hint: `did you mean ${there || meant}?` };
}

/** How to give a login that was written into a reference. */
export function loginApart(input: string): string {
  const image = commandOf(input)?.replace(/^type /, "") ??
    "docker-pull --username USER IMAGE";
  return `log in by docker-pull login HOST, and then ${image}`;
}

/** The command that pulls what a web address shows. */
export function commandOf(input: string): string | undefined {
  const image = imageAtAddress(input);
  return image && `type docker-pull ${image}`;
}

/** How a host with letters beyond ASCII is written in a reference. */
export function asciiHost(input: string): string | undefined {
  const [host = ""] = input.split("/", 1);
  const url = `https://${host}/`;
  // deno-lint-ignore no-control-regex
  if (!/[^\x00-\x7f]/.test(host) || !URL.canParse(url)) return undefined;
  return `write the host as ${new URL(url).host}`;
}

const EXCERPT_WIDTH = 60;

/** The text with a caret under the place that is meant. */
export function pointAt(input: string, position: number): string[] {
  const start = Math.max(0, position - EXCERPT_WIDTH / 2);
  const before = (start > 0 ? "…" : "") +
    neutralize(input.slice(start, position));
  const after = truncate(neutralize(input.slice(position)), EXCERPT_WIDTH / 2);
  return [before + after, " ".repeat(width(before)) + "^"];
}

/** The one of a system and a processor that are most like those wanted. */
export function nearestPlatform(
  { wanted, available }: PlatformNotFoundError,
): Platform | undefined {
  const ofSystem = available.filter(({ os }) => os === wanted.os);
  const ofBoth = ofSystem.filter(({ architecture }) =>
    architecture === wanted.architecture
  );
  const candidates = [ofBoth, ofSystem, available]
    .find(({ length }) => length > 0) ?? [];
  const texts = candidates.map(formatPlatform);
  const [near = ""] = nearestFew(formatPlatform(wanted), texts, 1);
  return candidates[texts.indexOf(near)];
}
