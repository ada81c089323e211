/** However it ends, no connection to a daemon stays open. */

import { assertEquals, assertRejects } from "@std/assert";
import { saveImage } from "../../lib/copy/places/open_daemon.ts";
import { Daemon } from "../../lib/daemon/daemon.ts";
import { DaemonError } from "../../lib/image/errors.ts";
import { inFolder } from "../disk/folder.ts";
import { test } from "../harness.ts";
import {
  assertLeft,
  type FakeBehaviour,
  type FakeDaemon,
  startFakeDaemon,
} from "./fake_daemon.ts";

/** What is done with a daemon, after which nothing is open to it. */
function testClosed(
  name: string,
  behaviour: FakeBehaviour,
  body: (fake: FakeDaemon) => Promise<void>,
) {
  test(`no connection is left where ${name}`, () =>
    inFolder(async (folder) => {
      const fake = await startFakeDaemon(folder, behaviour);
      try {
        await body(fake);
        await assertLeft(fake);
      } finally {
        await fake.close();
      }
    }));
}

testClosed("the daemon is let go of", {}, async (fake) => {
  const daemon = new Daemon({ url: fake.url });
  await daemon.info();
  assertEquals(fake.open, 1);
  daemon.close();
  daemon.close();
});

testClosed("it is none that can be used", {
  version: { ApiVersion: "1.12" },
}, async (fake) => {
  await assertRejects(() => new Daemon({ url: fake.url }).info(), DaemonError);
});

testClosed("an answer ends with the connection", {
  raw: { "/images/x/json": 'HTTP/1.0 200 OK\r\n\r\n{"Id":"i","RootFS":{}}' },
}, async (fake) => {
  const daemon = new Daemon({ url: fake.url });
  const asked = daemon.inspect("x");
  while (fake.log.length === 0) {
    await new Promise((then) => setTimeout(then, 1));
  }
  await fake.close();
  assertEquals((await asked)?.id, "i");
});

testClosed("an abort comes before it is there", {}, async (fake) => {
  const controller = new AbortController();
  const { signal } = controller;
  const asked = new Daemon({ url: fake.url }, { signal }).info();
  controller.abort(new Error("enough"));
  await assertRejects(() => asked, Error, "enough");
  assertEquals(fake.log, []);
});

testClosed("an abort comes while nothing is asked", {}, async (fake) => {
  const controller = new AbortController();
  const { signal } = controller;
  await new Daemon({ url: fake.url }, { signal }).info();
  controller.abort(new Error("enough"));
});

testClosed("an abort comes amid an archive", {}, async (fake) => {
  const controller = new AbortController();
  const { signal } = controller;
  const { body } = await new Daemon({ url: fake.url }, { signal })
    .load(5_000_000);
  const writer = body.getWriter();
  writer.closed.catch(() => {});
  await writer.write(new Uint8Array(100_000));
  controller.abort(new Error("enough"));
  await assertRejects(() => writer.write(new Uint8Array(100_000)));
});

testClosed("an archive is broken off", {}, async (fake) => {
  const { body } = await new Daemon({ url: fake.url }).load(5_000_000);
  await body.abort();
});

testClosed("an archive is refused before any of it is sent", {
  early: "HTTP/1.1 500 X\r\nContent-Length: 2\r\n\r\n{}",
}, async (fake) => {
  const { body } = await new Daemon({ url: fake.url }).load(5_000_000);
  const writer = body.getWriter();
  const error = await assertRejects(() => writer.closed, DaemonError);
  assertEquals(error.code, "refused");
});

const SAVED = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntar";

testClosed("an image is saved", {
  raw: { "/images/x:latest/get": SAVED },
}, async (fake) => {
  const saved = await saveImage("x", fake.url, undefined);
  await saved.close();
});

testClosed("an image to be saved is not there", {}, async (fake) => {
  const error = await assertRejects(
    () => saveImage("x", fake.url, undefined),
    DaemonError,
  );
  assertEquals(error.code, "no-image");
});

testClosed("what is saved is let go of amid it", {
  raw: { "/images/x/get": SAVED },
}, async (fake) => {
  for await (const _ of new Daemon({ url: fake.url }).save("x")) break;
});
