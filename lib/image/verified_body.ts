/** Bytes that are held against their descriptor while they are read. */

import { createHasher, parseDigest } from "./digest.ts";
import { ContentMismatchError } from "./errors.ts";
import type { Descriptor } from "./types.ts";

/**
 * Holds the body of a blob against its descriptor while it is read. The last
 * piece is passed on once all of them are right, so that what is wrong never
 * comes to its end.
 *
 * @param body Such as `Repository.fetchBlob()` gives, from the first byte on.
 * @param descriptor What it should be.
 * @returns The same bytes. Reading them throws {@linkcode ContentMismatchError}
 * where they are wrong, too many or too few; to cancel them cancels `body`.
 * @throws {InvalidDigestError} If the descriptor's digest is none.
 *
 * @example
 * ```ts ignore
 * import { openRepository, parseReference, verifiedBody } from "@x/docker-pull";
 *
 * const repository = openRepository(parseReference("nginx"), { fetch });
 * const { body } = await repository.fetchBlob(layer);
 * await verifiedBody(body, layer).pipeTo(file);
 * ```
 */
export function verifiedBody(
  body: ReadableStream<Uint8Array>,
  descriptor: Descriptor,
): ReadableStream<Uint8Array> {
  const hasher = createHasher(parseDigest(descriptor.digest).algorithm);
  let size = 0;
  let held: Uint8Array | undefined;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller) {
        size += piece.length;
        if (size > descriptor.size) {
          throw new ContentMismatchError(descriptor, { size });
        }
        hasher.update(piece);
        if (held) controller.enqueue(held);
        held = piece;
      },
      async flush(controller) {
        if (size !== descriptor.size) {
          throw new ContentMismatchError(descriptor, { size });
        }
        const digest = await hasher.digest();
        if (digest !== descriptor.digest) {
          throw new ContentMismatchError(descriptor, { digest });
        }
        if (held) controller.enqueue(held);
      },
    }),
  );
}
