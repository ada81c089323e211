/**
 * Remembers uploads that broke off, so that a later run goes on with them. An
 * address of an upload may be as good as a login for it: only this user can
 * read it, and nothing shows it.
 */

import { lstat, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { digestBytes } from "../../image/digest.ts";
import type { Descriptor } from "../../image/types.ts";
import { makeFolders } from "../../disk/folders.ts";
import { onDisk } from "../../disk/io.ts";
import { lockPathOf } from "../../disk/leftovers.ts";
import { acquireLock, type Lock } from "../../disk/lock.ts";
import { readOwnText } from "../../disk/plain_file.ts";

/** Registries clear uploads away that nobody has gone on with for so long. */
const MOST_AGE_MS = 7 * 24 * 60 * 60 * 1000;

/** What is remembered of an upload. */
export interface UploadRecord {
  /** Where it goes on, with all its secrets. */
  location: string;
  /** How many bytes the registry had when that was written. */
  offset: number;
  /** Whether the registry keeps what comes of a part that breaks off. */
  kept?: boolean;
}

/** How a record is waited for. */
export interface ClaimOptions {
  /** Ends the waiting for another process that uploads the same. */
  signal?: AbortSignal;
  /** Called when there is one. */
  onWait?: () => void;
}

/** The records of one cache, in a folder of their own. */
export class UploadRecords {
  readonly #folder: string;
  readonly #now: () => number;
  #ready: Promise<void> | undefined;

  /**
   * Neither makes nor reads anything yet.
   *
   * @param folder The folder.
   * @param now Milliseconds since 1970; for tests.
   */
  constructor(folder: string, now: () => number = Date.now) {
    this.#folder = folder;
    this.#now = now;
  }

  /**
   * Takes the upload of a blob to a repository. Another process that uploads
   * the same is waited for.
   *
   * @throws {StorageError} If the folder cannot be written.
   */
  async claim(
    registry: string,
    repository: string,
    descriptor: Descriptor,
    options: ClaimOptions = {},
  ): Promise<ClaimedUpload> {
    this.#ready ??= this.#prepare();
    await this.#ready;
    const id = [registry, repository, descriptor.digest];
    const path = await this.#pathOf(id);
    const lock = await acquireLock(lockPathOf(path), {
      ...options,
      subject: this.#folder,
    });
    return new ClaimedUpload(path, id, lock, this.#now);
  }

  /** Forgets the upload of a blob that is there, whoever had begun it. */
  async drop(
    registry: string,
    repository: string,
    { digest }: Descriptor,
  ): Promise<void> {
    const path = await this.#pathOf([registry, repository, digest]);
    await rm(path, { force: true }).catch(() => {});
  }

  async #pathOf(id: readonly string[]): Promise<string> {
    const bytes = new TextEncoder().encode(id.join("\n"));
    const name = await digestBytes(bytes, "sha256");
    return join(this.#folder, `${name.slice(7, 39)}.json`);
  }

  async #prepare(): Promise<void> {
    const folder = this.#folder;
    await onDisk("write", folder, () => makeFolders(folder, 0o700));
    const names = await readdir(folder).catch((): string[] => []);
    for (const name of names.filter((name) => /^[0-9a-f]{32}\./.test(name))) {
      const path = join(folder, name);
      const status = await lstat(path).catch(() => undefined);
      if (!status || this.#now() - status.mtimeMs < MOST_AGE_MS) continue;
      await rm(path, { force: true }).catch(() => {});
    }
  }
}

/** An upload that is this process's own until it is released. */
export class ClaimedUpload {
  readonly #path: string;
  readonly #id: readonly string[];
  readonly #lock: Lock;
  readonly #now: () => number;

  /** Made by {@linkcode UploadRecords.claim}. */
  constructor(
    path: string,
    id: readonly string[],
    lock: Lock,
    now: () => number,
  ) {
    this.#path = path;
    this.#id = id;
    this.#lock = lock;
    this.#now = now;
  }

  /** What is remembered of it; nothing where that is of no use. */
  async read(): Promise<UploadRecord | undefined> {
    try {
      const fields = JSON.parse(await readOwnText(this.#path) ?? "null");
      const { id, location, offset, kept, time } = fields;
      const age = this.#now() - Number(time);
      if (
        JSON.stringify(id) !== JSON.stringify(this.#id) ||
        !URL.canParse(location) || !Number.isSafeInteger(offset) ||
        offset < 0 || !(age < MOST_AGE_MS)
      ) return undefined;
      const known = typeof kept === "boolean" ? kept : undefined;
      return { location, offset, kept: known };
    } catch {
      // What cannot be read costs another upload, no more.
      return undefined;
    }
  }

  /** Remembers how far it is. Where that cannot be done, it is not. */
  async write(record: UploadRecord): Promise<void> {
    const text = JSON.stringify({
      id: this.#id,
      ...record,
      time: this.#now(),
    });
    const temporary = `${this.#path}.${crypto.randomUUID()}.tmp`;
    try {
      const handle = await open(temporary, "wx", 0o600);
      try {
        await handle.writeFile(text);
      } finally {
        await handle.close();
      }
      await rename(temporary, this.#path);
    } catch {
      await rm(temporary, { force: true }).catch(() => {});
    }
  }

  /** Forgets it: it is over. */
  async forget(): Promise<void> {
    await rm(this.#path, { force: true }).catch(() => {});
  }

  /** Leaves it to others. */
  async release(): Promise<void> {
    await this.#lock.release();
  }
}
