/** How an examination is made. */

import {
  CALL,
  either,
  OBJECT,
  orFalse,
  type Rules,
  SIGNAL,
  TEXT,
  TIMEOUT,
} from "../image/options.ts";
import type { Warning } from "../image/events.ts";
import {
  ACCESS_RULES,
  type RegistryAccess,
} from "../registry/mirrors/options.ts";
import type { AllTlsOptions } from "../net/tls_settings.ts";
import type { Fetch, Platform } from "../image/types.ts";

/** How an examination is made: as the pull would be that it stands for. */
export interface DiagnoseOptions extends RegistryAccess {
  /** What sends the requests. */
  fetch: Fetch;
  /** Which proxy an address is reached by, if any, with its login. */
  proxy?: (url: URL) => string | undefined;
  /**
   * Says which certificates are trusted. It is asked where a proxy is reached
   * over TLS: the look at a registry's certificate leads through it.
   *
   * @default {undefined} The runtime's own are.
   */
  tls?: () => Promise<AllTlsOptions>;
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
  /** Puts a warning in a sentence; without it, its code is taken. */
  explainWarning?: (warning: Warning) => string;
  /** Gives the warnings that have come elsewhere since it was asked last. */
  takeWarnings?: () => string[];
}

/** What those options may be. */
export const DIAGNOSE_RULES: Rules<DiagnoseOptions> = {
  ...ACCESS_RULES,
  fetch: CALL,
  proxy: CALL,
  tls: CALL,
  platform: either(TEXT, OBJECT),
  cacheDir: orFalse(TEXT),
  outputDir: TEXT,
  timeout: TIMEOUT,
  signal: SIGNAL,
  now: CALL,
  explain: CALL,
  explainWarning: CALL,
  takeWarnings: CALL,
};

/** The same, with the defaults filled in that several steps need. */
export interface ExaminationOptions extends DiagnoseOptions {
  /** Milliseconds that each request may take to be answered. */
  timeout: number;
  /** The clock, in milliseconds since 1970. */
  now: () => number;
}
