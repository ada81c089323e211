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
import { redactAddress } from "../../lib/redact/address.ts";
import type { Io } from "../io.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import { findDaemon } from "./daemon.ts";
import { readInput } from "./lists.ts";

/** What tells what is there, none of which is asked yet. */
export interface NamedBase {
  /** The registries that are asked. */
  registries: string[];
  /**
   * Finds it out.
   *
   * @param context Is filled with what an error's message needs.
   */
  read(options: BaseOptions, context: ErrorContext): Promise<Base>;
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
  const wordOf = (source: BaseSource) => texts[sources.indexOf(source)]!;
  const isLocal = sources.some((source) =>
    "kind" in source && source.kind === "docker-daemon"
  );
  const daemon = isLocal ? await findDaemon(undefined, io) : undefined;
  return {
    registries: [...new Set(sources.flatMap(registriesOfBase))],
    async read(options, context) {
      const base: Base = { images: [], blobs: [] };
      for (const source of sources) {
        try {
          const found = await readBase(source, { ...options, daemon });
          base.images.push(...found.images);
          base.blobs.push(...found.blobs);
        } catch (error) {
          noteSource(source, wordOf(source), context);
          throw error;
        }
      }
      return base;
    },
  };
}

/** Notes that it is about what is there, and not about what is wanted. */
function noteSource(
  source: BaseSource,
  text: string,
  context: ErrorContext,
): void {
  const place = "kind" in source && source.kind === "registry"
    ? source.reference
    : undefined;
  Object.assign(context, {
    action: `see what ${JSON.stringify(redactAddress(text))} has`,
    image: place && text,
    reference: place,
    registry: place?.registry,
    repository: place?.repository,
  });
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
