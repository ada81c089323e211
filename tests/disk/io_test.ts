import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { spawnSync } from "node:child_process";
import { truncate, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { readText, storageError, systemCode } from "../../lib/disk/io.ts";
import { StorageError } from "../../lib/errors.ts";
import { test } from "../harness.ts";
import { inFolder } from "./folder.ts";

const windows = process.platform === "win32";

test("systemCode() knows an error's code", () => {
  const coded = (code: unknown) => Object.assign(new Error("x"), { code });
  assertEquals(systemCode(coded("ENOSPC")), "ENOSPC");
  assertEquals(
    systemCode(coded("ERR_FS_FILE_TOO_LARGE")),
    "ERR_FS_FILE_TOO_LARGE",
  );
  for (const none of [coded(7), coded(undefined), new Error("x"), "x", null]) {
    assertEquals(systemCode(none), undefined);
  }
});

test("systemCode() names what the runtimes have no name for", {
  skip: windows && "Windows has other numbers",
}, () => {
  for (const name of ["EDQUOT", "EFBIG", "ENOSPC"] as const) {
    const number = constants.errno[name];
    // As Node and Bun, Bun's synchronous calls, and Deno throw them.
    const unknown = `Unknown system error -${number}`;
    for (
      const error of [
        Object.assign(new Error(`${unknown}: ${unknown}, write`), {
          code: unknown,
          errno: -number,
        }),
        Object.assign(new Error("it failed"), { errno: -number }),
        new Error(`Something of a sort (os error ${number}): write 'a'`),
      ]
    ) {
      assertEquals(systemCode(error), name);
      assertEquals(storageError("write", "a", error).code, name);
    }
  }
  const odd = Object.assign(new Error("odd"), { code: "Unknown 7" });
  assertEquals(systemCode(odd), "Unknown 7");
});

test("readText() reads plain files of a sensible size, and nothing else", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a");
    assertEquals(await readText(path), undefined);
    await writeFile(path, "text");
    assertEquals(await readText(path), "text");
    assertEquals(await readText(join(path, "b")), undefined);
    await truncate(path, 16 * 1024 * 1024 + 1);
    for (const [bad, reason] of [[path, /more than/], [folder, /plain file/]]) {
      const error = await assertRejects(
        () => readText(bad as string),
        StorageError,
      );
      assertMatch(error.message, reason as RegExp);
    }
    if (windows) return;
    const pipe = join(folder, "pipe");
    if (spawnSync("mkfifo", [pipe]).status !== 0) return;
    await assertRejects(() => readText(pipe), StorageError, "plain file");
  }));
