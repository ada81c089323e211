import { assert, assertEquals, assertRejects } from "@std/assert";
import { existsSync } from "node:fs";
import { readdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { makeFolders } from "../../lib/disk/folders.ts";
import { systemCode } from "../../lib/disk/io.ts";
import { test } from "../harness.ts";
import { inFolder } from "./folder.ts";

const windows = process.platform === "win32";

test("makeFolders() makes what is missing, and takes what is there", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a/b/c");
    await Promise.all(Array.from({ length: 5 }, () => makeFolders(path)));
    assert((await stat(path)).isDirectory());
    await makeFolders(path);
    await makeFolders(folder);
    await makeFolders("/");
    await makeFolders(".");
    if (windows) return;
    await makeFolders(join(folder, "x/y"), 0o700);
    for (const name of ["x", "x/y"]) {
      assertEquals((await stat(join(folder, name))).mode & 0o777, 0o700);
    }
    await symlink("a", join(folder, "link"));
    await makeFolders(join(folder, "link/b/d"));
    assertEquals(await readdir(join(folder, "a/b")), ["c", "d"]);
  }));

test("makeFolders() rejects what is no folder", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "file"), "");
    for (const name of ["file", "file/a", "file/a/b"]) {
      const error = await assertRejects(() => makeFolders(join(folder, name)));
      assert(/^(EEXIST|ENOTDIR|ENOENT)$/.test(systemCode(error)!), name);
    }
  }));

test("makeFolders() ends where a folder takes no folders", {
  skip: !existsSync("/proc/self") && "there is no /proc",
  timeout: 20_000,
}, async () => {
  for (const path of ["/proc/nope", "/proc/nope/c", "/proc/nope/c/d/e"]) {
    const error = await assertRejects(() => makeFolders(path));
    assertEquals(systemCode(error), "ENOENT");
  }
});
