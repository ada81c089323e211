import { assert, assertEquals, assertRejects } from "@std/assert";
import { chownSync, existsSync } from "node:fs";
import {
  chmod,
  link,
  lstat,
  mkdir,
  open as openFile,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { PartialFile } from "../../lib/disk/partial_file.ts";
import { StorageError } from "../../lib/image/errors.ts";
import { test } from "../harness.ts";
import { inFolder } from "./folder.ts";

const SIZE = 1000;
const knowsBoot = existsSync("/proc/sys/kernel/random/boot_id");
const needsBoot = {
  skip: !knowsBoot && "the system does not say when it began",
};

const open = (path: string, id = "a", size = SIZE) =>
  PartialFile.open(path, { id, size });

/** A file that an earlier run has left, with the bytes 100 to 300. */
async function leftBehind(folder: string): Promise<string> {
  const path = join(folder, "blob.partial");
  const file = await open(path);
  await file.write(new Uint8Array(150).fill(7), 150);
  await file.write(new Uint8Array(50).fill(7), 100);
  await file.close();
  return path;
}

/** Changes the record of a file: its lines, or the text as a whole. */
async function changeRecord(
  path: string,
  change: (lines: unknown[]) => unknown[] | string,
): Promise<void> {
  const text = await readFile(`${path}.record`, "utf8");
  const changed = change(
    text.trim().split("\n").map((line) => JSON.parse(line)),
  );
  await writeFile(
    `${path}.record`,
    typeof changed === "string"
      ? changed
      : changed.map((line) => `${JSON.stringify(line)}\n`).join(""),
  );
}

/** What the next run finds; it leaves nothing. */
async function found(path: string, id = "a", size = SIZE) {
  const file = await open(path, id, size);
  const { ranges } = file.present;
  assertEquals((await stat(path)).size, size);
  await file.discard();
  return ranges;
}

test("PartialFile has its final size from the beginning", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a");
    const file = await open(path);
    assertEquals((await stat(path)).size, SIZE);
    assertEquals(file.present.ranges, []);
    await file.discard();
    assertEquals(await readdir(folder), []);
  }));

test("PartialFile.commit() gives the file its name and leaves nothing else", () =>
  inFolder(async (folder) => {
    const file = await open(join(folder, "a"));
    const bytes = new Uint8Array(SIZE).map((_, i) => i);
    await file.write(bytes.subarray(400), 400);
    await file.write(bytes.subarray(0, 400), 0);
    await file.commit(join(folder, "b"));
    assertEquals(await readdir(folder), ["b"]);
    assertEquals(new Uint8Array(await readFile(join(folder, "b"))), bytes);
  }));

test("PartialFile.commit() replaces what has that name, a link itself", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "other"), "other");
    await symlink(join(folder, "other"), join(folder, "b"));
    const file = await open(join(folder, "a"));
    await file.commit(join(folder, "b"));
    assertEquals(await readFile(join(folder, "other"), "utf8"), "other");
    assertEquals((await stat(join(folder, "b"))).size, SIZE);
  }));

test("PartialFile.commit() rejects a folder in the way", () =>
  inFolder(async (folder) => {
    await mkdir(join(folder, "b"));
    const file = await open(join(folder, "a"));
    await assertRejects(() => file.commit(join(folder, "b")), StorageError);
  }));

test(
  "PartialFile goes on from what an earlier run has left",
  needsBoot,
  () =>
    inFolder(async (folder) => {
      const path = await leftBehind(folder);
      const file = await open(path);
      assertEquals(file.present.ranges, [[100, 300]]);
      const bytes = new Uint8Array(300);
      assertEquals(await file.read(bytes, 50), 300);
      assertEquals(bytes.indexOf(7), 50);
      assertEquals(bytes.lastIndexOf(7), 249);
      await file.discard();
    }),
);

test(
  "PartialFile trusts synced bytes alone after a restart",
  needsBoot,
  () =>
    inFolder(async (folder) => {
      let path = await leftBehind(folder);
      const restarted = ([header, ...lines]: unknown[]) => [
        { ...header as object, boot: "another" },
        ...lines,
      ];
      await changeRecord(path, restarted);
      assertEquals(await found(path), []);
      path = await leftBehind(folder);
      await changeRecord(path, (lines) => [
        ...restarted(lines),
        { synced: [[100, 120]] },
        [130, 140],
      ]);
      assertEquals(await found(path), [[100, 120]]);
    }),
);

test("PartialFile drops what was begun for other bytes", () =>
  inFolder(async (folder) => {
    assertEquals(await found(await leftBehind(folder), "b"), []);
    assertEquals(await found(await leftBehind(folder), "a", SIZE + 1), []);
    assertEquals(await found(await leftBehind(folder), "a", 5), []);
    const path = await leftBehind(folder);
    await writeFile(path, "cut short");
    assertEquals(await found(path), []);
  }));

test("PartialFile forgets old bytes when it begins anew", () =>
  inFolder(async (folder) => {
    const path = await leftBehind(folder);
    const file = await open(path, "b");
    const bytes = new Uint8Array(SIZE);
    assertEquals(await file.read(bytes, 0), SIZE);
    assert(bytes.every((byte) => byte === 0));
    await file.discard();
  }));

test(
  "PartialFile believes what was recorded before a torn line",
  needsBoot,
  () =>
    inFolder(async (folder) => {
      const path = await leftBehind(folder);
      const text = await readFile(`${path}.record`, "utf8");
      const first = text.indexOf("[100,300]\n") + "[100,300]\n".length;
      assert(first > 10);
      for (let length = 0; length < text.length; length += 3) {
        await leftBehind(folder);
        await changeRecord(path, () => text.slice(0, length));
        const expected = length < first ? [] : [[100, 300]];
        assertEquals(await found(path), expected, text.slice(0, length));
      }
      await leftBehind(folder);
      await changeRecord(path, () => `${text.slice(0, first)}[10,2[20,30]\n`);
      assertEquals(await found(path), [[100, 300]]);
    }),
);

test("PartialFile believes no record that is strange", () =>
  inFolder(async (folder) => {
    const path = await leftBehind(folder);
    for (
      const range of [
        [-1, 5],
        [5, 5],
        [7, 5],
        [0, SIZE + 1],
        [0, 1.5],
        [0, "5"],
        [0],
        [0, 1, 2],
        5,
        null,
        { length: 1 },
        "x",
      ]
    ) {
      for (const line of [range, { synced: [range] }, { synced: range }]) {
        await leftBehind(folder);
        await changeRecord(path, ([header]) => [header, line, [0, 1]]);
        assertEquals(await found(path), [], JSON.stringify(line));
      }
    }
  }));

test("PartialFile reads no record that is a folder", () =>
  inFolder(async (folder) => {
    await mkdir(join(folder, "a.record"));
    const file = await open(join(folder, "a")).catch((error) => {
      assert(error instanceof StorageError);
    });
    await file?.discard();
  }));

test("PartialFile follows no link, and rejects a folder and a missing folder", () =>
  inFolder(async (folder) => {
    const target = join(folder, "target");
    await writeFile(target, "precious");
    await symlink(target, join(folder, "link"));
    await symlink(join(folder, "nowhere"), join(folder, "dangling"));
    await mkdir(join(folder, "folder"));
    for (const name of ["folder", "missing/a"]) {
      const path = join(folder, name);
      const error = await assertRejects(() => open(path), StorageError);
      assertEquals(error.path, path);
      assertEquals(error.code, name === "folder" ? "EISDIR" : "ENOENT");
    }
    for (const name of ["link", "dangling"]) {
      const file = await open(join(folder, name));
      await file.write(new Uint8Array(SIZE), 0);
      await file.close();
      assert((await lstat(join(folder, name))).isFile());
    }
    assertEquals(await readFile(target, "utf8"), "precious");
    assert(!existsSync(join(folder, "nowhere")));
  }));

/** What somebody else may have done to a file where others may write. */
const TAMPERED: [what: string, tamper: (path: string) => Promise<void>][] = [
  ["has a second name", (path) => link(path, `${path}.second`)],
  ["is open to others", (path) => chmod(path, 0o666)],
  [
    "is another user's",
    (path) => Promise.resolve(chownSync(path, 65_534, 65_534)),
  ],
];

for (const [what, tamper] of TAMPERED) {
  const skip = process.platform === "win32"
    ? "Windows has other rights"
    : what === "is another user's" && process.getuid?.() !== 0 &&
      "only root can give files away";
  test(
    `PartialFile begins anew where the file ${what}`,
    { skip },
    () =>
      inFolder(async (folder) => {
        const path = join(folder, "blob.partial");
        for (const tampered of [path, `${path}.record`]) {
          for (const resumable of [true, false]) {
            await leftBehind(folder);
            await tamper(tampered);
            const other = await openFile(path, "r+");
            const { ino } = await other.stat();
            const file = await PartialFile.open(path, {
              id: "a",
              size: SIZE,
              resumable,
            });
            assertEquals(file.present.ranges, []);
            // Who had it open writes to nothing of ours.
            const now = await lstat(path);
            assert(now.ino !== ino);
            assertEquals([now.nlink, now.mode & 0o022], [1, 0]);
            await file.write(new Uint8Array(SIZE).fill(1), 0);
            await other.write("somebody else's", 0);
            await other.close();
            await file.commit(join(folder, "final"));
            const final = await lstat(join(folder, "final"));
            assertEquals([final.ino, final.uid], [now.ino, now.uid]);
            const bytes = await readFile(join(folder, "final"));
            assert(bytes.every((byte) => byte === 1));
            await rm(`${tampered}.second`, { force: true });
          }
        }
        // An empty one, without a record, is nobody's beginning either.
        await writeFile(path, "");
        await tamper(path);
        const other = await openFile(path, "r+");
        const { ino } = await other.stat();
        const file = await open(path);
        assert((await lstat(path)).ino !== ino);
        await other.close();
        await file.discard();
      }),
  );
}

test("PartialFile writes its record through no link", () =>
  inFolder(async (folder) => {
    const target = join(folder, "target");
    await writeFile(target, "precious");
    await symlink(target, join(folder, "blob.partial.record~"));
    await symlink(target, join(folder, "blob.partial.record"));
    await leftBehind(folder);
    assertEquals(await readFile(target, "utf8"), "precious");
  }));

test("PartialFile leaves nothing of one that was killed while it wrote its record", () =>
  inFolder(async (folder) => {
    const path = join(folder, "blob.partial");
    const renewed = `${path}.record~`;
    for (const kept of [true, false]) {
      await leftBehind(folder);
      await writeFile(renewed, "half of i");
      if (!kept) await rm(`${path}.record`);
      const file = await open(path);
      assertEquals(file.present.total > 0, kept);
      await file.write(new Uint8Array(SIZE), 0);
      await file.commit(join(folder, "final"));
      assertEquals(await readdir(folder), ["final"]);
      await rm(join(folder, "final"));
    }
  }));

test("PartialFile.close() keeps nothing of nothing", () =>
  inFolder(async (folder) => {
    const file = await open(join(folder, "a"));
    await file.close();
    assertEquals(await readdir(folder), []);
  }));

test("PartialFile.close() keeps nothing that is not to be resumed", () =>
  inFolder(async (folder) => {
    const options = { id: "a", size: SIZE, resumable: false };
    const file = await PartialFile.open(join(folder, "a"), options);
    await file.write(new Uint8Array(10), 0);
    await file.close();
    assertEquals(await readdir(folder), []);
  }));

test("PartialFile.close() and discard() can be called again", () =>
  inFolder(async (folder) => {
    const file = await open(join(folder, "a"));
    await file.write(new Uint8Array(10), 0);
    await file.close();
    await file.close();
    await file.discard();
    await file.discard();
    assertEquals(await readdir(folder), []);
  }));

test(
  "PartialFile.forget() makes bytes missing again",
  needsBoot,
  () =>
    inFolder(async (folder) => {
      const path = await leftBehind(folder);
      const file = await open(path);
      file.forget(150, 200);
      await file.close();
      assertEquals(await found(path), [[100, 150], [200, 300]]);
    }),
);

test("PartialFile.write() says what the system says", () =>
  inFolder(async (folder) => {
    const file = await open(join(folder, "a"));
    await file.discard();
    await assertRejects(() => file.write(new Uint8Array(1), 0), StorageError);
    await assertRejects(() => file.read(new Uint8Array(1), 0), StorageError);
  }));
