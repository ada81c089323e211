/** `docker-pull completion`: scripts for shells, and what those ask for. */

import { type Candidate, candidatesFor } from "../completion/candidates.ts";
import { SCRIPTS } from "../completion/scripts.ts";
import type { Io, Services } from "../io.ts";
import { parseArguments } from "../options/arguments.ts";
import { CACHE_DIR } from "../options/option_table.ts";
import { applyFile } from "../settings/apply.ts";
import type { Run } from "./command.ts";
import type { CompletionCommandOptions } from "./completion_options.ts";

/** A shell waits no longer for tags, in milliseconds. */
const PATIENCE_MS = 2_000;

/** Prints a script, or candidates with their descriptions. */
export const runCompletion: Run<CompletionCommandOptions> = async (
  options,
  io,
  _context,
  services,
) => {
  if ("shell" in options) return { lines: [SCRIPTS[options.shell].trimEnd()] };
  const found = await candidatesFor(options.words, {
    tagsOf: (image) => tagsOf(image, io, services),
    cachedNames: (cacheDir) => cachedNames(cacheDir, io),
  });
  return { lines: found.map(lineOf) };
};

function lineOf({ word, help }: Candidate): string {
  return help ? `${word}\t${help}` : word;
}

/** The names of the images in a cache, as they can be typed. */
async function cachedNames(
  cacheDir: string | undefined,
  io: Io,
): Promise<string[]> {
  const { listCache } = await import("../../lib/cache/list.ts");
  const { familiarName, parseReference } = await import(
    "../../lib/image/reference.ts"
  );
  try {
    await applyFile(parseArguments([], [CACHE_DIR]), [CACHE_DIR], io);
    const { images } = await listCache({
      cacheDir: cacheDir ?? io.env.DOCKER_PULL_CACHE,
    });
    return images.flatMap(({ names }) =>
      names.map((name) => familiarName(parseReference(name)))
    );
  } catch {
    return [];
  }
}

/** The tags of an image; none where they cannot be had quickly. */
async function tagsOf(
  image: string,
  io: Io,
  services?: Services,
): Promise<string[]> {
  const { TAGS } = await import("./tags_options.ts");
  const { runTags } = await import("./tags.ts");
  const parsed = parseArguments(
    ["--quiet", "--timeout", "2", "--retries", "0", image],
    TAGS.options,
  );
  let options;
  try {
    await applyFile(parsed, TAGS.options, io);
    options = TAGS.read(parsed);
  } catch {
    return [];
  }
  // Nobody reads on a terminal what went wrong.
  const silent = { ...io, stderr: { write() {} }, stdout: { write() {} } };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string[]>((resolve) => {
    timer = setTimeout(() => resolve([]), PATIENCE_MS);
  });
  const tags = runTags(options, silent, {}, services)
    .then(({ lines = [] }) => lines, () => []);
  try {
    return await Promise.race([tags, late]);
  } finally {
    clearTimeout(timer);
  }
}
