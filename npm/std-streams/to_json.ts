/** `@std/streams/to-json` over the Fetch standard's body reader. */

/** All of a stream, parsed as JSON. */
export async function toJson(
  stream: ReadableStream<Uint8Array>,
): Promise<unknown> {
  return await new Response(stream as BodyInit).json();
}
