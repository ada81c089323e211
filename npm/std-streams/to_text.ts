/** `@std/streams/to-text` over the Fetch standard's body reader. */

/** All of a stream, decoded from UTF-8. */
export async function toText(
  stream: ReadableStream<Uint8Array>,
): Promise<string> {
  return await new Response(stream as BodyInit).text();
}
