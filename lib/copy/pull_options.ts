/** How an image is pulled: what a caller may say, and what it may be. */

import type { OnEvent } from "../image/events.ts";
import {
  CALL,
  CONCURRENCY,
  either,
  FLAG,
  LIST,
  MAX_WAIT,
  MIN_SPEED,
  OBJECT,
  oneOf,
  orFalse,
  RETRIES,
  type Rules,
  SIGNAL,
  TEXT,
  TIMEOUT,
} from "../image/options.ts";
import type { CredentialProvider, Fetch, Platform } from "../image/types.ts";
import type { Lookup } from "../registry/auth/realm.ts";
import type { Mirror } from "../registry/mirrors/mirrors.ts";

/** How an image is pulled. */
export interface PullOptions {
  /**
   * The platform, such as `linux/arm64`; without it, Linux on this machine's
   * processor.
   */
  platform?: string | Platform;
  /**
   * The archive's path; without it, `{registry}_{repository}_{tag}.tar` in
   * the current folder, or the same without `.tar` for a folder. A link is
   * followed; a device is refused, and so is anything in `/dev`, `/proc` and
   * `/sys`.
   */
  output?: string;
  /**
   * What is written: `tar`, one archive for `docker load` and others, or
   * `oci`, a folder that is an OCI image layout. One that is there is added
   * to, and blobs in the cache become part of it without a copy.
   *
   * @default {"tar"}
   */
  format?: "tar" | "oci";
  /**
   * The folder of the cache, or `false` for none.
   *
   * @default {"docker_images_cache"}
   */
  cacheDir?: string | false;
  /**
   * The number of connections that fetch layers.
   *
   * @default {3}
   */
  concurrency?: number;
  /** Ends the pull; it then throws the signal's reason. */
  signal?: AbortSignal;
  /** Told what goes on. */
  onEvent?: OnEvent;
  /**
   * What sends the requests, such as that of a {@linkcode createTransport}
   * with certificates or a proxy.
   *
   * @default {undefined} A transport of its own, without either.
   */
  fetch?: Fetch;
  /** Looks up logins; without it, everything is asked for without one. */
  credentials?: CredentialProvider;
  /**
   * Whether to talk to the registry by plain HTTP.
   *
   * @default {undefined} https, but for this machine's own addresses, where
   * the first request finds out.
   */
  plainHttp?: boolean;
  /**
   * Token servers, as `host` or `host:port`, that a login is sent to though
   * they speak plain HTTP or are at a private address.
   *
   * @default {[]}
   */
  trustedRealms?: readonly string[];
  /**
   * Other places to pull from, by registry, which are asked first. What they
   * send counts only when its digest is right.
   *
   * @default {[]}
   */
  mirrors?: readonly Mirror[];
  /**
   * Whether mirrors are believed about what a tag names; without it, the
   * registry itself is asked first, and they only where it does not answer.
   *
   * @default {false}
   */
  trustMirrors?: boolean;
  /**
   * How often a request is tried again without a byte gained.
   *
   * @default {5}
   */
  retries?: number;
  /**
   * Milliseconds without a byte after which a request is made anew.
   *
   * @default {30_000}
   */
  timeout?: number;
  /**
   * The longest wait, in milliseconds, that a server may ask for before
   * another try; where it asks for more, the pull has failed.
   *
   * @default {60_000}
   */
  maxWait?: number;
  /**
   * Bytes a second, shared by the connections, that are needed over twice the
   * `timeout`: a connection that brings fewer is given up as if it were
   * silent. With 0, any number of bytes will do.
   *
   * @default {1_000}
   */
  minSpeed?: number;
  /**
   * Whether to write the archive even if it is there and unchanged, or a file
   * is there that is no image archive; and a layout even into a folder of
   * other things.
   *
   * @default {false}
   */
  force?: boolean;
  /**
   * Whether to take layers from the cache without computing their digests.
   *
   * @default {false}
   */
  trustCache?: boolean;
  /**
   * Whether threads fetch, write and hash: however little there is to do, or
   * not at all.
   *
   * @default {undefined} Where there is enough to do for them.
   */
  threads?: boolean;
  /** Waits before another try; for tests. */
  sleep?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** Milliseconds since 1970; for tests. */
  now?: () => number;
  /** Looks up the addresses of a name; for tests. */
  lookup?: Lookup;
}

/** What those options may be. */
export const PULL_RULES: Rules<PullOptions> = {
  platform: either(TEXT, OBJECT),
  output: TEXT,
  format: oneOf("tar", "oci"),
  cacheDir: orFalse(TEXT),
  concurrency: CONCURRENCY,
  signal: SIGNAL,
  onEvent: CALL,
  fetch: CALL,
  credentials: CALL,
  plainHttp: FLAG,
  trustedRealms: LIST,
  mirrors: LIST,
  trustMirrors: FLAG,
  retries: RETRIES,
  timeout: TIMEOUT,
  maxWait: MAX_WAIT,
  minSpeed: MIN_SPEED,
  force: FLAG,
  trustCache: FLAG,
  threads: FLAG,
  sleep: CALL,
  now: CALL,
  lookup: CALL,
};
