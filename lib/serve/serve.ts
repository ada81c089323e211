/** An archive, a layout or the cache as a registry, for any server. */

import { CALL, checkOptions, type Rules } from "../image/options.ts";
import type { FileBody } from "./file_body.ts";
import { type ServeOptions, Site } from "./site.ts";

/** What those options may be. */
export const SERVE_RULES: Rules<ServeOptions> = { onProblem: CALL };

/** The bytes that are read at a time. */
const PIECE_BYTES = 256 * 1024;

/**
 * Serves images as a read-only registry, straight from a file: an archive of
 * {@linkcode pull}, `docker save`, `podman save` or skopeo, the folder of an
 * OCI image layout, or the cache. What lies there may be added to or replaced
 * while it is served.
 *
 * @param path The file or folder. It is opened by the first request.
 * @param options How to do so.
 * @returns What answers requests, as `Deno.serve` and `Bun.serve` take it; for
 * Node, and for all three where bytes have to be fast, there is
 * {@linkcode listen}.
 * @throws {TypeError} For an option that there is not.
 *
 * @example
 * ```ts ignore
 * import { serve } from "@x/docker-pull";
 *
 * Deno.serve({ hostname: "127.0.0.1", port: 5000 }, serve("all.tar"));
 * ```
 */
export function serve(
  path: string,
  options: ServeOptions = {},
): (request: Request) => Promise<Response> {
  checkOptions("serve", options, SERVE_RULES);
  const site = new Site(path, options);
  return async (request) => {
    const { method, url, headers } = request;
    const { status, headers: told, body } = await site.answer({
      method,
      target: url,
      header: (name) => headers.get(name) ?? undefined,
    });
    return new Response(
      body === undefined || body instanceof Uint8Array ? body : stream(body),
      { status, headers: told },
    );
  };
}

function stream(body: FileBody): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      try {
        const buffer = new Uint8Array(Math.min(PIECE_BYTES, body.left));
        const piece = await body.read(buffer);
        if (piece.length > 0) controller.enqueue(piece);
        if (body.left > 0) return;
        await body.close();
        controller.close();
      } catch (error) {
        await body.close();
        controller.error(error);
      }
    },
    cancel: () => body.close(),
  }, { highWaterMark: 0 });
}
