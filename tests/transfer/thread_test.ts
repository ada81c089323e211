import { from } from "./blobs.ts";
import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { FileSlot } from "../../lib/disk/file_slot.ts";
import { PartialFile } from "../../lib/disk/partial_file.ts";
import { transferBlobs } from "../../lib/transfer/transfer.ts";
import type { RangeOptions } from "../../lib/image/types.ts";
import { inFolder } from "../disk/folder.ts";
import { test } from "../harness.ts";

const SEGMENT = new Uint8Array(512 * 1024);
/** Enough for a thread of its own. */
const SIZE = 200 * SEGMENT.length + 1234;

function zeroes(length: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const part = SEGMENT.slice(0, Math.min(length, SEGMENT.length));
      length -= part.length;
      controller.enqueue(part);
      if (length === 0) controller.close();
    },
  });
}

for (const concurrency of [1, 3]) {
  test(`transferBlobs() fetches each byte once with writing threads and ${concurrency} connections`, () =>
    inFolder(async (folder) => {
      const hash = createHash("sha256");
      for (let left = SIZE; left > 0; left -= SEGMENT.length) {
        hash.update(SEGMENT.subarray(0, Math.min(left, SEGMENT.length)));
      }
      const descriptor = {
        mediaType: "application/vnd.oci.image.layer.v1.tar",
        digest: `sha256:${hash.digest("hex")}`,
        size: SIZE,
      };
      const file = await PartialFile.open(join(folder, "blob"), {
        id: descriptor.digest,
        size: SIZE,
      });
      let asked = 0;
      const [outcome] = await transferBlobs(
        from([{
          descriptor,
          open: () =>
            Promise.resolve({
              primary: new FileSlot(file, 0, SIZE),
              copies: [],
              source: "registry",
            }),
        }], {
          fetchBlob(_, { offset = 0, end = SIZE }: RangeOptions = {}) {
            asked += end - offset;
            return Promise.resolve({
              body: zeroes(end - offset),
              offset,
              partial: end - offset < SIZE,
              host: "registry.example",
            });
          },
        }),
        { concurrency },
      );
      assertEquals(outcome!.downloaded, SIZE);
      // Among several, one that is slow may be helped out with its end.
      if (concurrency === 1) assertEquals(asked, SIZE);
      assertEquals(file.present.ranges, [[0, SIZE]]);
      await file.discard();
    }));
}
