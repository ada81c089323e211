/** What HTTP allows on the wire and few servers send, by every way a request takes. */

import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { NetworkError, RegistryError } from "../../lib/image/errors.ts";
import { HttpClient } from "../../lib/net/http.ts";
import { createNodeFetch } from "../../lib/net/node_fetch.ts";
import { isRetryable } from "../../lib/net/retry.ts";
import { createTransport } from "../../lib/net/transport.ts";
import { Thread } from "../../lib/transfer/thread.ts";
import type { Fetch } from "../../lib/image/types.ts";
import { RawServer } from "../faults/raw_server.ts";
import { test } from "../harness.ts";

/** Sends to a server that answers with these bytes, in every way there is. */
async function byEveryWay(
  answer: string,
  use: (http: HttpClient, url: string, way: string) => Promise<void>,
): Promise<void> {
  const bytes = Uint8Array.from(answer, (letter) => letter.charCodeAt(0));
  const server = await RawServer.start(async (_, connection) => {
    // Nothing that belongs together need arrive together.
    for (let at = 0; at < bytes.length; at += 997) {
      await connection.write(bytes.subarray(at, at + 997));
    }
    return true;
  });
  const transport = createTransport();
  const node = createNodeFetch({ tls: () => ({}) });
  const thread = new Thread();
  const ways: [string, Fetch][] = [
    ["the runtime's", transport.fetch],
    ["node's", node.fetch],
    ["a thread's", (url, init) => transport.fetch(url, { ...init, thread })],
  ];
  try {
    for (const [way, fetch] of ways) {
      const http = new HttpClient({ fetch, timeout: 10_000 });
      await use(http, `http://${server.host}/`, way);
    }
  } finally {
    transport.close();
    node.close();
    thread.close();
    await server.close();
  }
}

const TEXT = "0123456789".repeat(2_000);

/** An answer in chunks, each with an extension, and trailers at the end. */
function chunked(extension: string, trailers: string): string {
  const chunks = TEXT.match(/.{1,1000}/g)!.map((piece) =>
    `${piece.length.toString(16)}${extension}\r\n${piece}\r\n`
  );
  return `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${
    chunks.join("")
  }0${extension}\r\n${trailers}\r\n`;
}

for (
  const [extension, trailers] of [
    ["", "x-amz-checksum-crc32: AAAA\r\nx-more: \r\n"],
    [";last", ""],
    [";name=value;other", "x-checksum: 1\r\n"],
    [';quoted="a;b\\"c"', "x-checksum: 1\r\n"],
    [`;chunk-signature=${"a".repeat(64)}`, "x-amz-trailer-signature: 1\r\n"],
  ] as const
) {
  test(
    `chunks with ${JSON.stringify(extension.slice(0, 30))} and trailers ${
      JSON.stringify(trailers)
    } are read`,
    async () => {
      await byEveryWay(chunked(extension, trailers), async (http, url, way) => {
        // Twice, as the connection is good for another request.
        for (const _ of [1, 2]) {
          const bytes = await http.read(await http.send(url), 50_000, "text");
          assertEquals(new TextDecoder().decode(bytes), TEXT, way);
        }
      });
    },
  );
}

test("chunks that make no sense are told as that, and what is missing is asked for again", async () => {
  const answer = chunked("", "").replace("3e8\r\n", "3e8\r\n!");
  await byEveryWay(answer, async (http, url, way) => {
    const error = await assertRejects(
      async () => await http.read(await http.send(url), 50_000, "text"),
      NetworkError,
    );
    // A runtime's own fetch may not say what is wrong with a body.
    if (way !== "node's") return;
    assertEquals(error.code, "no-http");
    // What came before counts, and the rest may come right.
    assertEquals(isRetryable(error), true);
  });
});

for (const status of [600, 999]) {
  test(`an answer of status ${status} is a refusal with its words`, async () => {
    const answer = `HTTP/1.1 ${status} Request denied\r\n` +
      "content-length: 14\r\n\r\nwe know better";
    await byEveryWay(answer, async (http, url, way) => {
      const exchange = await http.send(url);
      assertEquals(exchange.response.ok, false);
      const error = await http.toError(exchange);
      assertInstanceOf(error, RegistryError);
      assertEquals(error.status, status, way);
      assertEquals(error.errors[0]?.message, "we know better", way);
    });
  });
}
