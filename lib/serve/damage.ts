/**
 * Finds damaged blobs while they are sent. Who pulls an image verifies it; here
 * it is found out so that whoever serves it is told, and so that nobody is
 * sent all of a damaged blob. Each is hashed once, when it is first sent whole.
 */

import { createHasher, type Hasher, parseDigest } from "../image/digest.ts";
import { type Stored, writtenAs } from "./shelf.ts";

/** Blobs of which it is remembered. */
const MOST_KNOWN = 100_000;

/** A blob in a file. */
type InFile = Extract<Stored, { bytes?: undefined }>;

/** Which blobs are damaged, as far as is known. */
export class Damage {
  readonly #known = new Map<string, "right" | "damaged" | "on its way">();
  readonly #onFound: (digest: string, path: string) => void;

  /** Nothing is known yet. */
  constructor(onFound: (digest: string, path: string) => void = () => {}) {
    this.#onFound = onFound;
  }

  /** Whether a blob is known to be damaged, and nothing has changed since. */
  has(stored: InFile): boolean {
    return this.#known.get(keyOf(stored)) === "damaged";
  }

  /** Notes that a blob is not what it should be. */
  found(stored: InFile): void {
    if (this.has(stored)) return;
    this.#known.set(keyOf(stored), "damaged");
    this.#onFound(stored.digest, stored.region.path);
  }

  /** Begins to hash a blob that is sent whole, unless that was done. */
  check(stored: InFile): Check | undefined {
    const key = keyOf(stored);
    if (this.#known.has(key)) return undefined;
    const settle = (right: boolean) => {
      if (right) this.#known.set(key, "right");
      else this.found(stored);
    };
    this.#known.set(key, "on its way");
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST_KNOWN) break;
      this.#known.delete(oldest);
    }
    return new Check(
      stored.digest,
      settle,
      () => this.#known.delete(key),
    );
  }
}

/** A blob that is being hashed. */
export class Check {
  readonly #digest: string;
  readonly #hasher: Hasher;
  readonly #settle: (right: boolean) => void;
  #giveUp: () => void;

  /** Made by {@linkcode Damage.check}. */
  constructor(
    digest: string,
    settle: (right: boolean) => void,
    giveUp: () => void,
  ) {
    this.#digest = digest;
    this.#hasher = createHasher(parseDigest(digest).algorithm);
    this.#settle = settle;
    this.#giveUp = giveUp;
  }

  /** Takes the next bytes. */
  update(bytes: Uint8Array): void {
    this.#hasher.update(bytes);
  }

  /** Whether the bytes, all of which have come, are those of the digest. */
  async isRight(): Promise<boolean> {
    const right = await this.#hasher.digest() === this.#digest;
    this.#giveUp = () => {};
    this.#settle(right);
    return right;
  }

  /** Not all of them will come: another one may find it out. */
  stop(): void {
    this.#giveUp();
  }
}

function keyOf({ digest, state }: InFile): string {
  return `${digest} ${writtenAs(state)}`;
}
