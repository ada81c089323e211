/** `@std/streams/to-bytes` over the Fetch standard's body reader. */

/** All of a stream, as one array. */
export async function toBytes(
  stream: ReadableStream<Uint8Array>,
): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream as BodyInit).arrayBuffer());
}
