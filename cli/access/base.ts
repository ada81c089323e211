/** What a target has already, as `--have` and `--against` name it. */

import type { Base } from "../../lib/image/delta.ts";
import {
  type BaseOptions,
  type BaseSource,
  readBase,
  readBaseSource,
  registriesOfBase,
} from "../../lib/locks/base.ts";
import { readBaseText } from "../../lib/locks/base_text.ts";
import { MAX_LOCK_BYTES } from "../../lib/locks/read_lock.ts";
import type { Io } from "../io.ts";
import { findDaemon } from "./daemon.ts";
import { readInput } from "./lists.ts";

/** What tells what is there, none of which is asked yet. */
export interface NamedBase {
  /** The registries that are asked. */
  registries: string[];
  /** Finds it out. */
  read(options: BaseOptions): Promise<Base>;
}

/**
 * Reads what is named by an option.
 *
 * @param texts What was given, each as it was typed.
 * @param option The option, without its dashes.
 */
export async function nameBase(
  texts: readonly string[],
  option: string,
  io: Pick<Io, "env" | "os" | "stdin">,
): Promise<NamedBase> {
  const sources: BaseSource[] = [];
  for (const text of texts) sources.push(await sourceOf(text, option, io));
  const isLocal = sources.some((source) =>
    "kind" in source && source.kind === "docker-daemon"
  );
  const daemon = isLocal ? await findDaemon(undefined, io) : undefined;
  return {
    registries: [...new Set(sources.flatMap(registriesOfBase))],
    read: (options) => readBase(sources, { ...options, daemon }),
  };
}

async function sourceOf(
  text: string,
  option: string,
  io: Pick<Io, "env" | "os" | "stdin">,
): Promise<BaseSource> {
  if (text === "-") {
    const bytes = await readInput(text, option, io.stdin, MAX_LOCK_BYTES);
    return await readBaseText(bytes, { name: "standard input" });
  }
  const source = await readBaseSource(text);
  // The environment tells how it is reached.
  return "url" in source ? await findDaemon(source.url, io) : source;
}
