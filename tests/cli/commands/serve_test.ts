import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import type { Output } from "../../../cli/io.ts";
import { buildImage } from "../../fixtures/mod.ts";
import { deferred, test } from "../../harness.ts";
import { inFolder } from "../../disk/folder.ts";
import { putLayout } from "../../serve/world.ts";
import { run } from "../main_fixture.ts";

/** An output that tells when the first text has come. */
class Told implements Output {
  text = "";
  readonly first = deferred<string>();
  write(text: string, done?: () => void): void {
    this.text += text;
    if (text !== "") this.first.resolve(text);
    done?.();
  }
}

/** Serves while something is done, and ends it by a signal. */
async function serving(
  args: string[],
  body: (url: string) => Promise<void>,
  signal: "SIGINT" | "SIGTERM" = "SIGINT",
) {
  const [stdout, stderr] = [new Told(), new Told()];
  const listeners = new Map<string, () => void>();
  const signals = {
    on: (name: string, listener: () => void) =>
      void listeners.set(name, listener),
    off: (name: string) => void listeners.delete(name),
    raise: () => {},
    exit: () => {},
  };
  const ended = run(["serve", ...args], undefined, { stdout, stderr, signals });
  const first = await Promise.race([
    stdout.first.promise,
    ended.then(({ code }) => {
      throw new Error(`It ended with ${code}: ${stderr.text}`);
    }),
  ]);
  await body(/http:\/\/\S+/.exec(first)![0]);
  listeners.get(signal)!();
  const { code } = await ended;
  assertEquals(listeners.size, 0);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

async function inLayout(body: (layout: string) => Promise<void>) {
  const image = await buildImage();
  await inFolder(async (folder) => {
    const layout = join(folder, "layout");
    await putLayout(layout, [{ content: image, name: "nginx:1" }]);
    await body(layout);
  });
}

test("main() shows the help of serve", async () => {
  const { code, stdout } = await run(["serve", "--help"]);
  assertEquals(code, 0);
  assertStringIncludes(
    stdout,
    "docker-pull serve [OPTIONS] FILE|LAYOUT|--cache",
  );
  assert(stdout.split("\n").every((line) => line.length <= 80), stdout);
});

test("main() refuses a serve that makes no sense", async () => {
  for (
    const argv of [
      [],
      ["a", "b"],
      ["--cache", "a"],
      ["http://x/y"],
      ["--listen", "x:y", "a"],
      ["--listen", "1:99999", "a"],
      ["--listen", "::1:5000", "a"],
      ["--listen", "http://a:1", "a"],
    ]
  ) {
    const { code, stderr } = await run(["serve", ...argv]);
    assertEquals(code, 2, argv.join(" "));
    assertMatch(
      stderr,
      /^error: [^\n]+\nhint: docker-pull serve --help [^\n]+\n$/,
    );
  }
});

test("main() says how other servers' options are called here", async () => {
  for (const option of ["--port=1", "--addr=x", "--bind=x"]) {
    const { code, stderr } = await run(["serve", option, "a.tar"]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "here it is --listen");
  }
});

test("main() serves until a signal comes, and tells of each request", () =>
  inLayout(async (layout) => {
    const told = await serving(
      ["--listen", "127.0.0.1:0", layout],
      async (url) => {
        const response = await fetch(`${url}/v2/nginx/manifests/1?x=%1b[31m`, {
          headers: { "user-agent": "tester/1" },
        });
        assertEquals(response.status, 200);
        await response.arrayBuffer();
      },
    );
    assertEquals(told.code, 0);
    assertStringIncludes(told.stdout, "\n  library/nginx:1\n");
    assertMatch(
      told.stderr,
      /^\d{4}-\d\d-\d\dT[\d:]+Z 127\.0\.0\.1 GET \/v2\/nginx\/manifests\/1\?x=%1b\[31m 200 \d+ \d+ms "tester\/1"\n$/,
    );
  }));

test("main() serves quietly", () =>
  inLayout(async (layout) => {
    const told = await serving(
      ["-q", "--listen=localhost:0", layout],
      async (url) => {
        await (await fetch(`${url}/v2/`)).arrayBuffer();
      },
      "SIGTERM",
    );
    assertEquals([told.code, told.stderr], [0, ""]);
    assertMatch(told.stdout, /^http:\/\/localhost:\d+\n$/);
  }));

test("main() warns who listens for all", () =>
  inLayout(async (layout) => {
    const told = await serving(
      ["-q", "--listen=0.0.0.0:0", layout],
      async () => {},
    );
    assertMatch(
      told.stderr,
      /^warning: Whoever reaches 0\.0\.0\.0:\d+ can [^\n]+no login\n$/,
    );
  }));

test("main() tells of a port in use, and what cannot be served", () =>
  inLayout(async (layout) => {
    await serving(["--listen", "127.0.0.1:0", layout], async (url) => {
      const { port } = new URL(url);
      const listen = `127.0.0.1:${port}`;
      const { code, stderr } = await run(["serve", "--listen", listen, layout]);
      assertEquals(code, 8);
      assertEquals(
        stderr,
        `error: Cannot listen at ${listen}: another program listens there\n` +
          `hint: choose another port, as in --listen 127.0.0.1:${
            Number(port) + 1
          }\n`,
      );
    });
    const none = await run(["serve", join(layout, "none")]);
    assertEquals(none.code, 10);
    const other = await run(["serve", join(layout, "blobs")]);
    assertStringIncludes(other.stderr, "it is no image layout");
    for (const { code, stderr } of [none, other]) {
      assert(code > 0);
      assertMatch(stderr, /^error: Cannot [^\n]+\nhint: [^\n]+\n$/);
    }
  }));
