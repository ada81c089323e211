/** An archive as a stream of bytes, made while it is read. */

import { checkOptions } from "../image/options.ts";
import type { Reference } from "../image/reference.ts";
import { pullImages } from "./pull.ts";
import { readRequests } from "./sets/set_requests.ts";
import {
  PULL_RULES,
  type PullOptions,
  type PullRequest,
} from "./pull_options.ts";

/** How an archive is streamed: as it is pulled, but for where it goes. */
export type StreamOptions = Omit<
  PullOptions,
  "output" | "force" | "split" | "part"
>;

const {
  output: _,
  force: __,
  split: ___,
  part: ____,
  ...STREAM_RULES
} = PULL_RULES;

/**
 * Gives the archive of an image, or of several, as a stream, with the very
 * bytes that {@linkcode pull} and {@linkcode pullImages} would write to a file. Nothing is asked for before the first
 * read. Layers come side by side; each is passed on once it is verified and its
 * turn has come. What is there early waits in the cache, or with
 * `cacheDir: false` in a folder for temporary files, of which it takes no more
 * than 1 GiB or one layer.
 *
 * The stream fails as {@linkcode pull} would throw, and then lacks the end of
 * the archive. A reader that cancels ends the pull.
 *
 * @param images The image, or a list of them.
 * @param options How.
 * @throws {TypeError} For an option that there is not, or a value of a type
 * that it cannot have.
 * @throws {RangeError} For a value that is out of an option's range.
 * @throws {InvalidReferenceError} If the reference is none.
 * @throws {InvalidSetError} If the list makes no sense.
 *
 * @example
 * ```ts ignore
 * import { archiveStream } from "@x/docker-pull";
 *
 * Deno.serve(() => new Response(archiveStream("nginx")));
 * ```
 */
export function archiveStream(
  images: string | Reference | readonly (string | Reference | PullRequest)[],
  options: StreamOptions = {},
): ReadableStream<Uint8Array> {
  checkOptions("stream the archive", options, STREAM_RULES);
  // What is wrong with the call is told at the call.
  const list: readonly (string | Reference | PullRequest)[] =
    Array.isArray(images) ? images : [images];
  readRequests(list, options.platform, true);
  const gone = new AbortController();
  const { signal = gone.signal } = options;
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let pulling: Promise<unknown> | undefined;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (!reader) {
        const { readable, writable } = new TransformStream<Uint8Array>();
        reader = readable.getReader();
        pulling = pullImages(list, {
          ...options,
          output: writable,
          signal: AbortSignal.any([signal, gone.signal]),
        }).catch(() => {}); // the reader is told
      }
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
      } catch (error) {
        // Nothing of it is left once the end is told.
        await pulling;
        throw error;
      }
      await pulling;
      controller.close();
    },
    async cancel(reason) {
      gone.abort(reason);
      await reader?.cancel(reason).catch(() => {});
      await pulling;
    },
  }, { highWaterMark: 0 });
}
