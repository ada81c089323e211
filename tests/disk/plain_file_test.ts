import { assertEquals, assertRejects } from "@std/assert";
import { spawnSync } from "node:child_process";
import { chownSync, existsSync } from "node:fs";
import {
  chmod,
  link,
  lstat,
  mkdir,
  readdir,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import {
  isOurs,
  isOwn,
  openIfPlain,
  openPlain,
  ownershipAt,
  readSettings,
  readText,
} from "../../lib/disk/plain_file.ts";
import { StorageError } from "../../lib/image/errors.ts";
import { test } from "../harness.ts";
import { inFolder } from "./folder.ts";

const windows = process.platform === "win32";
const skip = windows && "Windows has no such files, and links want rights";

/** What may lie where a file is expected, and what is said of it. */
async function putOddThings(folder: string): Promise<Record<string, string>> {
  await writeFile(join(folder, "target"), "precious");
  await symlink("target", join(folder, "link"));
  await symlink("nowhere", join(folder, "dangling"));
  await mkdir(join(folder, "folder"));
  spawnSync("mkfifo", [join(folder, "pipe")]);
  return {
    link: "is-a-link",
    dangling: "is-a-link",
    folder: "EISDIR",
    pipe: "not-a-file",
    missing: "ENOENT",
  };
}

test("openPlain() opens plain files, and waits for nothing else", {
  skip,
}, () =>
  inFolder(async (folder) => {
    const odd = await putOddThings(folder);
    for (const [name, code] of Object.entries(odd)) {
      for (const writable of [false, true]) {
        const path = join(folder, name);
        const error = await assertRejects(
          () => openPlain(path, { writable }),
          StorageError,
        );
        assertEquals([error.path, error.code], [path, code]);
        assertEquals(await openIfPlain(path), undefined);
      }
    }
    const device = await assertRejects(
      () => openPlain("/dev/null", { follow: true }),
      StorageError,
    );
    assertEquals(device.code, "not-a-file");
    const { handle, status } = await openPlain(join(folder, "target"));
    assertEquals(status.size, 8);
    await handle.close();
  }));

for (const noFollow of [undefined, 0]) {
  test(
    `openPlain() sees what has come in the file's place meanwhile, ${
      noFollow === 0 ? "also where opening follows links" : "if it is no file"
    }`,
    { skip },
    () =>
      inFolder(async (folder) => {
        const path = join(folder, "file");
        const target = join(folder, "target");
        await writeFile(target, "precious");
        const others: [string, (other: string) => unknown][] = [
          ["is-a-link", (other) => symlink(target, other)],
          ["not-a-file", (other) => spawnSync("mkfifo", [other])],
          ["EISDIR", (other) => mkdir(other)],
        ];
        const replace = async (put: (other: string) => unknown) => {
          await put(`${path}.other`);
          await rm(path, { recursive: true });
          await rename(`${path}.other`, path);
        };
        for (const [code, put] of others) {
          await rm(path, { recursive: true, force: true });
          await writeFile(path, "mine");
          let looks = 0;
          const onLook = () => looks++ ? undefined : replace(put);
          const error = await assertRejects(
            () => openPlain(path, { onLook, noFollow }),
            StorageError,
          );
          assertEquals(error.code, code);
        }
        await rm(path, { recursive: true });
        await writeFile(path, "mine");
        // Another plain file is as good.
        const onLook = () => replace((other) => writeFile(other, "another's"));
        const { handle, status } = await openPlain(path, { onLook, noFollow });
        assertEquals(status.size, "another's".length);
        await handle.close();
      }),
  );
}

test("readSettings() follows links, and reads nothing but plain files", {
  skip,
}, () =>
  inFolder(async (folder) => {
    const odd = await putOddThings(folder);
    assertEquals(await readSettings(join(folder, "link")), "precious");
    for (const [name, code] of Object.entries(odd)) {
      if (name === "link") continue;
      const error = await assertRejects(
        () => readSettings(join(folder, name)),
        StorageError,
      );
      assertEquals(error.code, name === "dangling" ? "ENOENT" : code);
    }
  }));

test("readText() reads plain files of a sensible size, and nothing else", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a");
    assertEquals(await readText(path), undefined);
    await writeFile(path, "text");
    assertEquals(await readText(path), "text");
    assertEquals(await readText(join(path, "b")), undefined);
    await truncate(path, 16 * 1024 * 1024 + 1);
    for (const [bad, code] of [[path, "too-large"], [folder, "EISDIR"]]) {
      const error = await assertRejects(() => readText(bad!), StorageError);
      assertEquals(error.code, code);
    }
    if (windows) return;
    const odd = await putOddThings(folder);
    for (const [name, code] of Object.entries(odd)) {
      if (name === "missing") continue;
      const error = await assertRejects(
        () => readText(join(folder, name)),
        StorageError,
      );
      assertEquals(error.code, code);
    }
  }));

test(
  "isOwn() knows what others can change",
  { skip },
  () =>
    inFolder(async (folder) => {
      const path = join(folder, "file");
      const own = await ownershipAt(path);
      assertEquals(await readdir(folder), []);
      await writeFile(path, "");
      const both = async () => {
        const status = await lstat(path);
        return [isOurs(status, own), isOwn(status, own)];
      };
      assertEquals(await both(), [true, true]);
      await link(path, `${path}.second`);
      assertEquals(await both(), [true, false]);
      await chmod(path, 0o666);
      assertEquals(await both(), [false, false]);
    }),
);

test("isOwn() knows another user's file", {
  skip: skip || (process.getuid?.() !== 0 && "only root can give files away"),
}, () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFile(path, "");
    const own = await ownershipAt(path);
    chownSync(path, 65_534, 65_534);
    const status = await lstat(path);
    assertEquals([isOurs(status, own), isOwn(status, own)], [false, false]);
    assertEquals(existsSync(`${path}~`), false);
  }));
