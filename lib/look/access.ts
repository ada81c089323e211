/** How images are looked at: what reaches a registry, and nothing of layers. */

import type { OnEvent } from "../image/events.ts";
import { CALL, type Rules, SIGNAL } from "../image/options.ts";
import type { Fetch } from "../image/types.ts";
import { HTTP_RULES, type HttpOptions } from "../net/http_options.ts";
import {
  ACCESS_RULES,
  type RegistryAccess,
} from "../registry/mirrors/options.ts";

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
