/** Lists of images from files and standard input. */

import { dirname, join } from "node:path";
import { parseEnv } from "node:util";
import { onDisk } from "../../lib/disk/io.ts";
import { openSettings, readText } from "../../lib/disk/plain_file.ts";
import { MAX_LIST_BYTES } from "../../lib/lists/list_text.ts";
import {
  type ImageList,
  imagesOf,
  InvalidListError,
  type LeftOut,
  type ListedImage,
  type ListProblem,
} from "../../lib/lists/lists.ts";
import type { Io } from "../io.ts";
import type { Environment } from "../options/environment.ts";
import { listedText } from "../messages/lists.ts";
import { UsageError } from "../options/arguments.ts";

/** How much of a file is read at a time. */
const CHUNK_BYTES = 256 * 1024;

/** What standard input is called in messages. */
const STDIN = "standard input";

/**
 * Reads lists of images, each image once.
 *
 * @param files The files; `-` is standard input.
 * @throws {InvalidListError} With all that is wrong in any of them.
 * @throws {StorageError} If one cannot be read.
 * @throws {UsageError} If standard input cannot be one of them.
 */
export async function readLists(
  files: readonly string[],
  { variables = {}, stdin }: Pick<Io, "variables" | "stdin">,
): Promise<ImageList> {
  const images: ListedImage[] = [];
  const left: LeftOut[] = [];
  const problems: ListProblem[] = [];
  for (const file of files) {
    try {
      const list = await readList(file, { variables, stdin });
      left.push(...list.left);
      images.push(...list.images);
    } catch (error) {
      if (!(error instanceof InvalidListError)) throw error;
      problems.push(...error.problems);
      left.push(...error.left);
    }
  }
  if (problems.length > 0) throw new InvalidListError(problems, left);
  return { images: eachOnce(images), left };
}

/** Each image once, with every place that names it. */
export function eachOnce(images: readonly ListedImage[]): ListedImage[] {
  const found = new Map<string, ListedImage>();
  for (const image of images) {
    const text = listedText(image);
    const known = found.get(text);
    if (known) known.where.push(...image.where);
    else found.set(text, image);
  }
  return [...found.values()];
}

async function readList(
  file: string,
  { variables = {}, stdin }: Pick<Io, "variables" | "stdin">,
): Promise<ImageList> {
  const isInput = file === "-";
  if (isInput && stdin.isTTY) {
    throw new UsageError(
      "Option --from - reads standard input, which is a terminal: pipe a " +
        "list into it, or name a file",
    );
  }
  const name = isInput ? STDIN : file;
  const bytes = await readAll(isInput ? stdin : chunksOf(file));
  const beside = isInput ? ".env" : join(dirname(file), ".env");
  return await imagesOf(bytes, {
    name,
    variable: await variablesOf(beside, variables),
  });
}

/**
 * Reads a file that is named by an option, or standard input for `-`, up to a
 * size that is refused then.
 */
export async function readInput(
  file: string,
  option: string,
  stdin: Io["stdin"],
  limit: number,
): Promise<Uint8Array> {
  if (file !== "-") return await readAll(chunksOf(file), limit);
  if (stdin.isTTY) {
    throw new UsageError(
      `Option --${option} - reads standard input, which is a terminal: pipe ` +
        "something into it, or name a file",
    );
  }
  return await readAll(stdin, limit);
}

async function* chunksOf(file: string): AsyncGenerator<Uint8Array> {
  const handle = await openSettings(file);
  try {
    for (;;) {
      const buffer = new Uint8Array(CHUNK_BYTES);
      const { bytesRead } = await onDisk(
        "read",
        file,
        () => handle.read(buffer, 0, CHUNK_BYTES, null),
      );
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** The bytes, or more than a list can have. */
async function readAll(
  source: AsyncIterable<Uint8Array | string>,
  limit: number = MAX_LIST_BYTES,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    const bytes = typeof chunk === "string"
      ? new TextEncoder().encode(chunk)
      : chunk;
    chunks.push(bytes);
    size += bytes.length;
    if (size > limit) break;
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** What compose takes from the environment, else from the file `.env`. */
async function variablesOf(
  path: string,
  variables: Environment,
): Promise<(name: string) => string | undefined> {
  const text = await readText(path).catch(() => undefined);
  const kept: Environment = text === undefined ? {} : parseEnv(text);
  return (name) => {
    try {
      if (variables[name] !== undefined) return variables[name];
    } catch {
      // What a runtime does not permit to be read counts as unset.
    }
    return Object.hasOwn(kept, name) ? kept[name] : undefined;
  };
}
