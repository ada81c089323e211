/** What holds for the plan of every archive. */
import { assert, assertEquals } from "@std/assert";
import { toBytes } from "@std/streams/to-bytes";
import { UntarStream } from "@std/tar";
import fc from "fast-check";
import type { FileHandle } from "node:fs/promises";
import type { ArchivePlan } from "../../lib/archive/plan.ts";
import { BLOCK_SIZE } from "../../lib/archive/tar.ts";
import { formatReference } from "../../lib/image/reference.ts";
import { listTar } from "../../lib/archive/reader/tar_entries.ts";
import { content, planOf, sha256 } from "../archive/content.ts";
import { test } from "../harness.ts";
import { references } from "./arbitraries.ts";
import { runs } from "./runs.ts";

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
      const plan = planOf(content(layers, formatReference(reference)));
      const spans = [
        ...plan.regions.map(({ offset, bytes }) => [offset, bytes.length]),
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
    runs(300),
  );
});

test("the same image gives the same plan", () => {
  fc.assert(
    fc.property(references, sizes, (reference, sizes) => {
      const name = formatReference(reference);
      const plan = () => planOf(content(planned(sizes), name));
      assertEquals(plan(), plan());
    }),
    runs(50),
  );
});

/** A file that holds the plan's own bytes, and zeros for its layers. */
function handleOf(plan: ArchivePlan): FileHandle {
  return {
    read(buffer: Uint8Array, start: number, length: number, position: number) {
      const count = Math.max(0, Math.min(length, plan.size - position));
      const part = buffer.subarray(start, start + count).fill(0);
      for (const { bytes, offset } of plan.regions) {
        if (offset >= position + count || offset + bytes.length <= position) {
          continue;
        }
        const from = Math.max(0, position - offset);
        const to = Math.min(bytes.length, position + count - offset);
        part.set(bytes.subarray(from, to), offset + from - position);
      }
      return Promise.resolve({ bytesRead: count, buffer });
    },
  } as unknown as FileHandle;
}

test("other readers of tars find in an archive what was planned", async () => {
  await fc.assert(
    fc.asyncProperty(references, sizes, async (reference, sizes) => {
      const plan = planOf(
        content(planned(sizes), formatReference(reference)),
      );
      const listing = await listTar(handleOf(plan), plan.size);
      assertEquals([listing?.failure, listing?.endless], [
        undefined,
        undefined,
      ]);
      const found = new Map(
        listing!.entries.filter(({ type }) => type === "file")
          .map(({ name, size, offset }) => [name, [size, offset]]),
      );
      assertEquals(found.size, listing!.entries.length);
      for (const [digest, { offset, descriptor }] of plan.blobs) {
        assertEquals(found.get(`blobs/${digest.replace(":", "/")}`), [
          descriptor.size,
          offset,
        ]);
      }
      // That one goes through all bytes, so it gets no large archives.
      if (plan.size > 200_000) return;
      const handle = handleOf(plan);
      const bytes = new Uint8Array(plan.size);
      await handle.read(bytes, 0, plan.size, 0);
      const names: string[] = [];
      const stream = new Blob([bytes]).stream().pipeThrough(new UntarStream());
      for await (const { path, header, readable } of stream) {
        names.push(path);
        const data = await toBytes(readable!);
        assertEquals([header.size, data.length], [
          found.get(path)![0],
          header.size,
        ]);
      }
      assertEquals(names, [...found.keys()]);
    }),
    runs(150),
  );
});
