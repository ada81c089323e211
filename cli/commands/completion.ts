/** `docker-pull completion`: scripts for shells, and what those ask for. */

import { type Candidate, candidatesFor } from "../completion/candidates.ts";
import { SCRIPTS } from "../completion/scripts.ts";
import type { Io, Services } from "../io.ts";
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
    cachedNames: (cacheDir) => cachedNames(cacheDir, io, services),
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
  services?: Services,
): Promise<string[]> {
  const { familiarName, parseReference } = await import(
    "../../lib/image/reference.ts"
  );
  const folder = cacheDir === undefined ? [] : [`--cache-dir=${cacheDir}`];
  const said = await saidBy(
    ["cache", "ls", "--json", ...folder],
    io,
    services,
  );
  const { images = [] }: { images?: { names: string[] }[] } = JSON.parse(said);
  return images.flatMap(({ names }) =>
    names.map((name) => familiarName(parseReference(name)))
  );
}

/** The tags of an image; none where they cannot be had quickly. */
async function tagsOf(
  image: string,
  io: Io,
  services?: Services,
): Promise<string[]> {
  const options = ["--quiet", "--timeout", "2", "--retries", "0"];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(""), PATIENCE_MS);
  });
  const tags = saidBy(["tags", ...options, "--", image], io, services);
  try {
    const said = await Promise.race([tags, late]);
    return said.split("\n").filter(Boolean);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * What another command says here, by the same settings and variables; nobody
 * reads on a terminal what went wrong.
 */
async function saidBy(
  argv: readonly string[],
  io: Io,
  services?: Services,
): Promise<string> {
  let said = "";
  const stdout: Io["stdout"] = {
    write(text, done) {
      said += text;
      done?.();
    },
  };
  const stderr: Io["stderr"] = { write: (_, done) => void done?.() };
  const env = io.variables ?? io.env;
  await services?.main?.({ ...io, argv, env, stdout, stderr }, services);
  return said;
}
