/** A stream that is stopped: by a signal, a kill, a reader that does not read. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { until } from "../e2e/servers/daemon.ts";
import { inFolder } from "../disk/folder.ts";
import { cleanEnvironment, commandLine } from "../fixtures/command.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";

/** More than a pipe holds, and what is on its way to it. */
const image = await buildImage({
  layers: [{ size: 6_000_000 }, { size: 300_000 }, { size: 500_000 }],
});
const LIMIT = 20_000;

interface World {
  registry: FakeRegistry;
  /** The folder for temporary files. */
  tmp: string;
  /** Starts the command with its standard output in a pipe. */
  start(...args: string[]): { child: ChildProcess; stderr: () => string };
}

function inStreamWorld(body: (world: World) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const registry = new FakeRegistry();
    registry.add("team/app", image, "1");
    const served = await registry.serve();
    const tmp = join(folder, "tmp");
    const cwd = join(folder, "work");
    for (const path of [tmp, cwd]) mkdirSync(path);
    const children: ChildProcess[] = [];
    try {
      await body({
        registry,
        tmp,
        start(...args) {
          const [program = "", ...rest] = commandLine();
          const child = spawn(program, [
            ...rest,
            `${served.host}/team/app:1`,
            ...["--platform", "linux/amd64", "-o", "-"],
            ...args,
          ], {
            cwd,
            env: { ...cleanEnvironment(dirname(cwd)), TMPDIR: tmp },
            stdio: ["ignore", "pipe", "pipe"],
          });
          children.push(child);
          let text = "";
          child.stderr!.on("data", (bytes: Uint8Array) => {
            text += new TextDecoder().decode(bytes);
          });
          return { child, stderr: () => text };
        },
      });
    } finally {
      for (const child of children) child.kill("SIGKILL");
      await served.close();
    }
  });
}

/** Waits until the command has ended; gives its exit code as a shell does. */
async function end(child: ChildProcess): Promise<number> {
  const closed = once(child, "close");
  const [code, signal] = await once(child, "exit") as [
    number | null,
    NodeJS.Signals | null,
  ];
  // What nobody has read would keep it open.
  child.stdout!.resume();
  await closed;
  return code ?? 128 + constants.signals[signal!];
}

for (const option of ["--no-cache", "--quiet"]) {
  test(`Ctrl-C ends a stream that nobody reads, ${option}`, () =>
    inStreamWorld(async ({ tmp, start }) => {
      const { child, stderr } = start(option);
      // It has filled the pipe and waits.
      await once(child.stdout!, "readable");
      const ended = end(child);
      child.kill("SIGINT");
      assertEquals(await ended, 130, stderr());
      assertStringIncludes(stderr(), "Stopped by SIGINT");
      assertEquals(readdirSync(tmp), []);
    }));
}

test("a reader that goes away ends a stream without a word", () =>
  inStreamWorld(async ({ tmp, start }) => {
    const { child, stderr } = start("--no-cache", "--quiet");
    await once(child.stdout!, "readable");
    const ended = end(child);
    child.stdout!.destroy();
    assertEquals([await ended, stderr()], [141, ""]);
    assertEquals(readdirSync(tmp), []);
  }));

test("what a killed stream has left is gone after the next one", () =>
  inStreamWorld(async ({ tmp, start }) => {
    const { child } = start("--no-cache");
    await once(child.stdout!, "readable");
    const ended = end(child);
    child.kill("SIGKILL");
    assertEquals(await ended, 137);
    assert(readdirSync(tmp).length > 0);
    const next = start("--no-cache", "--quiet");
    let count = 0;
    next.child.stdout!.on("data", (bytes: Uint8Array) => count += bytes.length);
    assertEquals(await end(next.child), 0, next.stderr());
    assert(await until(() => count > 6_800_000, LIMIT), `${count}`);
    assertEquals(readdirSync(tmp), []);
  }));

test("wrong bytes end a stream with exit code 9, and no archive's end", () =>
  inStreamWorld(async ({ registry, start }) => {
    registry.fault = ({ path, method }) =>
      method === "GET" && path.includes(image.layers[2]!.digest)
        ? { flipAt: 9 }
        : undefined;
    const { child, stderr } = start("--no-cache");
    let count = 0;
    child.stdout!.on("data", (bytes: Uint8Array) => count += bytes.length);
    assertEquals(await end(child), 9, stderr());
    assert(count < 6_400_000, `${count}`);
    assertStringIncludes(stderr(), "Cannot verify");
  }));
