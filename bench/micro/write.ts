/** Positional writes into a file of its final size. */

import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { FileSlot } from "../../lib/disk/file_slot.ts";
import { PartialFile } from "../../lib/disk/partial_file.ts";
import { Writers } from "../../lib/transfer/writers.ts";
import { sizeText, type Work } from "./timing.ts";

const TOTAL = 256 << 20;
const MIB = 1 << 20;

/** The works; their files are in `folder` and do not stay. */
export function writeWorks(folder: string): Work[] {
  const path = join(folder, "write.bin");
  const sync = (size: number): Work => {
    const bytes = new Uint8Array(size).fill(7);
    return {
      name: `writeSync, ${sizeText(size)} at a time`,
      bytes: TOTAL,
      run() {
        const file = openSync(path, "w");
        ftruncateSync(file, TOTAL);
        for (let position = 0; position < TOTAL; position += size) {
          writeSync(file, bytes, 0, size, position);
        }
        closeSync(file);
      },
      after: () => rmSync(path),
    };
  };
  const bytes = new Uint8Array(MIB).fill(7);
  return [
    ...[64 << 10, 256 << 10, MIB, 4 * MIB].map(sync),
    {
      name: "FileHandle.write, 1 MiB at a time",
      bytes: TOTAL,
      async run() {
        const file = await open(path, "w");
        await file.truncate(TOTAL);
        for (let position = 0; position < TOTAL; position += MIB) {
          await file.write(bytes, 0, MIB, position);
        }
        await file.close();
      },
      after: () => rmSync(path),
    },
    {
      name: "lib/disk/partial_file.ts, 1 MiB at a time",
      bytes: TOTAL,
      async run() {
        const file = await PartialFile.open(`${path}.partial`, {
          id: "bench",
          size: TOTAL,
          resumable: false,
        });
        for (let position = 0; position < TOTAL; position += MIB) {
          await file.write(bytes, position);
        }
        await file.commit(path);
      },
      after: () => rmSync(path),
    },
    writers("in this thread", 0, path),
    writers("in a thread", Infinity, path),
  ];
}

/** As blobs are written and hashed, with three buffers that go round. */
function writers(where: string, total: number, path: string): Work {
  const writers = new Writers({ connections: 3, processors: 2 });
  writers.expect(total);
  return {
    name: `lib/transfer/writers.ts, with SHA-256 ${where}, 1 MiB at a time`,
    bytes: TOTAL,
    async run() {
      const file = await PartialFile.open(`${path}.partial`, {
        id: "bench",
        size: TOTAL,
        resumable: false,
      });
      const writer = writers.open({
        descriptor: { mediaType: "", digest: "", size: TOTAL },
        primary: new FileSlot(file, 0, TOTAL),
        copies: [],
        algorithm: "sha256",
      });
      const buffers = Array.from(
        { length: 3 },
        (): ArrayBuffer | Promise<ArrayBuffer> => new ArrayBuffer(MIB),
      );
      for (let position = 0; position < TOTAL; position += MIB) {
        const buffer = await buffers.shift()!;
        buffers.push(writer.write(new Uint8Array(buffer), position, true));
      }
      await Promise.all(buffers);
      await writer.digest();
      await writer.close();
      await file.commit(path);
    },
    after: () => rmSync(path),
  };
}
