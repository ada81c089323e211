/** A blob's body that is held against its descriptor while it is read. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { digestBytes } from "../../lib/image/digest.ts";
import { ContentMismatchError } from "../../lib/image/errors.ts";
import { verifiedBody } from "../../lib/image/verified_body.ts";
import { test } from "../harness.ts";

const PIECES = [[1, 2, 3], [], [4, 5], [6]];
const ALL = Uint8Array.from(PIECES.flat());

function bodyOf(pieces: number[][], onCancel = () => {}) {
  const left = [...pieces];
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = left.shift();
      if (piece) controller.enqueue(Uint8Array.from(piece));
      else controller.close();
    },
    cancel: onCancel,
  });
}

async function read(body: ReadableStream<Uint8Array>): Promise<number[]> {
  const found: number[] = [];
  for await (const piece of body) found.push(...piece);
  return found;
}

for (const algorithm of ["sha256", "sha512", "blake3"]) {
  test(`verifiedBody() passes on what is right by ${algorithm}`, async () => {
    const descriptor = {
      mediaType: "x/y",
      digest: await digestBytes(ALL, algorithm),
      size: ALL.length,
    };
    const body = verifiedBody(bodyOf(PIECES), descriptor);
    assertEquals(await read(body), [...ALL]);
  });
}

test("verifiedBody() never passes on the end of what is wrong", async () => {
  const descriptor = {
    mediaType: "x/y",
    digest: await digestBytes(ALL),
    size: ALL.length,
  };
  for (
    const pieces of [
      [[1, 2, 3], [4, 5], [7]],
      [[1, 2, 3], [4, 5]],
      [[1, 2, 3], [4, 5], [6], [7]],
      [],
    ]
  ) {
    const found: number[] = [];
    await assertRejects(async () => {
      for await (const piece of verifiedBody(bodyOf(pieces), descriptor)) {
        found.push(...piece);
      }
    }, ContentMismatchError);
    assert(found.length < ALL.length, `${found}`);
  }
  const none = {
    mediaType: "x/y",
    digest: await digestBytes(new Uint8Array()),
    size: 0,
  };
  assertEquals(await read(verifiedBody(bodyOf([]), none)), []);
});

test("verifiedBody() cancels what it reads, and passes on why it broke off", async () => {
  const descriptor = {
    mediaType: "x/y",
    digest: await digestBytes(ALL),
    size: 6,
  };
  let cancelled = false;
  const body = verifiedBody(
    bodyOf(PIECES, () => void (cancelled = true)),
    descriptor,
  );
  const reader = body.getReader();
  await reader.read();
  await reader.cancel();
  assertEquals(cancelled, true);
  const broken = new ReadableStream<Uint8Array>({
    pull: () => Promise.reject(new TypeError("reset")),
  });
  await assertRejects(
    () => read(verifiedBody(broken, descriptor)),
    TypeError,
    "reset",
  );
});
