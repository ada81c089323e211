/** How an examination is made. */

import {
  CALL,
  either,
  FLAG,
  LIST,
  OBJECT,
  orFalse,
  type Rules,
  SIGNAL,
  TEXT,
  TIMEOUT,
} from "../image/options.ts";
import type { Warning } from "../image/events.ts";
import type { Mirror } from "../registry/mirrors/mirrors.ts";
import type { AllTlsOptions } from "../net/tls_settings.ts";
import type { CredentialProvider, Fetch, Platform } from "../image/types.ts";

/** How an examination is made: as the pull would be that it stands for. */
export interface DiagnoseOptions {
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
  /** Looks up logins. */
  credentials?: CredentialProvider;
  /** Whether to talk to the registry by plain HTTP. */
  plainHttp?: boolean;
  /**
   * Token servers, as `host` or `host:port`, that a login is sent to though
   * they speak plain HTTP or are at a private address.
   *
   * @default {[]}
   */
  trustedRealms?: readonly string[];
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
  /** Puts a warning in a sentence; without it, its code is taken. */
  explainWarning?: (warning: Warning) => string;
  /** Gives the warnings that have come elsewhere since it was asked last. */
  takeWarnings?: () => string[];
}

/** What those options may be. */
export const DIAGNOSE_RULES: Rules<DiagnoseOptions> = {
  fetch: CALL,
  proxy: CALL,
  tls: CALL,
  credentials: CALL,
  plainHttp: FLAG,
  trustedRealms: LIST,
  mirrors: LIST,
  trustMirrors: FLAG,
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
