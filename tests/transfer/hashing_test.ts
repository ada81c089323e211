import { assertEquals } from "@std/assert";
import { digestBytes } from "../../lib/digest.ts";
import { type Hashing, openHashing } from "../../lib/transfer/hashing.ts";
import { test } from "../harness.ts";
import { blob } from "./blobs.ts";

const { bytes } = blob(1_000_000);
const kinds: [name: string, size: number][] = [
  ["in this thread", 1],
  ["in a thread of its own", 2 ** 40],
];

async function withHashing(
  size: number,
  body: (hashing: Hashing) => Promise<void>,
): Promise<void> {
  const hashing = openHashing(size);
  try {
    await body(hashing);
  } finally {
    hashing.close();
  }
}

for (const [name, size] of kinds) {
  test(`openHashing() computes digests ${name}`, () =>
    withHashing(size, async (hashing) => {
      for (const algorithm of ["sha256", "sha512", "blake3"]) {
        const hasher = hashing.hasher(algorithm);
        for (let i = 0; i < bytes.length; i += 300_000) {
          const buffer = new ArrayBuffer(400_000);
          const part = bytes.subarray(i, i + 300_000);
          const view = new Uint8Array(buffer, 7, part.length);
          view.set(part);
          const back = await hasher.update(view);
          assertEquals(back.byteLength, 400_000);
        }
        assertEquals(
          await hasher.digest(),
          await digestBytes(bytes, algorithm),
        );
      }
    }));

  test(`openHashing() keeps blobs apart ${name}`, () =>
    withHashing(size, async (hashing) => {
      const hashers = [0, 1, 2, 3].map(() => hashing.hasher("sha256"));
      const pending: unknown[] = [];
      for (let i = 0; i < bytes.length; i += 250_000) {
        for (const [n, hasher] of hashers.entries()) {
          if (n === 3) continue; // this one gets nothing
          const part = bytes.slice(i, i + 250_000);
          part[0]! ^= n;
          pending.push(hasher.update(part));
        }
      }
      const digests = await Promise.all(hashers.map((each) => each.digest()));
      await Promise.all(pending);
      assertEquals(digests[0], await digestBytes(bytes));
      assertEquals(digests[3], await digestBytes(new Uint8Array()));
      assertEquals(new Set(digests).size, 4);
    }));
}
