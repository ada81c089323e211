import { assertEquals, assertRejects } from "@std/assert";
import { archiveParts, writeArchive } from "../../lib/archive/stream.ts";
import { ContentMismatchError } from "../../lib/image/errors.ts";
import type { Descriptor } from "../../lib/image/types.ts";
import { test } from "../harness.ts";
import { content, layer, planOf } from "./content.ts";

const plan = planOf(content([layer(700_000), layer(512), layer(3)], "app:1"));

/** A blob whose bytes are all the same, `size` of them there. */
function reader({ digest }: Descriptor, size: number, opened: Set<string>) {
  opened.add(digest);
  return {
    read(bytes: Uint8Array, position: number) {
      const count = Math.max(
        0,
        Math.min(bytes.length, size - position, 65_536),
      );
      bytes.fill(digest.charCodeAt(10), 0, count);
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
    const { digest, size } = descriptor;
    whole.fill(digest.charCodeAt(10), offset, offset + size);
  }
  return whole;
}

test("a stream has the bytes that the file has, in order", async () => {
  const opened = new Set<string>();
  const done: string[] = [];
  const written: Uint8Array[] = [];
  await writeArchive(
    plan,
    (bytes) => {
      written.push(bytes.slice());
      return Promise.resolve();
    },
    (blob) => Promise.resolve(reader(blob, blob.size, opened)),
    ({ digest }) => {
      assertEquals(opened.has(digest), false);
      done.push(digest);
      return Promise.resolve();
    },
  );
  const whole = new Uint8Array(
    await new Blob(written as BlobPart[]).arrayBuffer(),
  );
  assertEquals(whole.length, plan.size);
  assertEquals(whole.every((byte, i) => byte === reference[i]), true);
  assertEquals(done, [...plan.blobs.keys()]);
});
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
