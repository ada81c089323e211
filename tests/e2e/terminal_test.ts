/** What is seen of a pull while it goes on. */
import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { assert, assertEquals } from "@std/assert";
import { Screen } from "../cli/progress/screen.ts";
import { cleanEnvironment, commandLine } from "../fixtures/command.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";
import { serve } from "../registry_server/serve.ts";
import { missing, until } from "./servers/daemon.ts";
import { HOST_PLATFORM, pullOk, Workspace } from "./workspace.ts";

const workspace = new Workspace();
/** Deno stops for a Ctrl-Z even where no shell is there that could go on. */
const skipStop = commandLine()[0]!.includes("deno");

test("a runtime has nothing to say about many connections", async () => {
  const registry = new FakeRegistry();
  const layers = Array.from({ length: 80 }, (_, i) => ({
    size: 20_000,
    seed: `${i}`,
  }));
  const image = await buildImage({ layers, platform: HOST_PLATFORM });
  registry.add("e2e/app", image, "1.0");
  // Slow enough that all of them are under way together.
  registry.bytesPerSecond = 100_000;
  const served = await registry.serve();
  try {
    for (const options of [[], ["--no-cache"], ["--format", "oci"]]) {
      const { stderr } = await pullOk(
        [
          "--max-concurrent-downloads",
          "64",
          ...options,
          `${served.host}/e2e/app:1.0`,
        ],
        workspace.makeFolder(),
      );
      assertEquals(/warning|listener/i.exec(stderr), null, stderr);
    }
    assert(registry.requests.length > 240);
  } finally {
    await served.close();
  }
});

for (
  const keys of ["x", "\r", "words\r\r\rmore", ...(skipStop ? [] : ["\x1a"])]
) {
  const name = JSON.stringify(keys);
  test(`${name} typed during a pull leaves nothing behind`, {
    skip: missing("script"),
  }, async () => {
    const registry = new FakeRegistry();
    const layers = ["a", "b", "c"].map((seed) => ({ size: 300_000, seed }));
    const image = await buildImage({ layers, platform: HOST_PLATFORM });
    registry.add("e2e/app", image, "1.0");
    let open = () => {};
    const opened = new Promise<void>((resolve) => open = resolve);
    const served = await serve(async (request) => {
      const response = await registry.handle(request, request.signal);
      const layer = image.layers.some(({ digest }) =>
        request.url.endsWith(digest)
      );
      if (layer) await opened;
      return response;
    });
    try {
      const screen = new Screen(80, 24);
      const code = await inTerminal(
        ["--no-cache", "-o", "image.tar", `${served.host}/e2e/app:1.0`],
        workspace.makeFolder(),
        async ({ write, text }) => {
          const frames = () => text().split("\x1b7").length;
          await until(() => text().includes("░"), 60_000);
          write(keys);
          const before = frames();
          await until(() => frames() > before + 3, 60_000);
          open();
        },
        // Deno may have something to say before.
        (text) => screen.write(text.slice(text.indexOf("Pulling"))),
      );
      assertEquals(code, 0, screen.text.join("\n"));
      assert(screen.cursor);
      const lines = screen.text.map((line) =>
        line.replace(/[0-9a-f]{12,}/g, "#").replace(/ in [\d.]+s/, "")
      );
      const done = "✓ # 300 kB";
      const platform = `linux/${HOST_PLATFORM.architecture}`;
      assertEquals(lines.slice(0, 6), [
        `Pulling ${served.host}/e2e/app:1.0`,
        lines.find((line) => line.startsWith(`${platform}, 3 layers`)),
        done,
        done,
        done,
        lines.find((line) => line.startsWith("Saved:")),
      ]);
      assertEquals(lines.at(-1), "docker load -i image.tar");
    } finally {
      open();
      await served.close();
    }
  });
}

/** Runs the command on a terminal of 80 by 24, and types there. */
async function inTerminal(
  args: string[],
  cwd: string,
  use: (
    terminal: { write: (keys: string) => void; text: () => string },
  ) => Promise<void>,
  show: (text: string) => void,
): Promise<number> {
  const words = [...commandLine(), ...args].map((word) => `'${word}'`);
  const command = `stty cols 80 rows 24; exec ${words.join(" ")}`;
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    cwd,
    env: { ...cleanEnvironment(dirname(cwd)), TERM: "xterm", SHELL: "/bin/sh" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => text += part);
  const ended = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? -1));
  });
  try {
    await Promise.race([
      use({ write: (keys) => void child.stdin.write(keys), text: () => text }),
      ended,
    ]);
    const code = await ended;
    show(text);
    return code;
  } finally {
    child.kill();
  }
}

workspace.stopAtEnd();
