/** How an image is pulled: what a caller may say, and what it may be. */

import type { OnEvent } from "../image/events.ts";
import {
  CALL,
  either,
  FLAG,
  OBJECT,
  oneOf,
  orFalse,
  type Rules,
  SIGNAL,
  STREAM,
  TEXT,
} from "../image/options.ts";
import type { Fetch, Platform } from "../image/types.ts";
import type { Format, Layers } from "./forms.ts";
import type { Lookup } from "../registry/auth/realm.ts";
import {
  ACCESS_RULES,
  type RegistryAccess,
} from "../registry/mirrors/options.ts";
import {
  TRANSFER_POLICY_RULES,
  type TransferPolicy,
} from "../transfer/policy.ts";

/** How an image is pulled. */
export interface PullOptions extends TransferPolicy, RegistryAccess {
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
   *
   * Or a stream, which gets the archive's bytes in order, each layer once it is
   * verified. It is closed when all of them are there, and aborted where they
   * never will be.
   */
  output?: string | WritableStream<Uint8Array>;
  /**
   * What is written: `tar`, one archive for `docker load` and others; `oci`, a
   * folder that is an OCI image layout; `oci-archive`, a layout in a tar; or
   * `docker-legacy`, an archive as of `docker save` before Docker 25. A layout
   * that is there is added to, and blobs in the cache become part of it without
   * a copy.
   *
   * @default {"tar"}
   */
  format?: Format;
  /**
   * How layers are compressed in what is written: as they are, not at all
   * (`plain`), with gzip or with zstd. What is in them is verified then. The
   * image's ID stays, and its manifest is another, which tells the digest of
   * each layer as it was.
   *
   * @default {"as-is"} `plain` in the form `docker-legacy`, which knows nothing
   * else.
   */
  layers?: Layers;
  /**
   * The folder of the cache, or `false` for none.
   *
   * @default {"docker_images_cache"}
   */
  cacheDir?: string | false;
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
  /** Milliseconds since 1970; for tests. */
  now?: () => number;
  /** Looks up the addresses of a name; for tests. */
  lookup?: Lookup;
}

/** What those options may be. */
export const PULL_RULES: Rules<PullOptions> = {
  ...TRANSFER_POLICY_RULES,
  ...ACCESS_RULES,
  platform: either(TEXT, OBJECT),
  output: either(TEXT, STREAM),
  format: oneOf("tar", "oci", "oci-archive", "docker-legacy"),
  layers: oneOf("as-is", "plain", "gzip", "zstd"),
  cacheDir: orFalse(TEXT),
  signal: SIGNAL,
  onEvent: CALL,
  fetch: CALL,
  force: FLAG,
  trustCache: FLAG,
  now: CALL,
  lookup: CALL,
};
