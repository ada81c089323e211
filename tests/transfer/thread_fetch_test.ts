/** Requests that a thread sends, and bodies that stay there. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FileSlot } from "../../lib/disk/file_slot.ts";
import { PartialFile } from "../../lib/disk/partial_file.ts";
import { NetworkError } from "../../lib/image/errors.ts";
import { pull } from "../../lib/copy/pull.ts";
import { createTransport } from "../../lib/net/transport.ts";
import { Thread } from "../../lib/transfer/thread.ts";
import type { ThreadBody } from "../../lib/transfer/thread_body.ts";
import { transferBlobs } from "../../lib/transfer/transfer.ts";
import type { FetchInit, FetchThread } from "../../lib/image/types.ts";
import { inFolder } from "../disk/folder.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";
import { type Loopback, serve } from "../net/loopback.ts";
import { checkArchive } from "../soak/check.ts";
import { blob, from } from "./blobs.ts";

/** Whether this runtime's transport can send from threads. */
const able = {};

/** A server, a thread, and what sends requests from it. */
async function inWorld(
  handler: Parameters<typeof serve>[0],
  body: (world: {
    server: Loopback;
    thread: Thread;
    fetch: (path: string, init?: FetchInit) => Promise<Response>;
  }) => Promise<void>,
): Promise<void> {
  const server = await serve(handler);
  const thread = new Thread();
  const transport = createTransport();
  try {
    await body({
      server,
      thread,
      fetch: (path, init) =>
        transport.fetch(`http://localhost:${server.port}${path}`, {
          redirect: "manual",
          ...init,
          thread,
        }),
    });
  } finally {
    transport.close();
    thread.close();
    await server.close();
  }
}

test(
  "a thread's answers have status, headers and body",
  able,
  () =>
    inWorld((request, response) => {
      response.setHeader(
        "x-asked",
        `${request.method} ${request.headers["x-a"]}`,
      );
      if (request.url === "/none") return void response.writeHead(204).end();
      if (request.url === "/away") {
        return void response.writeHead(307, { location: "/there" }).end(
          "moved",
        );
      }
      response.writeHead(404, "Gone Astray").end("not here");
    }, async ({ fetch, thread }) => {
      const lost = await fetch("/lost", { headers: { "x-a": "b" } });
      assertEquals(lost.status, 404);
      assertEquals(lost.headers.get("x-asked"), "GET b");
      assert(thread.bodyOf(lost.body!) !== undefined);
      assertEquals(await lost.text(), "not here");
      const away = await fetch("/away", { method: "HEAD" });
      assertEquals([away.status, away.headers.get("location")], [
        307,
        "/there",
      ]);
      assertEquals(away.headers.get("x-asked"), "HEAD undefined");
      const none = await fetch("/none");
      assertEquals([none.status, none.body], [204, null]);
    }),
);

test("a thread's requests end with the signal's reason", able, () => {
  const closed: string[] = [];
  const silent = new AbortController();
  return inWorld((request, response) => {
    response.on("close", () => closed.push(request.url!));
    if (request.url === "/amid") response.write("some");
    else setTimeout(() => silent.abort(new Error("enough")), 50);
  }, async ({ fetch }) => {
    const over = new AbortController();
    over.abort(new Error("over"));
    await assertRejects(
      () => fetch("/never", { signal: over.signal }),
      Error,
      "over",
    );
    await assertRejects(
      () => fetch("/silent", { signal: silent.signal }),
      Error,
      "enough",
    );
    const amid = new AbortController();
    const { body } = await fetch("/amid", { signal: amid.signal });
    const reader = body!.getReader();
    assertEquals(new TextDecoder().decode((await reader.read()).value), "some");
    setTimeout(() => amid.abort(new Error("stop")), 50);
    const rest = reader.read().then(({ done }) => done, () => true);
    assert(await rest);
    for (let i = 0; i < 100 && closed.length < 2; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assertEquals(closed.toSorted(), ["/amid", "/silent"]);
  });
});

const { descriptor, bytes } = blob(3_000_000);

/** A file that a blob is received into, in the thread of its body. */
function receiving(
  handler: Parameters<typeof serve>[0],
  body: (world: {
    file: PartialFile;
    source: ThreadBody;
    writer: ReturnType<Thread["writer"]>;
  }) => Promise<void>,
): Promise<void> {
  return inFolder((folder) =>
    inWorld(handler, async ({ fetch, thread }) => {
      const file = await PartialFile.open(join(folder, "blob"), {
        id: "x",
        size: bytes.length,
      });
      const slot = new FileSlot(file, 0, bytes.length);
      const writer = thread.writer(
        { descriptor, primary: slot, copies: [], algorithm: "sha256" },
        [slot.region],
      );
      try {
        const response = await fetch("/blob");
        const source = thread.bodyOf(response.body!)!;
        await body({ file, source, writer });
        source.cancel();
      } finally {
        await writer.close();
        await file.close();
      }
    })
  );
}

test(
  "a thread receives a body where it belongs, and hashes it",
  able,
  () =>
    receiving(
      (_, response) => void response.end(bytes),
      async ({ file, source, writer }) => {
        let position = 0;
        for (let ended = false; !ended;) {
          const most = 700_000;
          const step = await writer.receive(source, position, most, true);
          assert(step.count <= most);
          assertEquals(step.broken, undefined);
          position += step.count;
          ended = step.ended;
        }
        assertEquals(position, bytes.length);
        assertEquals(await writer.digest(), descriptor.digest);
        assertEquals(file.present.ranges, [[0, bytes.length]]);
        assert((await readFile(file.path)).equals(bytes));
      },
    ),
);

test(
  "a thread tells what has come of a body that breaks off",
  able,
  () =>
    receiving((_, response) => {
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, 1_000_000));
      setTimeout(() => response.destroy(), 100);
    }, async ({ file, source, writer }) => {
      let position = 0;
      for (let i = 0; i < 50; i++) {
        const step = await writer.receive(source, position, 2 ** 20, true);
        position += step.count;
        if (step.broken || step.ended) break;
        assert(i < 49);
      }
      // What was on its way to a buffer is lost with it.
      assert(0 < position && position <= 1_000_000);
      assertEquals(file.present.ranges, [[0, position]]);
      const found = await readFile(file.path);
      assert(found.subarray(0, position).equals(bytes.subarray(0, position)));
    }),
);

test(
  "a thread answers soon where few bytes come",
  able,
  () =>
    receiving((_, response) => {
      const timer = setInterval(() => response.write("few"), 20);
      response.on("close", () => clearInterval(timer));
    }, async ({ source, writer }) => {
      const { count, ended } = await writer.receive(source, 0, 2 ** 20, true);
      assert(!ended && count > 0 && count < 1000, `${count}`);
    }),
);

test(
  "what another thread receives is hashed in its turn",
  able,
  () =>
    inFolder(async (folder) => {
      const size = bytes.length;
      // The end comes so slowly that the beginning is there long before it.
      const server = await serve((request, response) => {
        const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(
          request.headers.range!,
        )!;
        const part = bytes.subarray(Number(from), Number(to) + 1);
        response.writeHead(206, {
          "content-length": part.length,
          "content-range": `bytes ${from}-${to}/${size}`,
        });
        if (from === "0") return void response.end(part);
        const segment = Math.ceil(part.length / 12);
        let sent = 0;
        const timer = setInterval(() => {
          response.write(part.subarray(sent, sent += segment));
          if (sent < part.length) return;
          clearInterval(timer);
          response.end();
        }, 60);
        response.on("close", () => clearInterval(timer));
      });
      const transport = createTransport();
      const file = await PartialFile.open(join(folder, "blob"), {
        id: descriptor.digest,
        size,
      });
      const threads = new Set<FetchThread | undefined>();
      try {
        const [outcome] = await transferBlobs(
          from([{
            descriptor,
            open: () =>
              Promise.resolve({
                primary: new FileSlot(file, 0, size),
                copies: [],
                source: "registry",
              }),
          }], {
            async fetchBlob(
              _,
              { offset = 0, end = size, signal, thread } = {},
            ) {
              threads.add(thread);
              const { body } = await transport.fetch(
                `http://localhost:${server.port}/`,
                {
                  headers: { range: `bytes=${offset}-${end - 1}` },
                  ...(signal && { signal }),
                  ...(thread && { thread }),
                },
              );
              return { body: body!, offset, partial: true, host: "localhost" };
            },
          }),
          { concurrency: 2, minSegment: 2 ** 20, threads: true },
        );
        assertEquals(outcome!.downloaded, size);
        assertEquals(threads.size, 2);
        assert(!threads.has(undefined));
        assert((await readFile(file.path)).equals(bytes));
      } finally {
        await file.discard();
        transport.close();
        await server.close();
      }
    }),
);

for (const threads of [true, false]) {
  test(`pull() brings an image ${threads ? "with" : "without"} threads`, () =>
    inFolder(async (folder) => {
      const registry = new FakeRegistry();
      const image = await buildImage({
        layers: [{ size: 9_000_000 }, { size: 70_000, seed: "b" }, {}],
      });
      registry.add("some/app", image, "1");
      const served = await registry.serve();
      const transport = createTransport();
      const inThreads: boolean[] = [];
      try {
        for (const cache of ["cache", undefined]) {
          const output = join(folder, `${cache}.tar`);
          const result = await pull(`${served.host}/some/app:1`, {
            platform: "linux/amd64",
            output,
            cacheDir: cache !== undefined && join(folder, cache),
            plainHttp: true,
            threads,
            fetch: (url, init) => {
              if (init?.thread) inThreads.push(true);
              return transport.fetch(url, init);
            },
          });
          assert(!result.upToDate);
          await checkArchive(output, [{ tag: "1", image, size: 0 }]);
        }
        assertEquals(inThreads.length > 0, threads);
      } finally {
        transport.close();
        await served.close();
      }
    }));
}

test(
  "pull() says what a thread's server did",
  able,
  () =>
    inFolder(async (folder) => {
      const registry = new FakeRegistry();
      const image = await buildImage({ layers: [{ size: 2_000_000 }] });
      registry.add("some/app", image, "1");
      const layer = [...image.blobs].find(([, { length }]) =>
        length > 1_000_000
      );
      registry.fault = ({ path }) =>
        path.includes(layer![0]) ? { closeAfter: 0 } : undefined;
      const served = await registry.serve();
      try {
        const error = await assertRejects(
          () =>
            pull(`${served.host}/some/app:1`, {
              platform: "linux/amd64",
              output: join(folder, "image.tar"),
              cacheDir: false,
              plainHttp: true,
              threads: true,
              retries: 1,
              sleep: () => Promise.resolve(),
            }),
          NetworkError,
        );
        assertEquals(error.kind, "truncated", error.message);
      } finally {
        await served.close();
      }
    }),
);

for (const threads of [true, false]) {
  test(`pull() leaves a mirror that crawls, ${threads ? "with" : "without"} threads`, () =>
    inFolder(async (folder) => {
      const image = await buildImage({
        layers: [{ size: 3_000_000 }, { size: 900_000, seed: "b" }],
      });
      const [origin, mirror] = [new FakeRegistry(), new FakeRegistry()];
      for (const registry of [origin, mirror]) {
        registry.add("some/app", image, "1");
      }
      mirror.chunkSize = 1;
      mirror.bytesPerSecond = 20;
      const served = await Promise.all([origin.serve(), mirror.serve()]);
      const [{ host }, { url }] = served as [
        typeof served[0],
        typeof served[0],
      ];
      const transport = createTransport();
      const output = join(folder, "image.tar");
      try {
        await pull(`${host}/some/app:1`, {
          platform: "linux/amd64",
          output,
          cacheDir: false,
          plainHttp: true,
          mirrors: [{ registry: host, urls: [url] }],
          threads,
          timeout: 2_000,
          // What is no layer comes as it is.
          fetch: (address, init) => {
            const { pathname } = new URL(address);
            const slow = image.layers.some(({ digest }) =>
              pathname.endsWith(digest)
            );
            const to = !slow && address.startsWith(url)
              ? address.replace(url, `http://${host}`)
              : address;
            return transport.fetch(to, init);
          },
        });
        await checkArchive(output, [{ tag: "1", image, size: 0 }]);
        assert(mirror.requests.length <= 4, `${mirror.requests.length}`);
      } finally {
        transport.close();
        for (const each of served) await each.close();
      }
    }));
}
