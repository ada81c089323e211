/**
 * Reads locks: this tool's own, imgpkg's, and lists in which each image has a
 * digest.
 *
 * @see {@link https://carvel.dev/imgpkg/docs/latest/resources/#imageslock-configuration}
 */

import { defined } from "../image/defined.ts";
import { isDigest } from "../image/digest.ts";
import { LockError } from "../image/errors.ts";
import type {
  LockedBlob,
  LockedImage,
  LockedLayer,
  LockedManifest,
} from "../image/locked_image.ts";
import { formatReference, parseReference } from "../image/reference.ts";
import type { Platform } from "../image/types.ts";
import { imagesOf } from "../lists/lists.ts";
import { type Lock, LOCK_KIND, LOCK_VERSION } from "./lock.ts";

/** The most bytes of a lock: more than what one of thousands of images has. */
export const MAX_LOCK_BYTES: number = 64 * 1024 * 1024;

/** How a lock is read. */
export interface ReadLockOptions {
  /**
   * What it is called in errors.
   *
   * @default {"lock"}
   */
  name?: string;
}

type Fields = Record<string, unknown>;

/**
 * Reads a lock: one of {@linkcode formatLock}, imgpkg's ImagesLock, or any list
 * that {@linkcode imagesOf} reads in which each image has its digest.
 *
 * @param text The text, or its bytes in UTF-8.
 * @param options What it is called.
 * @returns What it says, checked.
 * @throws {LockError} If it is none, or contradicts itself.
 * @throws {InvalidListError} If it is a list that cannot be read.
 *
 * @example
 * ```ts
 * import { readLock } from "@x/docker-pull";
 * import { assertEquals } from "@std/assert";
 *
 * const digest = "sha256:" + "a".repeat(64);
 * const { images } = await readLock(`nginx@${digest}\n`);
 * assertEquals(images[0]?.reference, `docker.io/library/nginx@${digest}`);
 * ```
 */
export async function readLock(
  text: string | Uint8Array,
  { name = "lock" }: ReadLockOptions = {},
): Promise<Lock> {
  if (text.length > MAX_LOCK_BYTES) {
    throw new LockError(name, { code: "too-large", limit: MAX_LOCK_BYTES });
  }
  const own = ownDocument(text);
  const images = own ? readOwn(own, name) : await readList(text, name);
  if (images.length === 0) throw new LockError(name, { code: "no-images" });
  const known = new Map<string, LockedImage>();
  for (const image of images) {
    const other = known.get(image.reference);
    if (other === undefined) known.set(image.reference, image);
    else if (JSON.stringify(other) !== JSON.stringify(image)) {
      const { reference } = image;
      throw new LockError(name, { code: "two-of-a-name", name: reference });
    }
  }
  return { images: [...known.values()] };
}

/** The document of a lock of our own; nothing where it is something else. */
function ownDocument(text: string | Uint8Array): Fields | undefined {
  const decoded = typeof text === "string"
    ? text
    : new TextDecoder().decode(text);
  if (!/^\ufeff?\s*\{/.test(decoded)) return undefined;
  try {
    const value: unknown = JSON.parse(decoded.replace(/^\ufeff/, ""));
    return isFields(value) && value.kind === LOCK_KIND ? value : undefined;
  } catch {
    return undefined;
  }
}

async function readList(
  text: string | Uint8Array,
  name: string,
): Promise<LockedImage[]> {
  const { images } = await imagesOf(text, { name });
  return images.map(({ reference, where, platforms }) => {
    const full = formatReference(reference);
    const { digest } = reference;
    if (digest !== undefined) {
      return defined({ name: full, reference: full, digest, platforms });
    }
    const line = where[0]?.line;
    throw new LockError(name, { code: "no-digest", image: full, line });
  });
}

function readOwn(document: Fields, name: string): LockedImage[] {
  const { version } = document;
  if (version !== LOCK_VERSION) {
    throw new LockError(name, {
      code: "lock-version",
      version: JSON.stringify(version ?? null).slice(0, 40),
    });
  }
  const read = new Reader(name);
  return read.list(document, "images", "").map((each, i) => {
    const path = `images[${i}].`;
    const reference = read.text(each, "reference", path);
    const image: LockedImage = {
      name: read.text(each, "name", path),
      reference: read.reference(reference, `${path}reference`),
      ...read.blob(each, path),
      manifests: read.list(each, "manifests", path).map((manifest, j) =>
        read.manifest(manifest, `${path}manifests[${j}].`)
      ),
    };
    const { digest } = parseReference(image.reference);
    if (digest !== undefined && digest !== image.digest) {
      throw new LockError(name, {
        code: "contradiction",
        field: `${path}digest`,
      });
    }
    return image;
  });
}

/** Reads members, of which nothing is known. */
class Reader {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  bad(member: string): LockError {
    return new LockError(this.#name, { code: "bad-member", member });
  }

  text(fields: Fields, key: string, path: string): string {
    const value = fields[key];
    if (typeof value === "string" && value !== "") return value;
    throw this.bad(path + key);
  }

  list(fields: Fields, key: string, path: string): Fields[] {
    const value = fields[key];
    if (!Array.isArray(value) || value.length === 0 && key !== "layers") {
      throw this.bad(path + key);
    }
    return value.map((each, i) => {
      if (isFields(each)) return each;
      throw this.bad(`${path}${key}[${i}]`);
    });
  }

  /** A name that is written in full, and so means the same to everyone. */
  reference(text: string, path: string): string {
    try {
      if (formatReference(parseReference(text)) === text) return text;
    } catch (cause) {
      throw new LockError(
        this.#name,
        { code: "bad-member", member: path },
        { cause },
      );
    }
    throw this.bad(path);
  }

  blob(fields: Fields, path: string): LockedBlob {
    const { size } = fields;
    if (!Number.isSafeInteger(size) || (size as number) < 0) {
      throw this.bad(`${path}size`);
    }
    return {
      mediaType: this.text(fields, "mediaType", path),
      digest: this.digest(fields, "digest", path),
      size: size as number,
    };
  }

  digest(fields: Fields, key: string, path: string): string {
    const value = fields[key];
    if (isDigest(value)) return value;
    throw this.bad(path + key);
  }

  manifest(fields: Fields, path: string): LockedManifest {
    const { config } = fields;
    if (!isFields(config)) throw this.bad(`${path}config`);
    return {
      platform: this.platform(fields.platform, `${path}platform`),
      ...this.blob(fields, path),
      config: this.blob(config, `${path}config.`),
      layers: this.list(fields, "layers", path).map((layer, i): LockedLayer => {
        const own = `${path}layers[${i}].`;
        const diffId = this.digest(layer, "diffId", own);
        return { ...this.blob(layer, own), diffId };
      }),
    };
  }

  platform(value: unknown, path: string): Platform {
    if (!isFields(value)) throw this.bad(path);
    const other = (key: string): string | undefined =>
      value[key] === undefined ? undefined : this.text(value, key, `${path}.`);
    return defined({
      os: this.text(value, "os", `${path}.`),
      architecture: this.text(value, "architecture", `${path}.`),
      variant: other("variant"),
      "os.version": other("os.version"),
    });
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
