import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  listen,
  type Listener,
  type ListenOptions,
} from "../../lib/serve/listen.ts";
import { ListenError } from "../../lib/serve/listen_error.ts";
import type { RequestRecord } from "../../lib/serve/request_record.ts";
import { buildImage, type BuiltImage } from "../fixtures/mod.ts";
import { inFolder } from "../disk/folder.ts";
import { deferred, test } from "../harness.ts";
import { putLayout } from "./world.ts";

const small = await buildImage({ layers: 2 });
/** Larger than what sockets hold. */
const large = await buildImage({
  layers: [{ size: 24_000_000, compression: "none" }],
});

interface World {
  layout: string;
  listener: Listener;
  records: RequestRecord[];
  /** Sends bytes as they are, and gives what comes until the end. */
  raw(text: string): Promise<string>;
  stop(): Promise<void>;
}

function listening(
  image: BuiltImage,
  body: (world: World) => Promise<void>,
  options: ListenOptions = {},
): Promise<void> {
  return inFolder(async (folder) => {
    const layout = join(folder, "layout");
    await putLayout(layout, [{ content: image, name: "nginx:1" }]);
    const controller = new AbortController();
    const records: RequestRecord[] = [];
    const listener = await listen(layout, {
      port: 0,
      signal: controller.signal,
      onRequest: (record) => records.push(record),
      ...options,
    });
    const stop = async () => {
      controller.abort();
      await listener.closed;
    };
    try {
      await body({
        layout,
        listener,
        records,
        stop,
        raw: (text) => raw(listener.url, text),
      });
    } finally {
      await stop();
    }
  });
}

function raw(url: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    let answer = "";
    socket.setEncoding("latin1");
    socket.on("data", (data) => answer += data);
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
    socket.write(text, "latin1");
  });
}

const blobOf = (image: BuiltImage) =>
  `/v2/nginx/blobs/${image.layers[0]!.digest}`;

test("listen() sends whole blobs to many at once, by the same buffers", () =>
  listening(large, async ({ listener: { url, names }, records, stop }) => {
    assertEquals(names, ["library/nginx:1"]);
    const bytes = large.blobs.get(large.layers[0]!.digest)!;
    await Promise.all(Array.from({ length: 12 }, async () => {
      const response = await fetch(url + blobOf(large));
      const got = Buffer.from(await response.arrayBuffer());
      assert(got.equals(bytes));
    }));
    // A client may have it all before the server notes so.
    await stop();
    assertEquals(
      records.map(({ status, bytes }) => [status, bytes]),
      Array(12).fill([200, bytes.length]),
    );
  }));

test("listen() says of each request what became of it", () =>
  listening(small, async ({ listener: { url }, records, raw, stop }) => {
    const manifest = await fetch(`${url}/v2/nginx/manifests/1`);
    await manifest.arrayBuffer();
    const head = await fetch(url + blobOf(small), { method: "HEAD" });
    const size = small.layers[0]!.size;
    assertEquals(head.headers.get("content-length"), String(size));
    const put = await raw(
      "PUT /v2/nginx/manifests/2 HTTP/1.1\r\nHost: localhost\r\n" +
        "Content-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
    );
    assert(put.startsWith("HTTP/1.1 405"), put);
    // A client may have it all before the server notes so.
    await stop();
    assertEquals(
      records.map(({ method, status, broken }) => [method, status, broken]),
      [["GET", 200, false], ["HEAD", 200, false], ["PUT", 405, false]],
    );
    assertEquals(records[1]!.bytes, 0);
  }));

test("listen() takes no harm from what is sent to it", () =>
  listening(small, async ({ listener: { url }, raw }) => {
    const close = "Host: localhost\r\nConnection: close\r\n\r\n";
    const cases: [string, RegExp][] = [
      [`GET /v2/..%2f..%2fetc/passwd/tags/list HTTP/1.1\r\n${close}`, / 400 /],
      [`GET /v2/../../../etc/passwd HTTP/1.1\r\n${close}`, / 40[04] /],
      [`GET /../v2/ HTTP/1.1\r\n${close}`, / (?:404|200) /],
      [`GET /v2/a%00b/tags/list HTTP/1.1\r\n${close}`, / 400 /],
      [`GET /v2/${"a".repeat(300)}/tags/list HTTP/1.1\r\n${close}`, / 400 /],
      [`GET /v2/x/manifests/${"a".repeat(3000)} HTTP/1.1\r\n${close}`, / 404 /],
      [`BREW /v2/ HTTP/1.1\r\n${close}`, /^(?:HTTP\/1.1 4\d\d |$)/],
      [
        `GET /v2/ HTTP/1.1\r\nX: ${"a".repeat(200_000)}\r\n${close}`,
        /^(?:HTTP\/1.1 4(?:31|00) |$)/,
      ],
      ["\x16\x03\x01\x02\x00\x01", /^(?:HTTP\/1.1 400 |$)/],
      [`GET /v2/\x00 HTTP/1.1\r\n${close}`, /^(?:HTTP\/1.1 4\d\d |$)/],
    ];
    for (const [text, expected] of cases) {
      // What is no request is answered, or the connection ends.
      const ended = text.startsWith("\x16") ? `${text}\r\n\r\n` : text;
      const answer = await raw(ended);
      assert(expected.test(answer), `${text.slice(0, 60)}: ${answer}`);
      assert(!answer.includes("root:"));
    }
    assertEquals(await (await fetch(`${url}/v2/`)).text(), "{}\n");
  }));

test("listen() waits for no body that it does not want", () =>
  listening(small, async ({ raw }) => {
    // It would be open for as long as the client likes.
    const answer = await raw(
      "POST /v2/nginx/blobs/uploads/ HTTP/1.1\r\nHost: localhost\r\n" +
        "Content-Length: 100000\r\n\r\nx",
    );
    assert(answer.startsWith("HTTP/1.1 405"), answer);
  }));

test("listen() lets no page of elsewhere read along", () =>
  listening(small, async ({ raw }) => {
    const ask = (host: string, agent: string) =>
      raw(
        `GET /v2/ HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: ${agent}\r\n` +
          "Connection: close\r\n\r\n",
      );
    assert((await ask("evil.test:5000", "Mozilla/5.0")).includes(" 421 "));
    for (const host of ["localhost:5000", "127.0.0.1", "[::1]:80"]) {
      assert((await ask(host, "Mozilla/5.0")).includes(" 200 "), host);
    }
    // Virtual machines have names of their own for the one they run on.
    const inside = await ask("host.docker.internal:5000", "docker/28");
    assert(inside.includes(" 200 "), inside);
  }));

/** Asks for a large blob and takes only its beginning, until it is told. */
async function slowly(url: string, path: string) {
  const controller = new AbortController();
  const { signal } = controller;
  const response = await fetch(url + path, { signal });
  const reader = response.body!.getReader();
  let length = (await reader.read()).value!.length;
  return {
    stop: () => controller.abort(),
    async rest() {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return length;
        length += value.length;
      }
    },
  };
}

test("listen() ends with the answers that are on their way", () =>
  listening(large, async ({ listener, records, stop }) => {
    const client = await slowly(listener.url, blobOf(large));
    const ended = stop();
    const [length] = await Promise.all([client.rest(), ended]);
    assertEquals(length, large.layers[0]!.size);
    assertEquals(records[0]!.broken, false);
    await assertRejects(() => fetch(`${listener.url}/v2/`));
  }));

test("listen() waits no longer for them than it is told", () =>
  listening(large, async ({ listener, records, stop }) => {
    const client = await slowly(listener.url, blobOf(large));
    await stop();
    assertEquals(records.map(({ broken }) => broken), [true]);
    await client.rest().catch(() => {});
  }, { grace: 20 }));

test("listen() goes on when a client goes away", () => {
  const gone = deferred<RequestRecord>();
  return listening(large, async ({ listener }) => {
    const client = await slowly(listener.url, blobOf(large));
    client.stop();
    const { broken } = await gone.promise;
    assertEquals(broken, true);
    const again = await fetch(`${listener.url}/v2/`);
    assertEquals(await again.text(), "{}\n");
  }, { onRequest: (record) => gone.resolve(record) });
});

test("listen() sends no wrong bytes when a file changes under way", () =>
  listening(large, async ({ listener, layout }) => {
    const [layer] = large.layers;
    const path = join(layout, "blobs", "sha256", layer!.digest.slice(7));
    // One that was replaced is sent to its end: it is still open.
    const replaced = await slowly(listener.url, blobOf(large));
    await writeFile(`${path}.new`, large.blobs.get(layer!.digest)!);
    await rename(`${path}.new`, path);
    assertEquals(await replaced.rest(), layer!.size);
    // One that was written to is broken off before its end.
    const client = await slowly(listener.url, blobOf(large));
    await writeFile(path, new Uint8Array(layer!.size));
    await assertRejects(() => client.rest());
  }));

test("listen() tells why it cannot listen", () =>
  listening(small, async ({ listener, layout }) => {
    const port = Number(new URL(listener.url).port);
    const error = await assertRejects(
      () => listen(layout, { port }),
      ListenError,
    );
    assertEquals([error.code, error.host, error.port], [
      "EADDRINUSE",
      "127.0.0.1",
      port,
    ]);
  }));
