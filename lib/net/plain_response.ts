/** A `Response` whose body comes another way than by `fetch`. */

/** Statuses whose responses have no body, and must not be given one. */
const NO_BODY = new Set([204, 205, 304]);

/**
 * Whether a response of this status can have a body.
 *
 * @param status The status.
 * @returns False for 204, 205 and 304.
 */
export function hasBody(status: number): boolean {
  return !NO_BODY.has(status);
}

/**
 * Makes a `Response` with any status. The constructor takes none but 200 to
 * 599, though servers send others, such as 999, and a runtime's own `fetch`
 * hands those on.
 *
 * @param body The body; none for a status that has none.
 * @param init Status, words and headers as they came.
 * @returns The response.
 */
export function plainResponse(
  body: ReadableStream<Uint8Array> | null,
  init: { status: number; statusText?: string; headers: HeadersInit },
): Response {
  const { status } = init;
  if (status >= 200 && status <= 599) return new Response(body, init);
  const response = new Response(body, { ...init, status: 599 });
  return Object.defineProperty(response, "status", { value: status });
}
