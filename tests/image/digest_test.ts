import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import {
  createHasher,
  digestBytes,
  parseDigest,
  verifyBytes,
} from "../../lib/image/digest.ts";
import {
  ContentMismatchError,
  InvalidDigestError,
} from "../../lib/image/errors.ts";
import { test } from "../harness.ts";

const abc = new TextEncoder().encode("abc");

/** The digests of "abc", as the standards and BLAKE3's authors print them. */
const ABC = {
  sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  sha512: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  blake3: "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
};

for (const [algorithm, hex] of Object.entries(ABC)) {
  test(`createHasher() computes ${algorithm} piece by piece`, async () => {
    const hasher = createHasher(algorithm);
    const piece = new Uint8Array(1);
    for (const byte of abc) {
      piece[0] = byte; // the same memory each time, as a transfer does it
      hasher.update(piece);
    }
    assertEquals(await hasher.digest(), `${algorithm}:${hex}`);
  });

  test(`digestBytes() computes ${algorithm} of nothing`, async () => {
    const digest = await digestBytes(new Uint8Array(), algorithm);
    assertEquals(parseDigest(digest).algorithm, algorithm);
  });

  test(`verifyBytes() takes what has its ${algorithm} digest`, async () => {
    const digest = `${algorithm}:${hex}`;
    await verifyBytes(abc, { mediaType: "", digest, size: 3 });
  });
}

test("createHasher() computes blake3 of more than one block, with pauses", async () => {
  const bytes = new Uint8Array(300_000).map((_, i) => i * 7);
  const hasher = createHasher("blake3");
  for (let i = 0; i < bytes.length; i += 50_000) {
    hasher.update(bytes.subarray(i, i + 50_000));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assertEquals(await hasher.digest(), await digestBytes(bytes, "blake3"));
});

test("digestBytes() is sha256 if nothing is said", async () => {
  const hex = createHash("sha256").update(abc).digest("hex");
  assertEquals(await digestBytes(abc), `sha256:${hex}`);
});

test("createHasher() rejects an unknown algorithm", () => {
  for (const algorithm of ["md5", "", "toString", "__proto__"]) {
    assertThrows(() => createHasher(algorithm), InvalidDigestError);
  }
});

test("verifyBytes() looks at the size first", async () => {
  const descriptor = { mediaType: "", digest: `sha256:${ABC.sha256}`, size: 4 };
  const error = await assertRejects(
    () => verifyBytes(abc, descriptor),
    ContentMismatchError,
    "3 bytes instead of 4",
  );
  assertEquals(error.actual, { size: 3 });
});

test("verifyBytes() rejects another digest", async () => {
  const digest = `sha256:${"0".repeat(64)}`;
  const error = await assertRejects(
    () => verifyBytes(abc, { mediaType: "", digest, size: 3 }),
    ContentMismatchError,
  );
  assertEquals(error.actual, { digest: `sha256:${ABC.sha256}` });
});

test("parseDigest() takes the three algorithms", () => {
  for (const [algorithm, hex] of Object.entries(ABC)) {
    assertEquals(parseDigest(`${algorithm}:${hex}`), { algorithm, hex });
  }
});

const WRONG: unknown[] = [
  "",
  ":",
  "sha256",
  "sha256:",
  `sha256:${"0".repeat(63)}`,
  `sha256:${"0".repeat(65)}`,
  `sha256:${"0".repeat(63)}G`,
  `sha256:${"A".repeat(64)}`,
  `sha256:${"0".repeat(64)}\n`,
  `SHA256:${"0".repeat(64)}`,
  ` sha256:${"0".repeat(64)}`,
  `sha512:${"0".repeat(64)}`,
  `md5:${"0".repeat(32)}`,
  `__proto__:${"0".repeat(64)}`,
  `constructor:${"0".repeat(64)}`,
  `sha256:../../../etc/passwd`,
  `sha256:${"../".repeat(21)}a`,
  `../sha256:${"0".repeat(64)}`,
  undefined,
  null,
  7,
  {},
  ["sha256:"],
];

for (const text of WRONG) {
  test(`parseDigest() rejects ${String(JSON.stringify(text)).slice(0, 50)}`, () => {
    assertThrows(() => parseDigest(text as string), InvalidDigestError);
  });
}
