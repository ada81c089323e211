import { assert, assertEquals, assertRejects } from "@std/assert";
import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import {
  mkdir,
  readdir,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { acquireLock, tryLock } from "../../lib/disk/lock.ts";
import { StorageError } from "../../lib/image/errors.ts";
import { test } from "../harness.ts";
import { inFolder } from "./folder.ts";

const STALE = 300;

/** Waits a moment. */
const moment = (milliseconds: number) =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Any number that want the same lock; tells how many held it at a time. */
async function contend(path: string, count: number): Promise<number> {
  let holders = 0;
  let most = 0;
  await Promise.all(Array.from({ length: count }, async () => {
    const lock = await acquireLock(path, { stale: STALE });
    most = Math.max(most, ++holders);
    await moment(5);
    holders--;
    await lock.release();
  }));
  return most;
}

test("acquireLock() lets one in at a time", () =>
  inFolder(async (folder) => {
    assertEquals(await contend(join(folder, "lock"), 6), 1);
    assertEquals(await readdir(folder), []);
  }));

test("acquireLock() gives different locks to different files", () =>
  inFolder(async (folder) => {
    const first = await acquireLock(join(folder, "a"));
    const second = await acquireLock(join(folder, "b"), {
      onWait: () => assert(false, "it waited"),
    });
    await first.release();
    await second.release();
  }));

test("acquireLock() tells once that it waits", () =>
  inFolder(async (folder) => {
    const path = join(folder, "lock");
    const first = await acquireLock(path);
    let told = 0;
    const second = acquireLock(path, { onWait: () => void told++ });
    await moment(350);
    assertEquals(told, 1);
    await first.release();
    await (await second).release();
    assertEquals(told, 1);
  }));

test("acquireLock() takes over what a dead holder has left", () =>
  inFolder(async (folder) => {
    const path = join(folder, "lock");
    for (const content of ["", "somebody", "x ".repeat(10_000)]) {
      await writeFile(path, content);
      assertEquals(await contend(path, 3), 1);
      assertEquals(await readdir(folder), []);
    }
  }));

test("acquireLock() names a folder in the place of its own files", () =>
  inFolder(async (folder) => {
    const path = join(folder, "lock");
    await writeFile(path, "dead");
    await mkdir(`${path}.break`);
    const error = await assertRejects(
      () => acquireLock(path, { stale: 40 }),
      StorageError,
    );
    assertEquals([error.path, error.code], [`${path}.break`, "EISDIR"]);
  }));

test("acquireLock() does not take over what is alive", () =>
  inFolder(async (folder) => {
    const path = join(folder, "lock");
    const first = await acquireLock(path, { stale: STALE });
    let held = false;
    const second = acquireLock(path, { stale: STALE }).then((lock) => {
      held = true;
      return lock;
    });
    await moment(3 * STALE);
    assertEquals(held, false);
    await first.release();
    await (await second).release();
  }));

test("acquireLock() gets over one who died while taking over", () =>
  inFolder(async (folder) => {
    const path = join(folder, "lock");
    await writeFile(path, "dead");
    await writeFile(`${path}.break`, "dead, too");
    const past = new Date(Date.now() - 120_000);
    await utimes(`${path}.break`, past, past);
    assertEquals(await contend(path, 3), 1);
    assertEquals(await readdir(folder), []);
  }));

test("acquireLock() follows no link and reads no folder in its place", () =>
  inFolder(async (folder) => {
    const target = join(folder, "target");
    const link = join(folder, "link");
    await writeFile(target, "precious");
    await symlink(target, link);
    const lock = await acquireLock(link, { stale: STALE });
    await lock.release();
    assertEquals(await readdir(folder), ["target"]);
    await mkdir(link);
    await assertRejects(
      () => acquireLock(link, { stale: 50 }),
      StorageError,
    );
  }));

test("a lock that is a pipe or a folder is waited for by nobody", {
  skip: process.platform === "win32" && "Windows has no such files",
}, () =>
  inFolder(async (folder) => {
    const path = join(folder, "lock");
    spawnSync("mkfifo", [path]);
    await (await acquireLock(path, { stale: STALE })).release();
    assertEquals(await readdir(folder), []);
    // It comes in the place of one that is held, too.
    for (const put of ["mkfifo", "mkdir"]) {
      const lock = await acquireLock(path, { stale: 40 });
      await rm(path);
      spawnSync(put, [path]);
      await moment(60);
      await lock.release();
      assertEquals(await readdir(folder), ["lock"]);
      if (put === "mkfifo") await rm(path);
    }
    // Whose it is, is told by the one who finds it.
    const error = await assertRejects(
      () => acquireLock(path, { stale: 40, subject: "a.tar" }),
      StorageError,
    );
    assertEquals([error.path, error.code], [path, "EISDIR"]);
  }));

test("Lock.release() leaves alone what another has taken over", () =>
  inFolder(async (folder) => {
    const path = join(folder, "lock");
    const lock = await acquireLock(path);
    await writeFile(path, "another's");
    await lock.release();
    assertEquals(await readdir(folder), ["lock"]);
  }));

test("a lock that another has taken over is not kept alive", () =>
  inFolder(async (folder) => {
    const path = join(folder, "lock");
    const lock = await acquireLock(path, { stale: 40 });
    await writeFile(path, "another's");
    // Whole seconds, which no runtime rounds.
    const past = new Date(Math.floor(Date.now() / 1000) * 1000 - 60_000);
    await utimes(path, past, past);
    await moment(60);
    assertEquals((await stat(path)).mtimeMs, past.getTime());
    await lock.release();
    assertEquals(await readdir(folder), ["lock"]);
  }));

for (const code of ["EPERM", "EACCES"]) {
  test(`acquireLock() waits where Windows still removes a lock: ${code}`, () =>
    inFolder(async (folder) => {
      const path = join(folder, "lock");
      let refusals = 3;
      const refuse = () => {
        throw Object.assign(new Error(code), { code });
      };
      const create = (path: string, token: string) =>
        refusals-- > 0 ? refuse() : writeFileSync(path, token, { flag: "wx" });
      const lock = await acquireLock(path, { create });
      // One that can be seen is somebody's.
      assertEquals(await tryLock(path, { create: refuse }), undefined);
      await lock.release();
      const error = await assertRejects(
        () => tryLock(path, { create: refuse }),
        StorageError,
      );
      assertEquals(error.code, code);
      assertEquals(await readdir(folder), []);
    }));
}

for (const code of ["ENOSPC", "EDQUOT"]) {
  test(`acquireLock() leaves no empty lock behind: ${code}`, () =>
    inFolder(async (folder) => {
      const create = (path: string) => {
        // It could be made, and its content had no room.
        writeFileSync(path, "", { flag: "wx" });
        throw Object.assign(new Error(code), { code });
      };
      const path = join(folder, "lock");
      await assertRejects(() => acquireLock(path, { create }), StorageError);
      assertEquals(await readdir(folder), []);
    }));
}

test("acquireLock() ends with the signal's reason", () =>
  inFolder(async (folder) => {
    const path = join(folder, "lock");
    const lock = await acquireLock(path);
    const controller = new AbortController();
    const reason = new Error("enough");
    setTimeout(() => controller.abort(reason), 10);
    const { signal } = controller;
    const error = await assertRejects(() => acquireLock(path, { signal }));
    assertEquals(error, reason);
    await lock.release();
    await assertRejects(() => acquireLock(path, { signal }));
    assertEquals(await readdir(folder), []);
  }));

test("acquireLock() rejects a folder that is not there", () =>
  inFolder(async (folder) => {
    await assertRejects(
      () => acquireLock(join(folder, "missing", "lock")),
      StorageError,
    );
  }));

test("acquireLock() takes over from a process that was killed", () =>
  inFolder(async (folder) => {
    const path = join(folder, "lock");
    const script = fileURLToPath(new URL("./hold_lock.ts", import.meta.url));
    const root = new URL("../../", import.meta.url);
    const npm = import.meta.resolve("@std/assert").startsWith("file:");
    const config = new URL(npm ? "deno.npm.json" : "deno.json", root);
    const args = "Deno" in globalThis
      ? ["run", "-A", "--config", fileURLToPath(config)]
      : [];
    const child = spawn(process.execPath, [...args, script, path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    let waited = false;
    const lock = acquireLock(path, { onWait: () => void (waited = true) });
    await moment(150);
    assertEquals(waited, true);
    child.kill("SIGKILL");
    await (await lock).release();
    await ended;
    assertEquals(await readdir(folder), []);
  }));
