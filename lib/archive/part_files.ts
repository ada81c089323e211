/** The files of an archive's parts, on their way under temporary names. */

import { createHash } from "node:crypto";
import {
  type FileHandle,
  lstat,
  open,
  readdir,
  rename,
  rm,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { makeFolders } from "../disk/folders.ts";
import { ifThere, onDisk } from "../disk/io.ts";
import { lockPathOf } from "../disk/leftovers.ts";
import { acquireLock, type Lock } from "../disk/lock.ts";
import { readText } from "../disk/plain_file.ts";
import { syncFolder } from "../disk/sync.ts";
import { StorageError } from "../image/errors.ts";
import { temporaryPath } from "./archive_file.ts";
import { putBeside } from "./beside.ts";
import {
  type Checksum,
  formatChecksums,
  parseChecksums,
  PART_FILES,
  powershellScript,
  shellScript,
} from "./part_list.ts";
import { partPath, type Range } from "./parts.ts";

/**
 * Fails where something else would be replaced than parts of this archive: what
 * is no part by the list, or a list of other files.
 *
 * @param parts The paths of the parts that are to be written.
 * @throws {StorageError} With the code `not-an-archive`.
 */
export async function refuseOthers(
  path: string,
  parts: readonly string[],
): Promise<void> {
  const list = `${path}${PART_FILES.list}`;
  const text = await ifThere("read", list, () => readText(list));
  const listed = new Set(
    parseChecksums(text ?? "").map(({ name }) => name),
  );
  const isOwn = [...listed].some((name) =>
    name.startsWith(`${basename(path)}.`)
  );
  if (text !== undefined && !isOwn) {
    throw new StorageError("replace", list, "not-an-archive");
  }
  for (const part of parts) {
    if (listed.has(basename(part))) continue;
    const status = await ifThere("write", part, () => lstat(part));
    if (status) throw new StorageError("replace", part, "not-an-archive");
  }
}

/** A part that is complete under its temporary name. */
interface DonePart extends Checksum {
  temporary: string;
  path: string;
  size: number;
}

/** Removes what a process that was killed has left of parts of this archive. */
async function removeOld(path: string): Promise<void> {
  const folder = dirname(path);
  const names = await onDisk("write", folder, () => readdir(folder));
  for (const name of names) {
    const [, part] = /^\.(.+)\.\d{3,4}\.partial$/.exec(name) ?? [];
    if (part !== basename(path)) continue;
    await rm(join(folder, name), { force: true }).catch(() => {});
  }
}

/** The parts of an archive, written from the first byte to the last. */
export class PartFiles {
  readonly #path: string;
  readonly #ranges: readonly Range[];
  /** The only part that is written, from 0 on; else all are. */
  readonly #only: number | undefined;
  readonly #lock: Lock;
  readonly #done: DonePart[] = [];
  readonly #whole = createHash("sha256");
  #hash = createHash("sha256");
  #handle: FileHandle | undefined;
  /** Whoever gives up does not wait for the last write. */
  #writing: Promise<void> = Promise.resolve();
  #index: number;
  #written = 0;

  private constructor(
    path: string,
    ranges: readonly Range[],
    only: number | undefined,
    lock: Lock,
  ) {
    this.#path = path;
    this.#ranges = ranges;
    this.#only = only;
    this.#index = only ?? 0;
    this.#lock = lock;
  }

  /**
   * Begins to write parts.
   *
   * @param path What the archive is called that they are together.
   * @param ranges Where each begins and ends.
   * @param only The number of the only one that is written, from 0 on.
   * @param signal Ends the waiting for another process that writes the same.
   * @throws {StorageError} If they cannot be written.
   */
  static async open(
    path: string,
    ranges: readonly Range[],
    only?: number,
    signal?: AbortSignal,
  ): Promise<PartFiles> {
    const folder = dirname(path);
    await onDisk("write", folder, () => makeFolders(folder));
    const lock = await acquireLock(lockPathOf(temporaryPath(path)), {
      signal,
      subject: path,
    });
    await removeOld(path);
    return new PartFiles(path, ranges, only, lock);
  }

  /** Writes the next bytes, to one part or over several. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#writing = this.#write(bytes);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#whole.update(bytes);
    for (let done = 0; done < bytes.length;) {
      const { start, end } = this.#ranges[this.#index]!;
      const room = end - start - this.#written;
      const piece = bytes.subarray(done, done + room);
      await this.#append(piece);
      done += piece.length;
      if (this.#written === end - start) await this.#finish();
    }
  }

  /** The final path of a part. */
  #pathOf(index: number): string {
    return partPath(this.#path, index, this.#ranges.length);
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const path = this.#pathOf(this.#index);
    if (!this.#handle) {
      const temporary = temporaryPath(path);
      await rm(temporary, { force: true });
      this.#handle = await onDisk("write", path, () => open(temporary, "wx"));
    }
    this.#hash.update(bytes);
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await onDisk(
        "write",
        path,
        () =>
          this.#handle!.write(
            bytes,
            done,
            bytes.length - done,
            this.#written + done,
          ),
      );
      done += bytesWritten;
    }
    this.#written += bytes.length;
  }

  async #finish(): Promise<void> {
    const path = this.#pathOf(this.#index);
    await onDisk("write", path, () => this.#handle!.datasync());
    await this.#handle!.close();
    this.#handle = undefined;
    this.#done.push({
      name: basename(path),
      hex: this.#hash.digest("hex"),
      temporary: temporaryPath(path),
      path,
      size: this.#written,
    });
    this.#hash = createHash("sha256");
    this.#index++;
    this.#written = 0;
  }

  /**
   * All is there: the parts get their names, and the list and the scripts are
   * written beside them. What an earlier list names that is no part any more
   * is removed. A single part is held to the list that is there, and that
   * stays as it is.
   *
   * @throws {StorageError} With the code `other-part` if a part is not the one
   * that is listed.
   */
  async commit(): Promise<void> {
    try {
      const list = `${this.#path}${PART_FILES.list}`;
      const text = await ifThere("read", list, () => readText(list));
      const listed = parseChecksums(text ?? "");
      if (this.#only !== undefined) await this.#hold(listed);
      for (const { temporary, path } of this.#done) {
        await onDisk("write", path, () => rename(temporary, path));
      }
      if (this.#only === undefined) await this.#describe(listed);
      await syncFolder(dirname(this.#path));
    } finally {
      await this.close();
    }
  }

  /** Fails where a part is another than the list says. */
  async #hold(listed: readonly Checksum[]): Promise<void> {
    for (const { name, hex, path } of this.#done) {
      const known = listed.find((each) => each.name === name);
      if (!known || known.hex === hex) continue;
      await this.close();
      throw new StorageError("write", path, "other-part");
    }
  }

  async #describe(listed: readonly Checksum[]): Promise<void> {
    const own = new Set(this.#done.map(({ name }) => name));
    const pattern = /\.\d{3,4}$/;
    for (const { name } of listed) {
      const isOurs = name === basename(name) && pattern.test(name) &&
        name.replace(pattern, "") === basename(this.#path);
      if (isOurs && !own.has(name)) {
        await rm(join(dirname(this.#path), name), { force: true });
      }
    }
    const whole = {
      name: basename(this.#path),
      hex: this.#whole.digest("hex"),
    };
    const path = this.#path;
    const { shell, powershell, list } = PART_FILES;
    await putBeside(path + shell, shellScript(path), 0o755);
    await putBeside(path + powershell, powershellScript(path));
    await putBeside(path + list, formatChecksums([...this.#done, whole]));
  }

  /** Removes what has no final name, and lets others write. */
  async close(): Promise<void> {
    await this.#writing.catch(() => {});
    await this.#handle?.close().catch(() => {});
    this.#handle = undefined;
    const { length } = this.#ranges;
    const last = Math.min(this.#index, length - 1);
    const temporary = [
      ...this.#done.map((part) => part.temporary),
      temporaryPath(this.#pathOf(last)),
    ];
    for (const path of temporary) {
      await rm(path, { force: true }).catch(() => {});
    }
    await this.#lock.release();
  }
}
