/**
 * Examines all that a pull depends on, one step after the other, and reports
 * it in a way that may be shown to anyone.
 */

import { checkOptions } from "../image/options.ts";
import { formatPlatform } from "../image/platform_text.ts";
import type { Warning } from "../image/events.ts";
import { hostPlatform } from "../image/host_platform.ts";
import { toPlatform } from "../image/platform.ts";
import {
  formatReference,
  parseReference,
  type Reference,
} from "../image/reference.ts";
import { Secrets } from "../net/known_secrets.ts";
import { Examination } from "./examination.ts";
import { DIAGNOSE_RULES, type DiagnoseOptions } from "./options.ts";
import { Findings, type Report } from "./report.ts";

export type { DiagnoseOptions } from "./options.ts";
export type {
  CertificateDetails,
  Fact,
  FolderFact,
  GreetingDetails,
  ImageFact,
  RegistryFact,
  TokenDetails,
  ToldFact,
  WayFact,
} from "./facts.ts";
export type { Finding, Report, Step } from "./report.ts";

/** A report, and what to make of it. */
export interface Diagnosis {
  /** What was found, without secrets. */
  report: Report;
  /**
   * What the first problem was thrown as, where the image cannot be pulled. It
   * may hold what the report does not.
   */
  error?: unknown;
}

/**
 * Examines what a pull of an image depends on. No failure ends it; nothing is
 * written. An image that is found counts as one pull with its registry.
 *
 * @param reference The image.
 * @param options How.
 * @returns The report.
 * @throws {TypeError} For an option that there is not.
 * @throws {RangeError} For a value that an option cannot have.
 * @throws {InvalidReferenceError} If the reference is none.
 * @throws {InvalidPlatformError} If the platform is none.
 */
export async function diagnose(
  reference: string | Reference,
  options: DiagnoseOptions,
): Promise<Diagnosis> {
  checkOptions("examine", options, DIAGNOSE_RULES);
  const { platform, signal, now = Date.now, timeout = 10_000 } = options;
  const image = typeof reference === "string"
    ? parseReference(reference)
    : reference;
  const wantedPlatform = platform === undefined
    ? hostPlatform()
    : toPlatform(platform);
  const secrets = new Secrets();
  secrets.allow(formatReference(image));
  const explain = options.explain ??
    ((error) => error instanceof Error ? error.message : String(error));
  const explainWarning = options.explainWarning ??
    (({ code }: Warning) => code);
  const findings = new Findings(secrets, explain, explainWarning);
  await new Examination(image, wantedPlatform, findings, secrets, {
    ...options,
    timeout,
    now,
  }).run();
  signal?.throwIfAborted();
  const canPull = !findings.failed(
    "image",
    "platforms",
    "storage",
    "speed",
    "cache",
    "output",
  );
  return {
    report: {
      reference: formatReference(image),
      platform: formatPlatform(wantedPlatform),
      canPull,
      findings: findings.list,
    },
    error: canPull ? undefined : findings.firstError,
  };
}
