/** What the pull of one image and that of a set are given alike. */

import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { PullOptions } from "../../lib/copy/pull_options.ts";
import { ifThere } from "../../lib/disk/io.ts";
import { followOutput } from "../../lib/disk/output_path.ts";
import { StorageError } from "../../lib/image/errors.ts";
import { formatReference } from "../../lib/image/reference.ts";
import type { NamedBase } from "../access/base.ts";
import { credentialPathSettings } from "../access/credential_files.ts";
import type { Io } from "../io.ts";
import type { PullCommandOptions } from "./pull_options.ts";

/** What the library is given as it was said. */
export function transferOptions(
  options: Omit<PullCommandOptions, "format">,
): PullOptions {
  return {
    index: options.index,
    attestations: options.attestations,
    referrers: options.referrers,
    cacheDir: options.cacheDir,
    concurrency: options.concurrency,
    retries: options.retries,
    timeout: options.timeout,
    maxWait: options.maxWait,
    minSpeed: options.minSpeed,
    maxBytes: options.maxBytes,
    force: options.force,
    trustCache: options.trustCache,
    trustMirrors: options.trustMirrors,
  };
}

/**
 * What refuses images that are not signed, where they have to be.
 *
 * @param tell Is told who has signed.
 */
export async function acceptOf(
  { signature }: Pick<PullCommandOptions, "signature">,
  { env, os }: Pick<Io, "env" | "os">,
  tell: (line: string) => void,
): Promise<PullOptions["accept"]> {
  if (!signature) return undefined;
  const { openRequirement } = await import("../access/signatures.ts");
  const { signedLine } = await import("../messages/signatures.ts");
  const { neutralize } = await import("../progress/text.ts");
  const { home } = await credentialPathSettings(env, os);
  return await openRequirement(signature, home, ({ reference }, signatures) => {
    for (const each of signatures) tell(neutralize(signedLine(each)));
    // A policy may ask for nothing, as the one does that most machines have.
    if (signatures.length > 0) return;
    tell(
      `${formatReference(reference)}: nothing was verified: the policy lets ` +
        "in what is not signed",
    );
  });
}

/** What the target has, where that is named; nothing of it is asked yet. */
export async function haveOf(
  { have }: Pick<PullCommandOptions, "have">,
  io: Pick<Io, "env" | "os" | "stdin">,
): Promise<NamedBase | undefined> {
  if (have.length === 0) return undefined;
  const { nameBase } = await import("../access/base.ts");
  return await nameBase(have, "have", io);
}

/** The registries of what is wanted and of what is there, each once. */
export function allRegistries(
  registries: readonly string[],
  base: NamedBase | undefined,
): string[] {
  return [...new Set([...registries, ...base?.registries ?? []])];
}

/** In which form it is written. */
export function formOf(
  { format, for: program, layers, split, part }: PullCommandOptions,
): Pick<PullOptions, "format" | "for" | "layers" | "split" | "part"> {
  return {
    format: program ? undefined : format,
    for: program,
    layers,
    split,
    part,
  };
}

/** Whether the output is a folder that files go to, and no layout's own. */
export async function isOutputFolder(
  output: string,
  format: PullCommandOptions["format"],
): Promise<boolean> {
  return format !== "oci" &&
    (/[/\\]$/.test(output) || await isFolder(output));
}

/**
 * An output as it was typed.
 *
 * @throws {StorageError} If the folder that it would be in is not there.
 */
export async function checkedOutput(
  output: string,
  format: PullCommandOptions["format"],
): Promise<string> {
  // A link to where nothing is yet leads into a folder, too.
  const folder = dirname(
    format === "oci" ? output : await followOutput(output),
  );
  if (!await isFolder(folder)) {
    throw new StorageError("write to", folder, "ENOENT");
  }
  return output;
}

/** One file or layout for all, or a folder for one each. */
export async function whereTo(
  { output, format }: PullCommandOptions,
): Promise<{ output?: string; folder?: string }> {
  if (output === undefined) return {};
  return await isOutputFolder(output, format)
    ? { folder: output }
    : { output: await checkedOutput(output, format) };
}

async function isFolder(path: string): Promise<boolean> {
  const found = await ifThere("write", path, () => stat(path));
  return found?.isDirectory() ?? false;
}
