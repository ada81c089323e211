/** The responses of `node:http` as those of `fetch`. */

import type http from "node:http";
import { onAbort } from "../image/abort.ts";
import { hasBody, plainResponse } from "./plain_response.ts";

/**
 * Makes a `Response` of what `node:http` received.
 *
 * @param incoming The message, of which nothing has been read.
 * @param method The request's method.
 * @param signal Ends the body.
 * @returns The response, whose body holds the connection back while nobody
 * reads, and fails where the connection ends too early.
 */
export function toResponse(
  incoming: http.IncomingMessage,
  method: string,
  signal: AbortSignal | null | undefined,
): Response {
  const headers = new Headers();
  const { rawHeaders, statusCode: status = 0, statusMessage } = incoming;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
  }
  const init = { status, statusText: statusMessage, headers };
  if (method === "HEAD" || !hasBody(status)) {
    const response = plainResponse(null, init);
    incoming.on("error", () => {});
    incoming.resume();
    return response;
  }
  return plainResponse(toStream(incoming, signal), init);
}

/** How many bytes may wait in a body before the connection is held. */
const HIGH_WATER_BYTES = 256 * 1024;

function toStream(
  incoming: http.IncomingMessage,
  signal: AbortSignal | null | undefined,
): ReadableStream<Uint8Array> {
  let stop = () => {};
  return new ReadableStream<Uint8Array>({
    start(controller) {
      let open = true;
      const finish = (error?: unknown) => {
        if (!open) return;
        stop();
        if (error !== undefined) controller.error(error);
        else if (incoming.complete) controller.close();
        else {
          controller.error(new Error("the connection closed before the end"));
        }
      };
      const forget = onAbort(signal, () => {
        finish(signal!.reason);
        incoming.destroy();
      });
      stop = () => {
        open = false;
        forget();
      };
      incoming.on("data", (chunk: Uint8Array) => {
        if (!open) return;
        controller.enqueue(
          new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength),
        );
        if ((controller.desiredSize ?? 0) <= 0) incoming.pause();
      });
      incoming.on("end", () => finish());
      incoming.on("error", finish);
      incoming.on("close", () => finish());
      incoming.pause();
    },
    pull() {
      incoming.resume();
    },
    cancel() {
      stop();
      incoming.destroy();
    },
  }, { highWaterMark: HIGH_WATER_BYTES, size: (chunk) => chunk.byteLength });
}
