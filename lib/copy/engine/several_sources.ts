/** A blob that several repositories have. */

import { RegistryError } from "../../image/errors.ts";
import type {
  BlobBody,
  Descriptor,
  Fetcher,
  RangeOptions,
} from "../../image/types.ts";

/** What one repository refuses another may give. */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 404]);

/** The source of a blob that all of these have. */
export function sourceOf(sources: readonly Fetcher[]): Fetcher {
  const [first, ...others] = new Set(sources);
  return others.length ? new SeveralSources([first!, ...others]) : first!;
}

/** Gives one blob: from the first source, or from the next where that lacks it. */
class SeveralSources implements Fetcher {
  readonly #sources: Fetcher[];
  readonly #bodies = new WeakMap<BlobBody, Fetcher>();

  /** Asks the sources in this order. */
  constructor(sources: readonly Fetcher[]) {
    this.#sources = [...sources];
  }

  /** Begins to send the blob's bytes, or the asked range of them. */
  async fetchBlob(
    descriptor: Descriptor,
    options?: RangeOptions,
  ): Promise<BlobBody> {
    for (;;) {
      const [source] = this.#sources;
      try {
        const body = await source!.fetchBlob(descriptor, options);
        this.#bodies.set(body, source!);
        return body;
      } catch (error) {
        const refused = error instanceof RegistryError &&
          REFUSALS.has(error.status);
        if (!refused || !this.#leave(source!)) throw error;
      }
    }
  }

  /** Tells the one that it came from. */
  demote(body: BlobBody, error: unknown): boolean {
    return this.#bodies.get(body)?.demote?.(body, error) ?? false;
  }

  /** Tells the one that is asked now, and goes on to the next. */
  reject(descriptor: Descriptor): boolean {
    const [source] = this.#sources;
    return source!.reject?.(descriptor) || this.#leave(source!);
  }

  /** Asks this one no more, unless there is no other. */
  #leave(source: Fetcher): boolean {
    const place = this.#sources.indexOf(source);
    // Another request has found it out already.
    if (place < 0) return true;
    if (this.#sources.length === 1) return false;
    this.#sources.splice(place, 1);
    return true;
  }
}
