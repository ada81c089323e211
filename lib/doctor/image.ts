/** The image: its documents, and a first megabyte of its largest layer. */

import { distinct, totalSize } from "../image/descriptors.ts";
import { NetworkError, PlatformNotFoundError } from "../image/errors.ts";
import { formatPlatform } from "../image/platform_text.ts";
import type { OnEvent } from "../image/events.ts";
import { parseIndex } from "../image/manifest.ts";
import { isIndex } from "../image/media_types.ts";
import { isAttestation, normalizePlatform } from "../image/platform.ts";
import { type ImageDocuments, imageDocuments } from "../copy/sets/documents.ts";
import type { Reference } from "../image/reference.ts";
import type { ImageSource } from "../image/image_source.ts";
import { toNetworkError } from "../net/network_error.ts";
import type { BlobBody, Descriptor, Platform } from "../image/types.ts";
import type { Findings } from "./report.ts";

/** What an image is examined with. */
export interface ImageOptions {
  /** Where findings go. */
  findings: Findings;
  /** Where it comes from. */
  source: ImageSource;
  /** The host that is asked for it. */
  host: string;
  /** The platform that is wanted. */
  wantedPlatform: Platform;
  /** Whether the user asked for that platform in so many words. */
  platformWasNamed: boolean;
  /** Milliseconds that the reading may take. */
  timeout: number;
  /** Takes warnings. */
  onEvent: OnEvent;
  /** Ends it all. */
  signal?: AbortSignal;
}

/** Fetches the documents. */
export async function examineImage(
  reference: Reference,
  options: ImageOptions,
): Promise<ImageDocuments | undefined> {
  const {
    findings,
    source,
    wantedPlatform,
    platformWasNamed,
    onEvent,
    signal,
  } = options;
  const name = reference.digest ?? reference.tag!;
  const start = performance.now();
  const documents = await findings.attempt("image", async () => {
    await source.resolve(name, { signal });
    try {
      return await imageDocuments(reference, {
        source,
        wantedPlatform,
        platformWasNamed,
        pulledBefore: false,
        onEvent,
        signal,
      });
    } catch (error) {
      if (!(error instanceof PlatformNotFoundError)) throw error;
      const available = error.available.map(formatPlatform);
      findings.problem("platforms", error, { available });
      return undefined;
    }
  }, signal);
  const time = Math.round(performance.now() - start);
  if (documents === undefined) return undefined;
  const { resolved, parsed } = documents;
  const size = totalSize(distinct(parsed.layers));
  const { digest } = resolved;
  findings.ok("image", {
    code: "image",
    subject: name,
    details: { digest, layers: parsed.layers.length, size, time },
  });
  await findings.attempt(
    "platforms",
    () => examinePlatforms(options, documents),
    signal,
  );
  return documents;
}

async function examinePlatforms(
  { findings, source, signal }: ImageOptions,
  { resolved, platform }: ImageDocuments,
): Promise<void> {
  const chosen = formatPlatform(platform);
  if (!isIndex(resolved.mediaType)) {
    findings.ok("platforms", {
      code: "one-platform",
      details: { available: [chosen], chosen },
    });
    return;
  }
  const index = await source.fetchManifest(resolved, { signal });
  const available = parseIndex(index).manifests
    .filter((entry) => entry.platform && !isAttestation(entry))
    .map((entry) => formatPlatform(normalizePlatform(entry.platform!)));
  findings.ok("platforms", {
    code: "platforms",
    details: { available, chosen },
  });
}

const MEGABYTE = 1024 * 1024;

/**
 * Reads the beginning of the largest layer: that shows where blobs are,
 * whether ranges work, and how fast they come.
 */
export async function examineBlobs(
  layers: Descriptor[],
  options: ImageOptions,
): Promise<void> {
  const { findings, source, timeout, signal } = options;
  const layer = layers.toSorted((a, b) => b.size - a.size)[0];
  if (layer === undefined || layer.size < 2) {
    findings.note("storage", { code: "no-layer" });
    return;
  }
  // Always a part, even of a small one, so that it takes a range.
  const end = Math.min(MEGABYTE, layer.size - 1);
  const limit = new AbortController();
  const both = signal ? AbortSignal.any([signal, limit.signal]) : limit.signal;
  const start = performance.now();
  const body = await findings.attempt(
    "storage",
    () => source.fetchBlob(layer, { offset: 0, end, signal: both }),
    signal,
  );
  if (body === undefined) return;
  tellOfStorage(body, options);
  const silence = () =>
    limit.abort(
      new NetworkError(`https://${body.host}/`, "timeout", {
        code: "silence",
        duration: timeout,
      }),
    );
  await findings.attempt("speed", async () => {
    const waited = Math.round(performance.now() - start);
    const { bytes, time } = await readFor(body, end, timeout, silence, both);
    const rate = Math.round(bytes * 1000 / Math.max(1, time));
    findings.ok("speed", {
      code: "speed",
      details: { bytes, time: Math.round(time), rate, waited },
    });
  }, signal);
}

function tellOfStorage(
  { host, partial }: BlobBody,
  { findings, host: registry }: ImageOptions,
): void {
  const redirected = host !== registry;
  findings.ok("storage", {
    code: redirected ? "storage-elsewhere" : "storage",
    details: { host, redirected },
  });
  if (partial) {
    findings.ok("ranges", { code: "ranges", details: { ranges: true } });
  } else {
    findings.note("ranges", { code: "no-ranges", details: { ranges: false } });
  }
}

/** Reads so many bytes, or as many as come within the time. */
async function readFor(
  { body, host }: BlobBody,
  mostBytes: number,
  timeout: number,
  silence: () => void,
  signal: AbortSignal,
): Promise<{ bytes: number; time: number }> {
  const reader = body.getReader();
  const start = performance.now();
  let bytes = 0;
  let over = false;
  const timer = setTimeout(() => {
    over = true;
    if (bytes === 0) silence();
    void reader.cancel().catch(() => {});
  }, timeout);
  try {
    while (bytes < mostBytes) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
    }
  } catch (error) {
    if (!over || bytes === 0) {
      throw toNetworkError(error, `https://${host}/`, signal);
    }
  } finally {
    clearTimeout(timer);
    await reader.cancel().catch(() => {});
  }
  if (bytes === 0) {
    signal.throwIfAborted();
    throw new NetworkError(`https://${host}/`, "truncated", "empty");
  }
  return { bytes, time: performance.now() - start };
}
