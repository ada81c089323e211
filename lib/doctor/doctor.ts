/**
 * Examines all that a pull depends on, one step after the other, and reports
 * it in a way that may be shown to anyone.
 */

import process from "node:process";
import { platformText } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import { normalizePlatform, parsePlatform } from "../platform.ts";
import {
  formatReference,
  parseReference,
  type Reference,
  registryHost,
} from "../reference.ts";
import { HttpClient } from "../registry/http.ts";
import { type Mirror, openRepository } from "../registry/mirrors.ts";
import type { CredentialProvider, Fetch, Platform } from "../types.ts";
import { examineName, examineProxy, examineTls } from "./connection.ts";
import { examineFolder } from "./folder.ts";
import { examineBlobs, examineImage, imageSize } from "./image.ts";
import { examineMirrors } from "./mirrors.ts";
import {
  examineClock,
  examineGreeting,
  examineLogin,
  examineToken,
  greet,
} from "./registry.ts";
import { Findings, type Report } from "./report.ts";
import { Scrubber } from "./scrub.ts";
import { examineLimit, Traffic } from "./traffic.ts";

/** How an examination is made: as the pull would be that it stands for. */
export interface DiagnoseOptions {
  /** What sends the requests. */
  fetch: Fetch;
  /** Which proxy an address is reached by, if any, with its login. */
  proxy?: (url: URL) => string | undefined;
  /** Looks up logins. */
  credentials?: CredentialProvider;
  /** Whether to talk to the registry by plain HTTP. */
  plainHttp?: boolean;
  /**
   * The mirrors.
   *
   * @default {[]}
   */
  mirrors?: readonly Mirror[];
  /**
   * Whether mirrors are believed about tags.
   *
   * @default {false}
   */
  trustMirrors?: boolean;
  /** The platform; without it, Linux on this machine's processor. */
  platform?: string | Platform;
  /**
   * The folder of the cache, or `false` for none.
   *
   * @default {"docker_images_cache"}
   */
  cacheDir?: string | false;
  /**
   * The folder that the archive would be written to.
   *
   * @default {"."}
   */
  outputDir?: string;
  /**
   * Milliseconds that each request may take to be answered.
   *
   * @default {10_000}
   */
  timeout?: number;
  /** Ends it; its reason is thrown. */
  signal?: AbortSignal;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
  /** Puts an error in a sentence; without it, its message is taken. */
  explain?: (error: unknown) => string;
  /** Gives the warnings that have come elsewhere since it was asked last. */
  takeWarnings?: () => string[];
}

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
 * @throws {InvalidReferenceError} If the reference is none.
 * @throws {InvalidPlatformError} If the platform is none.
 */
export async function diagnose(
  reference: string | Reference,
  options: DiagnoseOptions,
): Promise<Diagnosis> {
  const { platform, signal, now = Date.now, timeout = 10_000 } = options;
  const image = typeof reference === "string"
    ? parseReference(reference)
    : reference;
  const wanted = typeof platform === "string"
    ? parsePlatform(platform)
    : normalizePlatform(
      platform ?? { os: "linux", architecture: process.arch },
    );
  const scrubber = new Scrubber();
  const explain = options.explain ??
    ((error) => error instanceof Error ? error.message : String(error));
  const findings = new Findings(scrubber, explain);
  await new Examination(image, wanted, findings, scrubber, {
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
      platform: platformText(wanted),
      canPull,
      findings: findings.list,
    },
    ...(!canPull && { error: findings.firstError }),
  };
}

class Examination {
  readonly #image: Reference;
  readonly #wanted: Platform;
  readonly #findings: Findings;
  readonly #options: DiagnoseOptions & { timeout: number; now: () => number };
  readonly #traffic = new Traffic();
  readonly #fetch: Fetch;
  readonly #credentials: CredentialProvider | undefined;
  readonly #scrubber: Scrubber;

  constructor(
    image: Reference,
    wanted: Platform,
    findings: Findings,
    scrubber: Scrubber,
    options: DiagnoseOptions & { timeout: number; now: () => number },
  ) {
    this.#image = image;
    this.#wanted = wanted;
    this.#findings = findings;
    this.#options = options;
    this.#scrubber = scrubber;
    this.#fetch = this.#traffic.watch(
      scrubber.watch(options.fetch),
      registryHost(image.registry),
    );
    this.#credentials = options.credentials &&
      scrubber.watchCredentials(options.credentials);
  }

  async run(): Promise<void> {
    const { cacheDir = "docker_images_cache", outputDir = "." } = this.#options;
    await this.#registry();
    const needed = await this.#content();
    if (cacheDir === false) this.#findings.ok("cache", "No cache is used");
    else {
      const what = "The cache folder";
      await examineFolder("cache", what, cacheDir, needed, this.#findings);
    }
    const what = "The archive's folder";
    await examineFolder("output", what, outputDir, needed, this.#findings);
  }

  /** The way to the registry, and what it wants. */
  async #registry(): Promise<void> {
    const { registry, repository } = this.#image;
    const { plainHttp, timeout, now, signal, proxy } = this.#options;
    const findings = this.#findings;
    const options = {
      findings,
      http: new HttpClient({ fetch: this.#fetch, retries: 0, timeout, now }),
      registry,
      repository,
      ...(this.#credentials && { credentials: this.#credentials }),
      ...(plainHttp !== undefined && { plainHttp }),
      ...(signal && { signal }),
    };
    // The first request finds out whether a loopback address speaks TLS.
    const greeting = await greet(options);
    const { url } = greeting;
    const chosen = proxy?.(url);
    if (chosen !== undefined) this.#scrubber.learnProxy(chosen);
    const way = {
      findings,
      url,
      timeout,
      now,
      ...(chosen !== undefined && { proxy: chosen }),
      ...(signal && { signal }),
    };
    examineProxy(way);
    await examineName(way);
    // Without an address there is nobody to speak to.
    if (!findings.failed("name")) await examineTls(way);
    const challenge = examineGreeting(options, greeting);
    examineClock(options, greeting);
    const found = await examineLogin(options);
    this.#tellWarnings();
    if (challenge) await examineToken(options, url, challenge, found);
  }

  /** The image; returns the bytes that it takes on the disk. */
  async #content(): Promise<number> {
    const { plainHttp, timeout, now, signal, mirrors, trustMirrors } =
      this.#options;
    const findings = this.#findings;
    const onEvent: OnEvent = (event) => {
      // The limit is told of below, whatever is left.
      if (event.type === "warning" && event.warning.code !== "rate-limit") {
        findings.note("warning", event.warning.message, {
          code: event.warning.code,
        });
      }
    };
    const settings = {
      fetch: this.#fetch,
      retries: 1,
      timeout,
      now,
      onEvent,
      ...(this.#credentials && { credentials: this.#credentials }),
      ...(plainHttp !== undefined && { plainHttp }),
      ...(mirrors && { mirrors }),
      ...(trustMirrors !== undefined && { trustMirrors }),
    };
    const options = {
      findings,
      source: openRepository(this.#image, settings),
      host: registryHost(this.#image.registry),
      wanted: this.#wanted,
      explicit: this.#options.platform !== undefined,
      timeout,
      onEvent,
      ...(signal && { signal }),
    };
    const documents = await examineImage(this.#image, options);
    this.#tellWarnings();
    const layers = documents?.parsed.layers ?? [];
    const { limit } = this.#traffic;
    if (documents || limit) {
      examineLimit(findings, this.#image.registry, limit);
    }
    if (documents) await examineBlobs(layers, options);
    await examineMirrors(
      this.#image,
      documents?.resolved.digest,
      { ...settings, onEvent: undefined, mirrors: mirrors ?? [] },
      findings,
      signal,
    );
    return imageSize(layers);
  }

  #tellWarnings(): void {
    for (const message of this.#options.takeWarnings?.() ?? []) {
      this.#findings.note("warning", message);
    }
  }
}
