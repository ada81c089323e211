/** What a pull, a copy or a load has brought, as JSON has it. */

import type {
  PullFailure,
  PullResult,
  PullStatistics,
} from "../../lib/copy/pull_result.ts";
import { formatPlatform } from "../../lib/image/platform_text.ts";
import { formatReference } from "../../lib/image/reference.ts";
import { explainError } from "./errors.ts";
import type { ErrorContext } from "./explanation.ts";

/** The version of what `--json` prints. */
const JSON_VERSION = 1;

/** A document with what every one has: its version, and the exit code. */
export function completeDocument(
  document: object,
  exitCode: number,
): Record<string, unknown> {
  return { version: JSON_VERSION, ...document, exitCode };
}

/** What is told of an error: for programs its name and code, and in words. */
export function errorDocument(
  error: unknown,
  context: ErrorContext,
): Record<string, unknown> {
  const { sentence, hint, code: exitCode } = explainError(error, context);
  const { name, code } = error instanceof Error
    ? error as Error & { code?: unknown }
    : { name: "Error", code: undefined };
  return {
    name,
    code: typeof code === "string" ? code : undefined,
    message: sentence,
    hint,
    exitCode,
  };
}

/** What is told of an image that cannot be had. */
export function failureDocument(
  { failure, context }: { failure: PullFailure; context: ErrorContext },
): Record<string, unknown> {
  const { reference, platform, from, error } = failure;
  return {
    reference: formatReference(reference),
    platform: platform && formatPlatform(platform),
    from,
    error: errorDocument(error, context),
  };
}

/** All of a failed command. */
export function failedDocument(
  error: unknown,
  context: ErrorContext,
): Record<string, unknown> {
  const told = errorDocument(error, context);
  return { version: JSON_VERSION, error: told, exitCode: told.exitCode };
}

/** What has come; sizes in bytes, times in milliseconds. */
export function pullDocument(
  results: readonly PullResult[],
  { statistics, failures = [], unwritten }: {
    statistics?: PullStatistics;
    failures?: readonly { failure: PullFailure; context: ErrorContext }[];
    unwritten?: string;
  } = {},
): Record<string, unknown> {
  const counted = statistics ?? (results.length === 1 ? results[0] : undefined);
  return {
    results: results.map(resultDocument),
    failures: failures.map(failureDocument),
    unwritten,
    statistics: counted && statisticsDocument(counted),
  };
}

function resultDocument(result: PullResult): Record<string, unknown> {
  const { reference, digest, named, images, path, size, upToDate } = result;
  return {
    reference: formatReference(reference),
    digest,
    named: named?.digest,
    images: (images ?? [result]).map(({ manifest, imageId, platform }) => ({
      platform: formatPlatform(platform),
      digest: manifest.digest,
      imageId,
    })),
    path,
    size,
    delta: result.delta,
    upToDate,
  };
}

function statisticsDocument(
  { layers, cachedLayers, downloaded, saved, resumed, elapsed, downloadTime }:
    PullStatistics,
): PullStatistics {
  return {
    layers,
    cachedLayers,
    downloaded,
    saved,
    resumed,
    elapsed: Math.round(elapsed),
    downloadTime: Math.round(downloadTime),
  };
}
