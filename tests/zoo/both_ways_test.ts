/**
 * The whole zoo over a wire, by `fetch` and by the short way: the same bytes,
 * the same events, the same errors.
 */

import { assert, assertEquals } from "@std/assert";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pull } from "../../lib/copy/pull.ts";
import type { PullOptions } from "../../lib/copy/pull_options.ts";
import type { PullEvent } from "../../lib/image/events.ts";
import type { Fetch } from "../../lib/image/types.ts";
import { createTransport } from "../../lib/net/transport.ts";
import { sha256 } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { serve } from "../registry_server/serve.ts";
import { blobs } from "./hostile/blobs.ts";
import { redirects } from "./hostile/redirects.ts";
import type { Row } from "./hostile/row.ts";
import { REFERENCE, World } from "./hostile/world.ts";
import { onScene } from "./scene.ts";
import { ALL } from "./species/all.ts";

/** Names the address that is meant; all of them are one server's here. */
const MEANT = "x-meant-for";

/** How often a body stayed in a thread. */
let inThreads = 0;

/** Runs with a `fetch` that leads to another one over a wire. */
async function overWire<T>(
  short: boolean,
  fetch: Fetch,
  body: (fetch: Fetch) => Promise<T>,
): Promise<T> {
  const served = await serve(async (request) => {
    const headers = new Headers(request.headers);
    const meant = headers.get(MEANT)!;
    for (const name of [MEANT, "host", "connection"]) headers.delete(name);
    const text = await request.text();
    return await fetch(meant, {
      method: request.method,
      headers,
      redirect: "manual",
      signal: request.signal,
      body: text === "" ? undefined : text,
    });
  });
  const transport = createTransport({ proxy: () => undefined });
  try {
    return await body(async (address, init = {}) => {
      const headers = new Headers(init.headers);
      headers.set(MEANT, address);
      if (short && init.thread) inThreads++;
      return await transport.fetch(served.url, {
        ...init,
        headers,
        thread: short ? init.thread : undefined,
      });
    });
  } finally {
    transport.close();
    await served.close();
  }
}

/** What was told, without what depends on the moment, and in no order. */
function told(events: PullEvent[]): string[] {
  return events.filter(({ type }) => type !== "blob-progress").map((event) =>
    JSON.stringify(event, (name, value) => {
      if (/^(duration|elapsed|delay|time)$/.test(name)) return undefined;
      // Each runtime has its own words for the cause of the same kind.
      return name === "error" ? [value.name, value.kind] : value;
    })
  ).toSorted();
}

for (const facts of ALL) {
  const { name, closed, open } = facts;
  for (const broken of [false, true]) {
    const what = `${name}, both ways${broken ? ", and breaks off" : ""}`;
    test(what, async () => {
      const outcomes: unknown[] = [];
      for (const short of [false, true]) {
        await onScene(facts, async (scene) => {
          const { zoo, folder } = scene;
          if (broken) zoo.breakBlobs(65_536);
          const login = closed ? zoo.login("right") : undefined;
          await overWire(short, zoo.fetch, async (fetch) => {
            const { result, events } = await scene.pullOk(
              closed ?? open!,
              login,
              { fetch, threads: true },
            );
            outcomes.push({
              digest: sha256(readFileSync(join(folder, "image.tar"))),
              downloaded: result!.downloaded,
              events: told(events).map((event) => event.replaceAll(folder, "")),
            });
          });
        });
      }
      assertEquals(outcomes[1], outcomes[0]);
    });
  }
}

async function play(row: Row, short: boolean): Promise<unknown> {
  const { answers = {}, prepare, options } = row;
  const world = new World(answers);
  prepare?.(world);
  const { zoo } = world;
  const folder = mkdtempSync(join(tmpdir(), "docker-pull-ways-"));
  const output = join(folder, "image.tar");
  const events: PullEvent[] = [];
  let error: unknown;
  const own: PullOptions = {
    platform: "linux/amd64",
    output,
    cacheDir: join(folder, "cache"),
    concurrency: 1,
    threads: true,
    ...zoo.client(zoo.login("right")),
    lookup: () => Promise.resolve(["192.0.2.1"]),
    onEvent: (event) => events.push(event),
    ...options,
  };
  try {
    await overWire(short, zoo.fetch, async (fetch) => {
      await pull(REFERENCE, { ...own, fetch });
    });
  } catch (thrown) {
    error = thrown;
  }
  try {
    const { name, kind } = error as { name?: string; kind?: string } ?? {};
    // Where all layers are wrong, it is chance which one ends the pull.
    return {
      error: [name, kind],
      there: existsSync(output) && sha256(readFileSync(output)),
      events: error
        ? []
        : told(events.filter(({ type }) => type === "warning")),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// Those in which something is wrong with blobs, or the way to them.
for (const [what, rows] of Object.entries({ redirects, blobs })) {
  test(`hostile, both ways: ${what}`, async () => {
    for (const row of rows) {
      assertEquals(await play(row, true), await play(row, false), row.what);
    }
  });
}

test("both ways: the short one was taken", () => {
  assert(inThreads > 100, `${inThreads}`);
});
