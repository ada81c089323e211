/** Signals, a reader that goes away, and what the next run makes of it. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import { until } from "../e2e/servers/daemon.ts";
import { filesIn, pullOk, Workspace } from "../e2e/workspace.ts";
import { commandLine, dockerPull, run } from "../fixtures/command.ts";
import { test } from "../harness.ts";
import {
  assertSentence,
  everythingIn,
  MEDIUM,
  sentFrom,
  serveImages,
  SMALL,
} from "./scene.ts";

const workspace = new Workspace();
const scene = workspace.share(serveImages);
const noSignals = process.platform === "win32" && "Windows has no signals";

for (
  const [signal, code] of [
    ["SIGHUP", 129],
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGKILL", 137],
  ] as const
) {
  for (const cached of [true, false]) {
    test(
      `after ${signal}, the next run ${
        cached ? "with" : "without"
      } a cache fetches what is missing`,
      { skip: noSignals },
      async () => {
        const { registry, served } = await scene.get();
        registry.bytesPerSecond = 1_000_000;
        const came = sentFrom(registry);
        const cwd = workspace.makeFolder();
        const args = [
          ...(cached ? [] : ["--no-cache"]),
          "-o",
          "a.tar",
          `${served.host}/${MEDIUM}`,
        ];
        try {
          const result = await dockerPull(args, {
            cwd,
            onStart: (child) => {
              void until(() => came() > 2_000_000, 60_000)
                .then(() => child.kill(signal));
            },
          });
          assertEquals(result.code, code, result.stderr);
          if (signal !== "SIGKILL") {
            assertSentence(result, code, new RegExp(`Stopped by ${signal}`));
          }
        } finally {
          registry.bytesPerSecond = Infinity;
        }
        assertEquals(existsSync(join(cwd, "a.tar")), false);
        const resumable = cached
          ? /^docker_images_cache\/ingest\/sha256-\w{64}\.partial(\.record)?$/
          : /^\.a\.tar\.partial(\.record)?$/;
        // Whoever is killed cannot give its locks back.
        const left = everythingIn(cwd).filter((name) =>
          signal !== "SIGKILL" ||
          !/\.(?:lock|use|needs)$|^\.a\.tar\.partial$/.test(name)
        );
        for (const name of left) assert(resumable.test(name), name);
        const before = came();
        await pullOk(args, cwd);
        assert(
          came() - before < 5_200_000,
          `${came() - before} bytes came anew`,
        );
        assertEquals(everythingIn(cwd), ["a.tar"]);
      },
    );
  }
}

test("a reader of standard output that has gone away changes nothing", {
  skip: noSignals,
}, async () => {
  const { served } = await scene.get();
  const cwd = workspace.makeFolder();
  const command = commandLine().map((word) => `'${word}'`).join(" ");
  for (const quiet of ["", "--quiet"]) {
    const script =
      `(${command} ${quiet} --force -o a.tar ${served.host}/${SMALL}; echo $? >code) | true`;
    await run(["sh", "-c", script], { cwd });
    await until(() => existsSync(join(cwd, "code")), 10_000);
    assertEquals(spawnSync("cat", ["code"], { cwd }).stdout.toString(), "0\n");
    assertEquals(filesIn(cwd), ["a.tar", "code"]);
  }
});

test("closed output and error streams change nothing", {
  skip: noSignals,
}, async () => {
  const { served } = await scene.get();
  const cwd = workspace.makeFolder();
  const result = await dockerPull(["-o", "a.tar", `${served.host}/${SMALL}`], {
    cwd,
    prefix: ["sh", "-c", 'exec "$@" >&- 2>&-', "sh"],
  });
  assertEquals(result.code, 0);
  assertEquals(filesIn(cwd), ["a.tar"]);
});

test(
  "an archive for a closed standard output is refused before anything is asked for",
  {
    skip: noSignals || !existsSync("/proc/self/fdinfo") && "nobody tells",
  },
  async () => {
    const { served, registry } = await scene.get();
    const cwd = workspace.makeFolder();
    const before = registry.requests.length;
    for (const images of [[SMALL], [SMALL, MEDIUM]]) {
      const names = images.map((name) => `${served.host}/${name}`);
      const closed = await dockerPull(["--quiet", "-o", "-", ...names], {
        cwd,
        prefix: ["sh", "-c", 'exec "$@" >&-', "sh"],
      });
      assertSentence(
        closed,
        10,
        /Cannot write "standard output": it is closed/,
      );
      assertEquals(registry.requests.length, before);
    }
    // Who throws the archive away says so.
    const away = await dockerPull(["-o", "-", `${served.host}/${SMALL}`], {
      cwd,
      prefix: ["sh", "-c", 'exec "$@" >/dev/null', "sh"],
    });
    assertEquals(away.code, 0, away.stderr);
  },
);

test("a full disk behind standard output is named", {
  skip: !existsSync("/dev/full") && "no /dev/full",
}, async () => {
  const { served } = await scene.get();
  const cwd = workspace.makeFolder();
  const result = await dockerPull(["-o", "a.tar", `${served.host}/${SMALL}`], {
    cwd,
    prefix: ["sh", "-c", 'exec "$@" >/dev/full', "sh"],
  });
  assertSentence(result, 10, /: the disk is full/);
  assertEquals(filesIn(cwd), ["a.tar"]);
});

test("the remains of a process that was killed are cleared away", {
  skip: noSignals,
}, async () => {
  const { served } = await scene.get();
  const cwd = workspace.makeFolder();
  const args = ["-o", "a.tar", `${served.host}/${SMALL}`];
  await pullOk(args, cwd);
  const ingest = join(cwd, "docker_images_cache", "ingest");
  const digest = "0".repeat(64);
  const dead = spawnSync(process.execPath, ["--version"]).pid;
  const write = (folder: string, name: string) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), `x y z ${dead} 1`);
  };
  write(ingest, `sha256-${digest}.partial.record`);
  write(ingest, `sha256-${digest}.partial.record~`);
  write(cwd, ".a.tar.partial");
  write(cwd, ".a.tar.partial.record");
  await pullOk(args, cwd);
  assertEquals(readdirSync(ingest), []);
  assertEquals(filesIn(cwd), ["a.tar"]);
});

workspace.stopAtEnd();
