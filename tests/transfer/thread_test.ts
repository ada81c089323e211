import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { transferBlobs } from "../../lib/transfer/transfer.ts";
import type { RangeOptions, ReadableSink } from "../../lib/types.ts";
import { test } from "../harness.ts";

const PIECE = new Uint8Array(512 * 1024);
/** Enough for a thread of its own. */
const SIZE = 200 * PIECE.length + 1234;

/** Takes bytes and keeps none: they are all zero. */
function zeroSink(): ReadableSink {
  return {
    present: { ranges: [] },
    write: () => Promise.resolve(),
    read: (bytes) => {
      bytes.fill(0);
      return Promise.resolve(bytes.length);
    },
    commit: () => {},
    discard: () => {},
  };
}

function zeroes(length: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const part = PIECE.slice(0, Math.min(length, PIECE.length));
      length -= part.length;
      controller.enqueue(part);
      if (length === 0) controller.close();
    },
  });
}

for (const concurrency of [1, 3]) {
  test(`transferBlobs() fetches each byte once with a hashing thread and ${concurrency} connections`, async () => {
    const hash = createHash("sha256");
    for (let left = SIZE; left > 0; left -= PIECE.length) {
      hash.update(PIECE.subarray(0, Math.min(left, PIECE.length)));
    }
    const descriptor = {
      mediaType: "application/vnd.oci.image.layer.v1.tar",
      digest: `sha256:${hash.digest("hex")}`,
      size: SIZE,
    };
    let asked = 0;
    const [outcome] = await transferBlobs(
      [{
        descriptor,
        open: () =>
          Promise.resolve({
            primary: zeroSink(),
            copies: [],
            source: "registry",
          }),
      }],
      {
        fetchBlob(_, { offset = 0, end = SIZE }: RangeOptions = {}) {
          asked += end - offset;
          return Promise.resolve({
            body: zeroes(end - offset),
            offset,
            partial: end - offset < SIZE,
            host: "registry.example",
          });
        },
      },
      { concurrency },
    );
    assertEquals(outcome!.downloaded, SIZE);
    // Among several, one that is slow may be helped out with its end.
    if (concurrency === 1) assertEquals(asked, SIZE);
  });
}
