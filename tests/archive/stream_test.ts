import { assertEquals, assertRejects } from "@std/assert";
import { archiveParts, writeArchive } from "../../lib/archive/stream.ts";
import { ContentMismatchError } from "../../lib/image/errors.ts";
import type { Descriptor } from "../../lib/image/types.ts";
import { test } from "../harness.ts";
import { content, layer, planOf } from "./content.ts";

const plan = planOf(content([layer(700_000), layer(512), layer(3)], "app:1"));

/** The byte of a blob at a position. */
function byteAt({ digest }: Descriptor, position: number): number {
  return (digest.charCodeAt(10) + Math.floor(position / 1_000)) % 256;
}

/** A blob of which `size` bytes are there. */
function reader(blob: Descriptor, size: number, opened: Set<string>) {
  const { digest } = blob;
  opened.add(digest);
  return {
    read(bytes: Uint8Array, position: number) {
      const count = Math.max(
        0,
        Math.min(bytes.length, size - position, 65_536),
      );
      for (let i = 0; i < count; i++) bytes[i] = byteAt(blob, position + i);
      return Promise.resolve(count);
    },
    close() {
      opened.delete(digest);
      return Promise.resolve();
    },
  };
}

/** What the file would hold. */
function expected(): Uint8Array {
  const whole = new Uint8Array(plan.size);
  for (const { bytes, offset } of plan.regions) whole.set(bytes, offset);
  for (const { descriptor, offset } of plan.blobs.values()) {
    for (let i = 0; i < descriptor.size; i++) {
      whole[offset + i] = byteAt(descriptor, i);
    }
  }
  return whole;
}

for (const borrows of [false, true]) {
  const name = borrows ? "a stream that borrows" : "a stream";
  test(`${name} has the bytes that the file has, in order`, async () => {
    const opened = new Set<string>();
    const done: string[] = [];
    const written: Uint8Array[] = [];
    const buffers = new Set<ArrayBuffer>();
    await writeArchive(
      plan,
      async (bytes) => {
        // The next ones are read meanwhile.
        await new Promise((resolve) => setTimeout(resolve));
        written.push(borrows ? bytes.slice() : bytes);
        if (bytes.length > 60_000) buffers.add(bytes.buffer);
      },
      (blob) => Promise.resolve(reader(blob, blob.size, opened)),
      {
        borrows,
        done({ digest }) {
          assertEquals(opened.has(digest), false);
          done.push(digest);
          return Promise.resolve();
        },
      },
    );
    const whole = new Uint8Array(
      await new Blob(written as BlobPart[]).arrayBuffer(),
    );
    assertEquals(whole.length, plan.size);
    assertEquals(whole.every((byte, i) => byte === reference[i]), true);
    assertEquals(done, [...plan.blobs.keys()]);
    assertEquals(buffers.size <= 3, borrows);
  });
}
const reference = expected();

test("no part of a stream is longer than what is between two blobs", () => {
  const parts = [...archiveParts(plan)];
  assertEquals(
    parts.map((part) => "blob" in part),
    [false, true, false, true, false, true, false],
  );
});

test("a blob that was cut short ends the stream, and is closed", async () => {
  const opened = new Set<string>();
  let count = 0;
  await assertRejects(
    () =>
      writeArchive(
        plan,
        ({ length }) => {
          count += length;
          return Promise.resolve();
        },
        (blob) => Promise.resolve(reader(blob, 100, opened)),
      ),
    ContentMismatchError,
  );
  assertEquals([opened.size, count < 10_000], [0, true]);
});

test("a reader that is gone ends the reading", async () => {
  const opened = new Set<string>();
  let writes = 0;
  await assertRejects(
    () =>
      writeArchive(
        plan,
        () =>
          ++writes < 3 ? Promise.resolve() : Promise.reject(new Error("gone")),
        (blob) => Promise.resolve(reader(blob, blob.size, opened)),
      ),
    Error,
    "gone",
  );
  assertEquals([opened.size, writes], [0, 3]);
});
