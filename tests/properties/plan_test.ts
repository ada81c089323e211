/** What holds for the plan of every archive. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { planArchive } from "../../lib/archive/plan.ts";
import { BLOCK_SIZE } from "../../lib/archive/tar.ts";
import { formatReference } from "../../lib/reference.ts";
import { content, sha256 } from "../archive/content.ts";
import { test } from "../harness.ts";
import { references } from "./arbitraries.ts";

const sizes = fc.array(
  fc.oneof(
    fc.nat({ max: 2_000 }),
    fc.constantFrom(0, 512, 8 ** 11 - 1, 8 ** 11, 2 ** 43),
  ),
  { maxLength: 20 },
);

/** Layers need no bytes to be planned: the digest stands for the size. */
function planned(sizes: number[]) {
  return sizes.map((size) => ({
    mediaType: "application/vnd.oci.image.layer.v1.tar",
    digest: sha256(`${size}`),
    size,
  }));
}

test("no two pieces of an archive overlap, and none is out of place", () => {
  fc.assert(
    fc.property(references, sizes, (reference, sizes) => {
      const layers = planned(sizes);
      const plan = planArchive(content(layers, formatReference(reference)));
      const spans = [
        ...plan.pieces.map(({ offset, bytes }) => [offset, bytes.length]),
        ...[...plan.blobs.values()].map(({ offset, descriptor }) => [
          offset,
          descriptor.size,
        ]),
      ].sort(([a, m], [b, n]) => a! - b! || m! - n!);
      let end = 0;
      for (const [offset, length] of spans) {
        assertEquals(offset! % BLOCK_SIZE, 0);
        // Whatever lies between two pieces is the padding of the first.
        assert(offset! >= end && offset! - end < BLOCK_SIZE, `gap at ${end}`);
        end = offset! + length!;
      }
      assertEquals(plan.size, Math.ceil(end / BLOCK_SIZE) * BLOCK_SIZE + 1024);
      for (const { digest, size } of layers) {
        assertEquals(plan.blobs.get(digest)?.descriptor.size, size);
      }
      assertEquals(plan.blobs.size, new Set(sizes).size);
    }),
    { numRuns: 300 },
  );
});

test("the same image gives the same plan", () => {
  fc.assert(
    fc.property(references, sizes, (reference, sizes) => {
      const name = formatReference(reference);
      const plan = () => planArchive(content(planned(sizes), name));
      assertEquals(plan(), plan());
    }),
    { numRuns: 50 },
  );
});
