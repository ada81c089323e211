import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { Daemon } from "../../lib/daemon/daemon.ts";
import { DaemonError, type DaemonProblem } from "../../lib/image/errors.ts";
import { inFolder } from "../disk/folder.ts";
import { test } from "../harness.ts";
import {
  type FakeBehaviour,
  type FakeDaemon,
  startFakeDaemon,
} from "./fake_daemon.ts";

function testDaemon(
  name: string,
  behaviour: FakeBehaviour,
  body: (daemon: Daemon, fake: FakeDaemon) => Promise<void>,
) {
  test(name, () =>
    inFolder(async (folder) => {
      const fake = await startFakeDaemon(folder, behaviour);
      const daemon = new Daemon({ url: fake.url });
      try {
        await body(daemon, fake);
      } finally {
        daemon.close();
        await fake.close();
      }
    }));
}

testDaemon(
  "Daemon tells Docker's graph drivers from its containerd store",
  {},
  async (daemon, fake) => {
    const info = { name: "Docker", version: "29.7.2", os: "linux" };
    assertEquals(await daemon.info(), { ...info, keepsContent: false });
    fake.info = {
      DriverStatus: [["driver-type", "io.containerd.snapshotter.v1"]],
    };
    const other = new Daemon({ url: fake.url });
    assertEquals(await other.info(), { ...info, keepsContent: true });
    other.close();
  },
);

testDaemon("Daemon knows Podman", {
  version: {
    Version: "4.3.1",
    ApiVersion: "1.41",
    Components: [{ Name: "Podman Engine" }],
  },
}, async (daemon) => {
  assertEquals((await daemon.info()).name, "Podman");
});

testDaemon(
  "Daemon asks all over one connection, and a new one where that is gone",
  {
    images: {
      "a/b:1": { id: "sha256:x", diffIds: ["sha256:y"], manifests: ["m"] },
    },
  },
  async (daemon, fake) => {
    await daemon.info();
    assertEquals(await daemon.images(), [
      { id: "sha256:x", names: ["a/b:1"], manifests: ["m"] },
    ]);
    assertEquals(await daemon.inspect("a/b:1"), {
      id: "sha256:x",
      diffIds: ["sha256:y"],
    });
    assertEquals(await daemon.inspect("none"), undefined);
    assertEquals([fake.connections, fake.log.length], [1, 5]);
    fake.raw = { "/images/c": "" };
  },
);

testDaemon("Daemon takes an answer that ends with the connection", {
  raw: { "/images/x/json": 'HTTP/1.0 200 OK\r\n\r\n{"Id":"i","RootFS":{}}' },
}, async (daemon, fake) => {
  const asked = daemon.inspect("x");
  while (fake.log.length === 0) {
    await new Promise((then) => setTimeout(then, 1));
  }
  await fake.close();
  assertEquals(await asked, { id: "i", diffIds: [] });
});

const FAULTS: [string, FakeBehaviour, Partial<DaemonProblem>][] = [
  ["is too old", { version: { ApiVersion: "1.12" } }, {
    code: "too-old",
    version: "1.12",
    least: "1.24",
  }],
  ["is something else", { version: { hello: 1 } }, { code: "no-daemon" }],
  ["speaks no HTTP", { raw: { "/version": "SSH-2.0-x\r\n\r\n" } }, {
    code: "no-daemon",
  }],
  ["sends a page", {
    raw: { "/version": "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>" },
  }, { code: "no-daemon" }],
  ["has a head without end", {
    raw: { "/version": `HTTP/1.1 200 OK\r\nX: ${"a".repeat(70_000)}` },
  }, { code: "no-daemon" }],
  ["has chunks without length", {
    raw: {
      "/version": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    },
  }, { code: "no-daemon" }],
  ["forbids it", {
    raw: { "/version": "HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n" },
  }, { code: "forbidden" }],
  ["fails", {
    raw: {
      "/info":
        'HTTP/1.1 500 X\r\nContent-Length: 18\r\n\r\n{"message":"oh\\n"}',
    },
  }, { code: "refused", status: 500, words: "oh" }],
];

for (const [what, behaviour, problem] of FAULTS) {
  testDaemon(`Daemon says so where it ${what}`, behaviour, async (daemon) => {
    const error = await assertRejects(() => daemon.info(), DaemonError);
    assertEquals(error.problem, problem as DaemonProblem);
  });
}

test("Daemon says so where nothing is there, or nothing listens", () =>
  inFolder(async (folder) => {
    const url = `unix://${join(folder, "none")}`;
    const error = await assertRejects(
      () => new Daemon({ url }).info(),
      DaemonError,
    );
    assertEquals(error.problem, { code: "unreachable", system: "ENOENT" });
    const refused = await assertRejects(
      () => new Daemon({ url: "tcp://127.0.0.1:1" }).info(),
      DaemonError,
    );
    assertEquals(refused.problem, {
      code: "unreachable",
      system: "ECONNREFUSED",
    });
  }));

/** Loads so many bytes, and tells what it came to. */
async function loadBytes(daemon: Daemon, size: number): Promise<void> {
  const { body } = await daemon.load(size);
  const writer = body.getWriter();
  writer.closed.catch(() => {});
  for (let sent = 0; sent < size;) {
    const bytes = new Uint8Array(Math.min(65_536, size - sent)).fill(7);
    await writer.write(bytes);
    sent += bytes.length;
  }
  await writer.close();
}

testDaemon("Daemon is loaded with the very bytes", {}, async (daemon, fake) => {
  let loaded = new Uint8Array();
  fake.onLoad = (archive) => loaded = archive as Uint8Array<ArrayBuffer>;
  await loadBytes(daemon, 300_000);
  assertEquals([loaded.length, loaded.every((byte) => byte === 7)], [
    300_000,
    true,
  ]);
  assertEquals(fake.log, ["POST /images/load?quiet=1"]);
});

const LOADS: [string, FakeBehaviour, Partial<DaemonProblem>][] = [
  ["an error of its own", {
    progress: [{ errorDetail: { message: "bad layer" }, error: "bad layer" }],
  }, { code: "failed", words: "bad layer" }],
  ["an error after a success", {
    progress: [{ stream: "Loaded image: x\n" }, { error: "oh no" }],
  }, { code: "failed", words: "oh no" }],
  ["Error unpacking, beside a success", {
    progress: [
      { stream: "Loaded image: x\n" },
      { stream: "Error unpacking image x: unknown compression\n" },
    ],
  }, {
    code: "unpacking",
    words: "Error unpacking image x: unknown compression",
  }],
  ["a full disk", {
    progress: [{
      errorDetail: { message: "write /d/1: no space left on device" },
    }],
  }, { code: "disk-full", words: "write /d/1: no space left on device" }],
  ["a status", {
    early: 'HTTP/1.1 500 X\r\nContent-Length: 16\r\n\r\n{"message":"no"}',
  }, { code: "refused", status: 500, words: "no" }],
  ["nothing", { breaksAfter: 100_000 }, { code: "broken-off" }],
];

for (const [what, behaviour, problem] of LOADS) {
  testDaemon(
    `a load fails where the daemon says ${what}`,
    behaviour,
    async (daemon) => {
      const error = await assertRejects(
        () => loadBytes(daemon, 5_000_000),
        DaemonError,
      );
      assertEquals(error.problem, problem as DaemonProblem);
    },
  );
}

testDaemon("a load's progress may be of any form", {
  progress: [1, null, "x", [], { stream: 3 }, { status: "y".repeat(10_000) }],
}, async (daemon) => {
  await loadBytes(daemon, 10);
});

testDaemon("an abort ends what is asked", {
  raw: { "/version": "HTTP/1.1 100 Continue\r\n\r\n" },
}, async (_, fake) => {
  const controller = new AbortController();
  const { signal } = controller;
  const daemon = new Daemon({ url: fake.url }, { signal });
  const asked = daemon.info();
  while (fake.log.length === 0) {
    await new Promise((then) => setTimeout(then, 1));
  }
  controller.abort(new Error("enough"));
  await assertRejects(() => asked, Error, "enough");
});
