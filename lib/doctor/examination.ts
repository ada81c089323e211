/** The steps of an examination, in their order. */

import { distinct, totalSize } from "../image/descriptors.ts";
import type { OnEvent } from "../image/events.ts";
import { type Reference, registryHost } from "../image/reference.ts";
import type { Secrets } from "../net/known_secrets.ts";
import { HttpClient } from "../net/http.ts";
import { openRepository } from "../registry/mirrors/mirrors.ts";
import { parseProxy } from "../net/proxy.ts";
import { tlsSettings } from "../net/tls_settings.ts";
import type { CredentialProvider, Fetch, Platform } from "../image/types.ts";
import { examineName, examineProxy, examineTls } from "./connection.ts";
import { examineFolder } from "./folder.ts";
import { examineBlobs, examineImage } from "./image.ts";
import { examineMirrors } from "./mirrors.ts";
import type { ExaminationOptions } from "./options.ts";
import {
  examineClock,
  examineGreeting,
  examineLogin,
  examineToken,
  greet,
} from "./registry.ts";
import type { Findings } from "./report.ts";
import { examineLimit, Traffic } from "./traffic.ts";

/** One examination, which is run once. */
export class Examination {
  readonly #image: Reference;
  readonly #platform: Platform;
  readonly #findings: Findings;
  readonly #options: ExaminationOptions;
  readonly #traffic = new Traffic();
  readonly #fetch: Fetch;
  readonly #credentials: CredentialProvider | undefined;
  readonly #secrets: Secrets;

  /** Nothing is examined yet. */
  constructor(
    image: Reference,
    wantedPlatform: Platform,
    findings: Findings,
    secrets: Secrets,
    options: ExaminationOptions,
  ) {
    this.#image = image;
    this.#platform = wantedPlatform;
    this.#findings = findings;
    this.#options = options;
    this.#secrets = secrets;
    this.#fetch = this.#traffic.watch(
      secrets.watch(options.fetch),
      registryHost(image.registry),
    );
    this.#credentials = options.credentials &&
      secrets.watchCredentials(options.credentials);
  }

  /** Examines all; what is found goes to the findings. */
  async run(): Promise<void> {
    const { cacheDir = "docker_images_cache", outputDir = "." } = this.#options;
    await this.#registry();
    const needed = await this.#content();
    if (cacheDir === false) this.#findings.ok("cache", { code: "no-cache" });
    else await examineFolder("cache", cacheDir, needed, this.#findings);
    await examineFolder("output", outputDir, needed, this.#findings);
  }

  /** The way to the registry, and what it wants. */
  async #registry(): Promise<void> {
    const { registry, repository } = this.#image;
    const { plainHttp, timeout, now, signal, proxy, tls } = this.#options;
    const findings = this.#findings;
    const options = {
      findings,
      http: new HttpClient({ fetch: this.#fetch, retries: 0, timeout, now }),
      registry,
      repository,
      credentials: this.#credentials,
      plainHttp,
      trustedRealms: this.#options.trustedRealms,
      signal,
    };
    // The first request finds out whether a loopback address speaks TLS.
    const greeting = await greet(options);
    const { url } = greeting;
    const text = proxy?.(url);
    if (text !== undefined) this.#secrets.learnAddress(text);
    const chosen = text === undefined
      ? undefined
      // deno-lint-ignore require-await
      : await findings.attempt("proxy", async () => parseProxy(text), signal);
    const proxySettings = tls && chosen?.kind === "https"
      ? tlsSettings(await tls())(chosen.url).node
      : undefined;
    const way = {
      findings,
      url,
      timeout,
      now,
      proxy: chosen,
      proxySettings,
      signal,
    };
    if (!findings.failed("proxy")) {
      examineProxy(way);
      await examineName(way);
      // Without an address there is nobody to speak to.
      if (!findings.failed("name")) await examineTls(way);
    }
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
        const { warning } = event;
        findings.warning("warning", warning, { code: warning.code });
      }
    };
    const settings = {
      fetch: this.#fetch,
      retries: 1,
      timeout,
      now,
      onEvent,
      credentials: this.#credentials,
      plainHttp,
      trustedRealms: this.#options.trustedRealms,
      mirrors,
      trustMirrors,
    };
    const options = {
      findings,
      source: openRepository(this.#image, settings),
      host: registryHost(this.#image.registry),
      wantedPlatform: this.#platform,
      platformWasNamed: this.#options.platform !== undefined,
      timeout,
      onEvent,
      signal,
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
    return totalSize(distinct(layers));
  }

  #tellWarnings(): void {
    for (const words of this.#options.takeWarnings?.() ?? []) {
      this.#findings.note("warning", { code: "warning", words });
    }
  }
}
