import { assert, assertEquals, assertRejects } from "@std/assert";
import { existsSync, statSync, truncateSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestBytes } from "../../lib/image/digest.ts";
import { FileSlot } from "../../lib/disk/file_slot.ts";
import { PartialFile } from "../../lib/disk/partial_file.ts";
import { ContentMismatchError, StorageError } from "../../lib/image/errors.ts";
import { DirectWriter } from "../../lib/transfer/blob_writer.ts";
import { Writers } from "../../lib/transfer/writers.ts";
import type { ReadableSink } from "../../lib/image/types.ts";
import { inFolder } from "../disk/folder.ts";
import { test } from "../harness.ts";
import { blob, MemorySink } from "./blobs.ts";

const MIB = 1024 * 1024;
const SIZE = 3 * MIB + 77;
const { descriptor, bytes } = blob(SIZE);
const kinds: [name: string, total: number][] = [
  ["in this thread", 1],
  ["in a thread of its own", 2 ** 40],
];

/** Two files, and what makes writers for them. */
interface World {
  writers: Writers;
  primary: PartialFile;
  copy: PartialFile;
  options: Parameters<Writers["open"]>[0];
}

/** The blob begins at this place in the copy. */
const OFFSET = 1000;

function inWorld(
  total: number,
  body: (world: World) => Promise<void>,
  algorithm: string | undefined = "sha256",
): Promise<void> {
  return inFolder(async (folder) => {
    const open = (name: string, size: number) =>
      PartialFile.open(join(folder, name), { id: name, size });
    const primary = await open("primary", SIZE);
    const copy = await open("copy", SIZE + OFFSET);
    const writers = new Writers({ connections: 3, processors: 2 });
    writers.expect(total);
    try {
      const options = {
        descriptor,
        primary: new FileSlot(primary, 0, SIZE),
        copies: [new FileSlot(copy, OFFSET, SIZE)],
        algorithm,
      };
      await body({ writers, primary, copy, options });
    } finally {
      writers.close();
      await primary.close();
      await copy.close();
    }
  });
}

/** A part of the blob in a buffer that is larger. */
function part(start: number, end: number): Uint8Array<ArrayBuffer> {
  const view = new Uint8Array(new ArrayBuffer(2 * MIB), 7, end - start);
  view.set(bytes.subarray(start, end));
  return view;
}

for (const [name, total] of kinds) {
  for (const algorithm of ["sha256", "sha512", "blake3", undefined]) {
    test(`Writers write and hash (${algorithm ?? "not"}) ${name}`, () =>
      inWorld(total, async ({ writers, primary, copy, options }) => {
        const writer = writers.open({ ...options, algorithm });
        const back = await writer.write(part(0, 1000), 0, true);
        assertEquals(back.byteLength, 2 * MIB);
        // Out of order: it is there, and hashed when its turn comes.
        await writer.write(part(MIB, 2 * MIB), MIB, false);
        assertEquals(primary.present.ranges, [[0, 1000], [MIB, 2 * MIB]]);
        await writer.write(part(1000, MIB), 1000, true);
        await writer.reread(MIB, 2 * MIB, false);
        await writer.write(part(2 * MIB, SIZE), 2 * MIB, true);
        assertEquals(
          await writer.digest(),
          algorithm && await digestBytes(bytes, algorithm),
        );
        await writer.close();
        assertEquals(primary.present.ranges, [[0, SIZE]]);
        assertEquals(copy.present.ranges, [[OFFSET, OFFSET + SIZE]]);
        const found = await readFile(copy.path);
        assert(found.subarray(OFFSET).equals(bytes));
        assert((await readFile(primary.path)).equals(bytes));
      }));
  }

  test(`Writers copy what is there already ${name}`, () =>
    inWorld(total, async ({ writers, primary, copy, options }) => {
      await primary.write(bytes, 0);
      const writer = writers.open(options);
      await writer.reread(0, MIB + 5, true);
      await writer.reread(MIB + 5, SIZE, true);
      assertEquals(await writer.digest(), descriptor.digest);
      await writer.close();
      assertEquals(copy.present.ranges, [[OFFSET, OFFSET + SIZE]]);
      const found = await readFile(copy.path);
      assert(found.subarray(OFFSET).equals(bytes));
    }));

  test(`Writers keep blobs apart ${name}`, () =>
    inWorld(total, async ({ writers, options }) => {
      const four = [0, 1, 2, 3].map(() =>
        writers.open({ ...options, copies: [] })
      );
      await Promise.all(
        four.map((writer, n) => {
          const all = new Uint8Array(SIZE);
          all.set(bytes);
          all[0]! ^= n;
          return writer.write(all, 0, true);
        }),
      );
      const digests = await Promise.all(four.map((each) => each.digest()));
      await Promise.all(four.map((each) => each.close()));
      assertEquals(digests[0], descriptor.digest);
      assertEquals(new Set(digests).size, 4);
    }));

  test(`Writers tell of a file that has been cut ${name}`, () =>
    inWorld(total, async ({ writers, primary, options }) => {
      await primary.write(bytes, 0);
      const writer = writers.open(options);
      truncateSync(primary.path, MIB);
      const error = await assertRejects(
        () => writer.reread(0, SIZE, true),
        ContentMismatchError,
      );
      assertEquals(error.actual, { size: MIB });
      await writer.close();
    }));
}

test("Writers say what the system says", {
  skip: !existsSync("/dev/full") && "there is no /dev/full",
}, () =>
  inWorld(2 ** 40, async ({ writers, options }) => {
    const { dev, ino } = statSync("/dev/full");
    const full: ReadableSink = {
      present: { ranges: [] },
      read: () => Promise.resolve(0),
      write: () => {},
      commit: () => {},
      discard: () => {},
      region: {
        path: "/dev/full",
        identity: [dev, ino],
        offset: 0,
        writable: true,
        subject: "a.tar",
      },
    };
    const writer = writers.open({ ...options, primary: full });
    const error = await assertRejects(
      () => writer.write(part(0, 1000), 0, true),
      StorageError,
    );
    assertEquals([error.path, error.code], ["a.tar", "ENOSPC"]);
    await writer.close();
  }));

test("Writers write to no file that has taken another's place", () =>
  inWorld(2 ** 40, async ({ writers, primary, options }) => {
    await rename(primary.path, `${primary.path}.old`);
    await writeFile(primary.path, "somebody else's");
    const writer = writers.open(options);
    // Not at the next try either.
    for (let tries = 0; tries < 2; tries++) {
      const error = await assertRejects(
        () => writer.write(part(0, 1000), 0, true),
        StorageError,
      );
      assertEquals([error.path, error.code], [primary.path, "replaced"]);
    }
    await writer.close();
    assertEquals(await readFile(primary.path, "utf8"), "somebody else's");
    assertEquals(primary.present.total, 0);
  }));

test("Writers keep in this thread what is small, or in no file", () =>
  inWorld(2 ** 40, async ({ writers, options }) => {
    const small = { ...descriptor, size: 1000 };
    const memory = new MemorySink(SIZE);
    const [first, second, third] = [
      writers.open({ ...options, descriptor: small }),
      writers.open({ ...options, copies: [memory] }),
      writers.open(options),
    ];
    assert(first instanceof DirectWriter);
    assert(second instanceof DirectWriter);
    assert(!(third instanceof DirectWriter));
    await third!.close();
  }));
