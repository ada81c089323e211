/** How images are looked at: what reaches a registry, and nothing of layers. */

import type { OnEvent } from "../image/events.ts";
import type { ImageSource } from "../image/image_source.ts";
import { CALL, pickOptions, type Rules, SIGNAL } from "../image/options.ts";
import type { Reference } from "../image/reference.ts";
import type { Fetch } from "../image/types.ts";
import { HTTP_RULES, type HttpOptions } from "../net/http_options.ts";
import { createTransport } from "../net/transport.ts";
import {
  ACCESS_RULES,
  MIRROR_RULES,
  type MirrorOptions,
  type RegistryAccess,
} from "../registry/mirrors/options.ts";
import { openRepository } from "../registry/mirrors/mirrors.ts";

/** How a registry is asked. */
export interface LookOptions
  extends RegistryAccess, Pick<HttpOptions, "retries" | "timeout" | "maxWait"> {
  /**
   * What sends the requests, such as that of a {@linkcode createTransport}.
   *
   * @default {undefined} A transport of its own.
   */
  fetch?: Fetch;
  /** Ends it; the signal's reason is thrown then. */
  signal?: AbortSignal;
  /** Told of warnings, and of requests that are made again. */
  onEvent?: OnEvent;
}

/** What those options may be. */
export const LOOK_RULES: Rules<LookOptions> = {
  ...ACCESS_RULES,
  retries: HTTP_RULES.retries,
  timeout: HTTP_RULES.timeout,
  maxWait: HTTP_RULES.maxWait,
  fetch: CALL,
  signal: SIGNAL,
  onEvent: CALL,
};

/** Opens a repository with the options of a look at it. */
export function openSource(
  reference: Reference,
  options: LookOptions,
  fetch: Fetch,
): ImageSource {
  const { onEvent } = options;
  return openRepository(
    reference,
    pickOptions<MirrorOptions>({ ...options, fetch, onEvent }, MIRROR_RULES),
  );
}

/** Does something with what sends requests: the caller's, or one of its own. */
export async function withFetch<T>(
  fetch: Fetch | undefined,
  work: (fetch: Fetch) => Promise<T>,
): Promise<T> {
  if (fetch) return await work(fetch);
  const transport = createTransport();
  try {
    return await work(transport.fetch);
  } finally {
    transport.close();
  }
}
