/** Full disks, read-only folders, missing permissions, too few files. */

import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { missing, until } from "../e2e/servers/daemon.ts";
import { pullOk, Workspace } from "../e2e/workspace.ts";
import { type CommandOptions, dockerPull } from "../fixtures/command.ts";
import { test } from "../harness.ts";
import {
  assertSentence,
  DISK,
  everythingIn,
  MEDIUM,
  missingMount,
  mount,
  onSmallDisk,
  sentFrom,
  serveImages,
  SMALL,
} from "./scene.ts";

const workspace = new Workspace();
const scene = workspace.share(serveImages);
const noMount = missingMount();

test("a disk that is too small is noticed before a byte comes", {
  skip: noMount,
}, () =>
  onSmallDisk(workspace, "5m", async (cwd) => {
    const { registry, served } = await scene.get();
    const before = registry.requests.length;
    const result = await dockerPull(
      ["--no-cache", "-o", "a.tar", `${served.host}/${MEDIUM}`],
      { cwd },
    );
    assertSentence(result, DISK, /Cannot write .*a\.tar.*: the disk is full/);
    assertEquals(everythingIn(cwd), []);
    const layers = registry.requests.slice(before).filter(({ sent }) =>
      sent > 1_000_000
    );
    assertEquals(layers.length, 0);
  }));

test("a layout for which there is no room leaves no trace", {
  skip: noMount,
}, () =>
  onSmallDisk(workspace, "5m", async (cwd) => {
    const { served } = await scene.get();
    const image = `${served.host}/${MEDIUM}`;
    const elsewhere = workspace.makeFolder();
    await pullOk(["--no-cache", "-o", "a.tar", image], elsewhere);
    mkdirSync(join(cwd, "mine"));
    for (
      const args of [
        ["copy", join(elsewhere, "a.tar"), "oci:lay"],
        ["copy", join(elsewhere, "a.tar"), "oci:mine"],
        ["--no-cache", "--format", "oci", "-o", "lay", image],
      ]
    ) {
      const result = await dockerPull(args, { cwd });
      assertSentence(result, DISK, /: the disk is full/);
      assertEquals(everythingIn(cwd), ["mine"]);
    }
  }));

test("archive and cache have to fit together where they share a disk", {
  skip: noMount,
}, () =>
  onSmallDisk(workspace, "9m", async (cwd) => {
    const { served } = await scene.get();
    const result = await dockerPull(
      ["-o", "a.tar", `${served.host}/${MEDIUM}`],
      { cwd },
    );
    assertSentence(result, DISK, /: the disk is full/);
    assertEquals(everythingIn(cwd), []);
    // Without the cache there is room.
    await pullOk(
      ["--no-cache", "-o", "a.tar", `${served.host}/${MEDIUM}`],
      cwd,
    );
    assertEquals(everythingIn(cwd), ["a.tar"]);
  }));

for (const cached of [false, true]) {
  test(
    `a disk that fills up ends the pull, and what came is kept${
      cached ? " in the cache" : ""
    }`,
    {
      skip: noMount,
    },
    () =>
      onSmallDisk(workspace, "40m", async (cwd) => {
        const { registry, served } = await scene.get();
        registry.bytesPerSecond = 700_000;
        const filler = join(cwd, "filler");
        const came = sentFrom(registry);
        const args = [
          ...(cached ? [] : ["--no-cache"]),
          "-o",
          "a.tar",
          `${served.host}/${MEDIUM}`,
        ];
        try {
          const result = await dockerPull(args, {
            cwd,
            onStart: () => {
              void until(() => came() > 1_500_000, 60_000).then(() => {
                try {
                  for (let i = 0; i < 50; i++) {
                    writeFileSync(filler, new Uint8Array(1 << 20), {
                      flag: "a",
                    });
                  }
                } catch {
                  // It is full now.
                }
              });
            },
          });
          assertSentence(result, DISK, /: the disk is full/);
          assert(!existsSync(join(cwd, "a.tar")));
          const left = everythingIn(cwd).filter((name) => name !== "filler");
          const resumable = cached
            ? /^docker_images_cache\/ingest\/sha256-\w{64}\.partial(\.record)?$/
            : /^\.a\.tar\.partial(\.record)?$/;
          assert(left.length > 0, "what came is gone");
          for (const name of left) assert(resumable.test(name), name);
        } finally {
          registry.bytesPerSecond = Infinity;
        }
        rmSync(filler);
        const before = came();
        await pullOk(args, cwd);
        assert(
          came() - before < 5_500_000,
          `${came() - before} bytes came anew`,
        );
        assertEquals(everythingIn(cwd), ["a.tar"]);
      }),
  );
}

for (const [cache, size] of [[false, "8m"], [true, "13m"]] as const) {
  test(
    `what an earlier run left needs no room a second time ${
      cache ? "in the cache" : "beside the target"
    }`,
    {
      skip: noMount,
    },
    () =>
      onSmallDisk(workspace, size, async (cwd) => {
        const { registry, served } = await scene.get();
        const args = [
          ...(cache ? [] : ["--no-cache"]),
          ...["--retries", "0", "-o", "a.tar", `${served.host}/${MEDIUM}`],
        ];
        let layers = 0;
        registry.fault = ({ path }) =>
          path.includes("/blobs/") && ++layers > 2
            ? { closeAfter: 1_500_000 }
            : {};
        try {
          const { code } = await dockerPull(args, { cwd });
          assertEquals(code, 8);
        } finally {
          registry.fault = undefined;
        }
        const filler = join(cwd, "filler");
        writeFileSync(filler, new Uint8Array(1_500_000));
        await pullOk(args, cwd);
        assert(existsSync(join(cwd, "a.tar")));
      }),
  );
}

test(
  "a read-only folder is named",
  { skip: noMount },
  () =>
    onSmallDisk(workspace, "20m", async (disk) => {
      mount(["-o", "remount,ro", disk]);
      const { served } = await scene.get();
      const cwd = workspace.makeFolder();
      for (
        const args of [
          ["--no-cache", "-o", join(disk, "a.tar")],
          ["--cache-dir", join(disk, "cache"), "-o", "a.tar"],
        ]
      ) {
        const result = await dockerPull([...args, `${served.host}/${SMALL}`], {
          cwd,
        });
        assertSentence(
          result,
          DISK,
          /Cannot write ".*(a\.tar|cache)": the file system is read-only/,
        );
        assertEquals(everythingIn(cwd), []);
      }
    }),
);

/** Root may do everything, so the command is run as somebody else. */
function unprivileged(cwd: string): CommandOptions {
  if (process.getuid?.() !== 0) return { cwd };
  chmodSync(dirname(cwd), 0o711);
  chownSync(cwd, 65534, 65534);
  return {
    cwd,
    prefix: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
    env: { DENO_DIR: join(cwd, ".deno"), HOME: cwd },
  };
}

const noUser = process.platform === "win32"
  ? "Windows has other permissions"
  : process.getuid?.() === 0 && missing("setpriv");

for (
  const [what, path, mode] of [
    ["a folder that may not be written", "locked", 0o555],
    ["a folder that may not be entered", "locked", 0o000],
  ] as const
) {
  test(`${what} is named`, { skip: noUser }, async () => {
    const { served } = await scene.get();
    const cwd = workspace.makeFolder();
    const locked = join(cwd, path);
    mkdirSync(locked);
    const options = unprivileged(cwd);
    chmodSync(locked, mode);
    try {
      for (
        const args of [
          ["--no-cache", "-o", join(locked, "a.tar")],
          ["--cache-dir", join(locked, "cache"), "-o", "a.tar"],
        ]
      ) {
        const result = await dockerPull(
          [...args, `${served.host}/${SMALL}`],
          options,
        );
        assertSentence(
          result,
          DISK,
          /Cannot \w+( to)? ".*(a\.tar|cache|locked)": permission denied/,
        );
        assert(!existsSync(join(cwd, "a.tar")));
      }
    } finally {
      chmodSync(locked, 0o755);
    }
    assertEquals(readdirSync(locked), []);
  });
}

test("a current folder that may not be written is named, with what to do", {
  skip: noUser,
}, async () => {
  const { served } = await scene.get();
  const cwd = workspace.makeFolder();
  const elsewhere = workspace.makeFolder();
  unprivileged(elsewhere);
  const options = unprivileged(cwd);
  chmodSync(cwd, 0o555);
  const image = `${served.host}/${SMALL}`;
  const pulled = await dockerPull([image], options);
  assertSentence(
    pulled,
    DISK,
    /Cannot write "docker_images_cache": permission denied/,
  );
  assertMatch(pulled.stderr, /hint: .*--cache-dir.*--no-cache/);
  const plain = await dockerPull(["--no-cache", image], options);
  assertSentence(
    plain,
    DISK,
    /Cannot write ".*small_1.tar": permission denied/,
  );
  assertMatch(plain.stderr, /hint: choose another place with --output\n/);
  const args = ["--no-cache", "-o", join(elsewhere, "a.tar"), image];
  const { code, stderr } = await dockerPull(args, options);
  assertEquals(code, 0, stderr);
  assertEquals(readdirSync(cwd), []);
});

test(
  "what another user has put into a shared folder is no part of an archive",
  {
    skip: noUser || (process.getuid?.() !== 0 && "not root"),
  },
  async () => {
    const { served } = await scene.get();
    const args = ["--no-cache", "-o", "a.tar", `${served.host}/${SMALL}`];
    for (const sticky of [true, false]) {
      const cwd = workspace.makeFolder();
      const options = unprivileged(cwd);
      chownSync(cwd, 0, 0);
      chmodSync(cwd, sticky ? 0o1777 : 0o777);
      const partial = join(cwd, ".a.tar.partial");
      writeFileSync(partial, "");
      chmodSync(partial, 0o666);
      const descriptor = openSync(partial, "r+");
      try {
        const result = await dockerPull(args, {
          ...options,
          env: { ...options.env, DENO_DIR: "/nonexistent" },
        });
        if (sticky) {
          assertSentence(
            result,
            DISK,
            /Cannot remove "\.a\.tar\.partial": .*not permitted|permission denied/,
          );
          // Bun makes a folder of its own wherever it may.
          const names = readdirSync(cwd).filter((name) => name !== ".bun");
          assertEquals(names, [".a.tar.partial"]);
        } else {
          assertEquals(result.code, 0, result.stderr);
          const { ino, uid } = statSync(join(cwd, "a.tar"));
          assert(ino !== fstatSync(descriptor).ino);
          assertEquals(uid, 65534);
        }
        assertEquals(fstatSync(descriptor).size, 0);
      } finally {
        closeSync(descriptor);
      }
    }
  },
);

test("a cache of somebody else is named, and not changed", {
  skip: noUser || (process.getuid?.() !== 0 && "not root"),
}, async () => {
  const { served } = await scene.get();
  const cwd = workspace.makeFolder();
  await pullOk(["-o", "a.tar", `${served.host}/${SMALL}`], cwd);
  const result = await dockerPull(
    ["-o", "b.tar", `${served.host}/${MEDIUM}`],
    unprivileged(cwd),
  );
  assertSentence(result, DISK, /docker_images_cache.*: permission denied/);
  assertEquals(existsSync(join(cwd, "b.tar")), false);
  const cache = join(cwd, "docker_images_cache");
  assertEquals(statSync(cache).uid, 0);
  assertEquals(readdirSync(join(cache, "ingest")), []);
});

test("too few files that may be open are named", {
  skip: process.platform === "win32" && "Windows has no such limit",
}, async () => {
  const { served } = await scene.get();
  const cwd = workspace.makeFolder();
  // The runtime itself needs some; with too few it does not even begin.
  const limited = (files: number) =>
    dockerPull(["-o", "a.tar", `${served.host}/${SMALL}`], {
      cwd,
      prefix: ["sh", "-c", `ulimit -n ${files}; exec "$@"`, "sh"],
    });
  for (let files = 36; files >= 8; files -= 2) {
    const result = await limited(files);
    const complete = existsSync(join(cwd, "a.tar"));
    assertEquals(complete, result.code === 0, result.stderr);
    if (result.code === DISK) {
      assertSentence(result, DISK, /too many open files/);
      return;
    }
    rmSync(join(cwd, "a.tar"), { force: true });
    rmSync(join(cwd, "docker_images_cache"), { recursive: true, force: true });
  }
  throw new Error("the limit was never met");
});

workspace.stopAtEnd();
