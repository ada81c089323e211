/** How an image is pulled: what a caller may say, and what it may be. */

import type { Base } from "../image/delta.ts";
import type { OnEvent } from "../image/events.ts";
import type { LockedImage } from "../image/locked_image.ts";
import {
  CALL,
  either,
  FLAG,
  LEAST_PART_BYTES,
  MOST_PARTS,
  numberFrom,
  OBJECT,
  oneOf,
  orFalse,
  type Rules,
  SIGNAL,
  STREAM,
  TEXT,
  wholeFrom,
} from "../image/options.ts";
import type { Reference } from "../image/reference.ts";
import type { ImageSource } from "../image/image_source.ts";
import type { Document, Fetch, Platform } from "../image/types.ts";
import type { Format, Layers } from "./forms.ts";
import { LOADERS, type LoadingProgram } from "./loaders.ts";
import type { Lookup } from "../registry/auth/realm.ts";
import {
  ACCESS_RULES,
  type RegistryAccess,
} from "../registry/mirrors/options.ts";
import {
  TRANSFER_POLICY_RULES,
  type TransferPolicy,
} from "../transfer/policy.ts";

/** Which platforms are asked for: one, several, or all. */
export type Platforms = string | Platform | readonly (string | Platform)[];

/** An image of which nothing but the documents has come yet. */
export interface OfferedImage {
  /** What was asked for. */
  reference: Reference;
  /** What that names: a manifest or an index, as it is served. */
  top: Document;
  /** The manifests of the platforms that are wanted of it. */
  manifests: readonly Document[];
  /** Where it can be had, and what refers to it. */
  source: ImageSource;
  /** Ends what is asked of that. */
  signal?: AbortSignal;
}

/** Refuses an image by throwing. */
export type Accept = (image: OfferedImage) => Promise<void>;

/** How an image is pulled. */
export interface PullOptions extends TransferPolicy, RegistryAccess {
  /**
   * The platform, such as `linux/arm64`; a list of several, or `"all"` that
   * there are. Without it, Linux on this machine's processor.
   */
  platform?: Platforms;
  /**
   * What a name stands for where it is not one image alone: `pruned`, an index
   * of what is there, or `original`, the index as its registry has it, with the
   * manifests of all platforms and the layers of those that were asked for.
   *
   * @default {undefined} The manifest of one platform, and `pruned` of several.
   */
  index?: "pruned" | "original";
  /**
   * Whether what is attested of an image, such as its provenance, is kept.
   *
   * @default {false}
   */
  attestations?: boolean;
  /**
   * Whether what refers to an image goes along: its signatures, lists of
   * software and provenance, and the index as it was signed. Layers stay as they
   * are then, and the form is not `docker-legacy`.
   *
   * @default {false}
   */
  referrers?: boolean;
  /**
   * Refuses an image by throwing, before any of its layers is asked for; such
   * as what {@linkcode requireSignature} makes.
   */
  accept?: Accept;
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
   * The program that is to load it, in place of `format`: it gets the form and
   * the compression that it takes best, and the file an ending that it knows.
   *
   * @default {undefined} `tar` is what most take.
   */
  for?: LoadingProgram;
  /**
   * The most bytes of a part, where the archive is cut into parts. Each is
   * called as the archive, with its number behind that; the checksums are
   * beside them, in `{path}.sha256`, and scripts that check them. A blob that
   * fits into a part is not cut.
   *
   * @default {undefined} It is one file.
   */
  split?: number;
  /**
   * The number of the only part that is written, from 1 on, where it was lost.
   * What has no byte in it is not fetched.
   *
   * @default {undefined} All are written.
   */
  part?: number;
  /**
   * What is there already where the archive goes, as {@linkcode readBase} finds
   * it out: layers that it has are neither fetched nor written, as far as
   * whoever loads the archive finds them there. It says so itself, and scripts
   * beside it check it there. Not of a folder, of `docker-legacy`, or where
   * `layers` are made anew.
   *
   * @default {undefined} All layers are written.
   */
  have?: Base;
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
   * Whether to take layers from the cache without computing their digests, but
   * for those that `layers` has expanded.
   *
   * @default {false}
   */
  trustCache?: boolean;
  /**
   * How many bytes of layers may be fetched, those apart that are in the cache.
   * Where it would be more, nothing is fetched of any.
   *
   * @default {undefined} Any number.
   */
  maxBytes?: number;
  /** Milliseconds since 1970; for tests. */
  now?: () => number;
  /** Looks up the addresses of a name; for tests. */
  lookup?: Lookup;
}

/** An image of a set. */
export interface PullRequest {
  /** The image, such as `nginx:latest`. */
  reference: string | Reference;
  /** Its platforms, where they are others than those of the set. */
  platforms?: Platforms;
  /** Where it was named, for messages: a file and a line. */
  from?: string;
  /**
   * What its name stands for, whatever the registry says of it by now, such as
   * {@linkcode lockRequests} gives it. Of a lock that tells its manifests, all
   * of them are pulled, and `platforms` plays no part.
   */
  locked?: LockedImage;
}

/** How a set of images is pulled. */
export interface PullImagesOptions extends PullOptions {
  /**
   * The path of one archive, or layout, of all images, or a stream. Without it,
   * each goes to a file of its own, and each of its platforms.
   */
  output?: string | WritableStream<Uint8Array>;
  /**
   * The folder of these files, which is made.
   *
   * @default {"."}
   */
  folder?: string;
  /**
   * Whether the one archive is written without the images that cannot be had.
   * It then says in the annotation `docker-pull.missing` what it lacks.
   *
   * @default {false}
   */
  keepGoing?: boolean;
}

/** What those options may be. */
export const PULL_RULES: Rules<PullOptions> = {
  ...TRANSFER_POLICY_RULES,
  ...ACCESS_RULES,
  platform: either(TEXT, OBJECT),
  index: oneOf("pruned", "original"),
  attestations: FLAG,
  referrers: FLAG,
  accept: CALL,
  output: either(TEXT, STREAM),
  format: oneOf("tar", "oci", "oci-archive", "docker-legacy"),
  layers: oneOf("as-is", "plain", "gzip", "zstd"),
  for: oneOf(...Object.keys(LOADERS)),
  split: wholeFrom(LEAST_PART_BYTES, Number.MAX_SAFE_INTEGER),
  part: wholeFrom(1, MOST_PARTS),
  have: OBJECT,
  cacheDir: orFalse(TEXT),
  signal: SIGNAL,
  onEvent: CALL,
  fetch: CALL,
  force: FLAG,
  trustCache: FLAG,
  maxBytes: numberFrom(0, Number.MAX_SAFE_INTEGER),
  now: CALL,
  lookup: CALL,
};

/** What the options of a set may be. */
export const PULL_IMAGES_RULES: Rules<PullImagesOptions> = {
  ...PULL_RULES,
  folder: TEXT,
  keepGoing: FLAG,
};
