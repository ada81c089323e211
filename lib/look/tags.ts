/** Lists the tags of a repository. */

import { parseConfig, parseIndex, parseManifest } from "../image/manifest.ts";
import { hostPlatform } from "../image/host_platform.ts";
import type { ImageSource } from "../image/image_source.ts";
import { isIndex } from "../image/media_types.ts";
import {
  CALL,
  checkOptions,
  FLAG,
  type Rules,
  TEXT,
  wholeFrom,
} from "../image/options.ts";
import { isAttestation, selectPlatform } from "../image/platform.ts";
import { parseReference, type Reference } from "../image/reference.ts";
import { DockerPullError } from "../image/errors.ts";
import type { Descriptor, Document } from "../image/types.ts";
import { sideBySide } from "../copy/sets/side_by_side.ts";
import { withFetch } from "../net/transport.ts";
import { openSource } from "../registry/mirrors/mirrors.ts";
import { LOOK_RULES, type LookOptions } from "./access.ts";
import { globOf } from "./glob.ts";
import { compareTags } from "./tag_order.ts";

/** How tags are listed. */
export interface ListTagsOptions extends LookOptions {
  /** Which: a pattern such as `1.2?-*`, of the whole tag. */
  filter?: string;
  /**
   * Whether those are listed, too, that stand for signatures and the like of
   * other images: `sha256-…`.
   *
   * @default {false}
   */
  all?: boolean;
  /**
   * How many of those made last are wanted, newest first. When each was made
   * stands in its configuration, so all that pass the filter are asked for.
   */
  newest?: number;
  /** Told before `newest` begins what it takes. */
  onCost?: (cost: TagsCost) => void;
}

/** What it takes to find the newest tags. */
export interface TagsCost {
  /** The tags that are looked at. */
  tags: number;
  /** The most requests that it takes. */
  requests: number;
  /** So many of them may count as pulls, where the registry limits those. */
  pulls: number;
}

/** A tag, and what is known of it where it was looked at. */
export interface ListedTag {
  /** The tag. */
  tag: string;
  /** When what it names was made, where that is said. */
  created?: string;
  /** What it names. */
  descriptor?: Descriptor;
  /** Why it could not be looked at. */
  error?: DockerPullError;
}

/** The tags of a repository. */
export interface TagList {
  /** The repository. */
  reference: Reference;
  /** The tags, in the order of the versions that they name, or newest first. */
  tags: ListedTag[];
  /** How many there are altogether. */
  total: number;
  /** How many of them stand for signatures and the like, and were left out. */
  hidden: number;
}

const RULES: Rules<ListTagsOptions> = {
  ...LOOK_RULES,
  filter: TEXT,
  all: FLAG,
  newest: wholeFrom(1, 100_000),
  onCost: CALL,
};

/** The tags that cosign and others give what belongs to a digest. */
const ATTACHED = /^sha(?:256|512)-[0-9a-f]{64,}/;
/** So many are looked at at a time. */
const SIDE_BY_SIDE = 8;
/** What it names, the index or manifest, a manifest, and a configuration. */
const REQUESTS_EACH = 4;
/** Those for an index and a manifest. */
const PULLS_EACH = 2;

/**
 * Lists the tags of a repository.
 *
 * @param reference The repository; a tag plays no part.
 * @param options Which tags, and how the registry is asked.
 * @returns The tags, versions in their order and other words behind them.
 * @throws {InvalidReferenceError} If the reference is none.
 * @throws {RegistryError} If there is no such repository, or it is refused.
 * @throws {InvalidDocumentError} If what comes is no list.
 * @throws {NetworkError} If the registry cannot be reached.
 *
 * @example
 * ```ts ignore
 * import { listTags } from "@x/docker-pull";
 *
 * const { tags } = await listTags("nginx", { filter: "1.2?-alpine" });
 * console.log(tags.map(({ tag }) => tag));
 * ```
 */
export async function listTags(
  reference: string | Reference,
  options: ListTagsOptions = {},
): Promise<TagList> {
  checkOptions("list tags", options, RULES);
  const { filter, all = false, newest, signal } = options;
  const image = typeof reference === "string"
    ? parseReference(reference)
    : reference;
  return await withFetch(options.fetch, async (fetch) => {
    const source = openSource(image, options, fetch);
    const found = await source.tags({ signal });
    const shown = all ? found : found.filter((tag) => !ATTACHED.test(tag));
    const fits = filter === undefined ? () => true : globOf(filter);
    const tags = shown.filter(fits).sort(compareTags);
    const listed = newest === undefined
      ? tags.map((tag) => ({ tag }))
      : await newestOf(tags, newest, source, options);
    return {
      reference: image,
      tags: listed,
      total: found.length,
      hidden: found.length - shown.length,
    };
  });
}

async function newestOf(
  tags: readonly string[],
  count: number,
  source: ImageSource,
  { signal, onCost }: ListTagsOptions,
): Promise<ListedTag[]> {
  const { length } = tags;
  const [requests, pulls] = [REQUESTS_EACH * length, PULLS_EACH * length];
  if (length > 0) onCost?.({ tags: length, requests, pulls });
  const dates = new Dates(source, signal);
  const looked = new Map<string, ListedTag>();
  await sideBySide(tags, SIDE_BY_SIDE, async (tag) => {
    signal?.throwIfAborted();
    try {
      looked.set(tag, { tag, ...await dates.of(tag) });
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof DockerPullError) || isAboutAll(error)) throw error;
      looked.set(tag, { tag, error });
    }
  });
  const time = ({ created }: ListedTag) => Date.parse(created ?? "") || 0;
  // Of those made at one time, the highest version comes first.
  return tags.map((tag) => looked.get(tag)!).reverse()
    .sort((a, b) => time(b) - time(a)).slice(0, count);
}

/** Whether the next tag would fail alike: no network, no login, no quota. */
function isAboutAll(error: DockerPullError): boolean {
  const { status } = error as { status?: number };
  return error.name === "NetworkError" ||
    error.name === "AuthenticationError" ||
    status === 401 || status === 403 || status === 429;
}

/** When images were made; each is asked for once, however many tags it has. */
class Dates {
  readonly #source: ImageSource;
  readonly #signal: AbortSignal | undefined;
  readonly #known = new Map<string, Promise<string | undefined>>();

  constructor(source: ImageSource, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#signal = signal;
  }

  async of(tag: string): Promise<Omit<ListedTag, "tag">> {
    const signal = this.#signal;
    // By its name alone it costs no quota, and many tags name the same.
    const descriptor = await this.#source.resolve(tag, { signal });
    const { digest } = descriptor;
    const known = this.#known.get(digest) ?? this.#createdOf(descriptor);
    this.#known.set(digest, known);
    return { descriptor, created: await known };
  }

  async #createdOf(descriptor: Descriptor): Promise<string | undefined> {
    const signal = this.#signal;
    const top = await this.#source.fetchManifest(descriptor.digest, { signal });
    const manifest = await this.#manifestOf(top);
    if (!manifest) return undefined;
    const parsed = parseManifest(manifest);
    const said = parsed.annotations?.[CREATED];
    try {
      const config = await this.#source.fetchSmallBlob(parsed.config, {
        signal,
      });
      return parseConfig(config, parsed).created ?? said;
    } catch (error) {
      // A chart or a signature says it in its manifest, if at all.
      if (error instanceof DockerPullError && !isAboutAll(error)) return said;
      throw error;
    }
  }

  async #manifestOf(top: Document): Promise<Document | undefined> {
    if (!isIndex(top.descriptor.mediaType)) return top;
    const entries = parseIndex(top).manifests.filter((entry) =>
      !isAttestation(entry)
    );
    const entry = chooseEntry(entries);
    if (!entry) return undefined;
    const document = await this.#source.fetchManifest(entry, {
      signal: this.#signal,
    });
    return isIndex(document.descriptor.mediaType) ? undefined : document;
  }
}

const CREATED = "org.opencontainers.image.created";

/** The image for this machine, or else the first: all are made together. */
function chooseEntry(entries: Descriptor[]): Descriptor | undefined {
  try {
    return selectPlatform(entries, hostPlatform()).descriptor;
  } catch {
    return entries[0];
  }
}
