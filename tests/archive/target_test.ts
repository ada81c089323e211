import { assertEquals, assertRejects } from "@std/assert";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import {
  mkdir,
  readFile,
  realpath,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { archiveOutput } from "../../lib/archive/output.ts";
import { outputFile } from "../../lib/disk/output_path.ts";
import { StorageError } from "../../lib/image/errors.ts";
import { layoutOutput } from "../../lib/layout/output.ts";
import { inFolder } from "../disk/folder.ts";
import { test } from "../harness.ts";
import { content, layer, planOf, writePlan } from "./content.ts";

const windows = process.platform === "win32";
const skip = windows && "links want rights on Windows, and devices names";
const HEX = "0123456789abcdef".repeat(4);

/** A tar of empty files with these names. */
async function writeTar(path: string, names: string[]): Promise<void> {
  const tar = new Uint8Array(512 * (names.length + 2));
  const encoder = new TextEncoder();
  for (const [i, name] of names.entries()) {
    const put = (text: string, at: number) =>
      tar.set(encoder.encode(text), 512 * i + at);
    put(name, 0);
    put("00000000000\0", 124);
    put("0", 156);
    put("ustar\0", 257);
  }
  await writeFile(path, tar);
}

async function refusal(call: () => Promise<unknown>): Promise<string> {
  return (await assertRejects(call, StorageError)).code;
}

test("archiveOutput() takes the place of an image archive, and of nothing", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.tar");
    assertEquals(await archiveOutput(path, false), path);
    await writeFile(path, "");
    assertEquals(await archiveOutput(path, false), path);
    const plan = planOf(content([layer(1000), layer(2000)]));
    await writePlan(path, plan);
    assertEquals(await archiveOutput(path, false), path);
    await truncate(path, 4_000);
    assertEquals(await archiveOutput(path, false), path);
    for (
      const names of [
        ["blobs/", "blobs/sha256/", `blobs/sha256/${HEX}`, "index.json"],
        ["./", "./oci-layout"],
        ["index.json", "oci-layout", "blobs/"],
        [`${HEX}/`, `${HEX}/VERSION`, `${HEX}/json`, `${HEX}/layer.tar`],
        [`sha256:${HEX}`, `${HEX}.tar.gz`, "manifest.json"],
        ["config.json", `${HEX}.tar.gz`, "manifest.json"],
        [`${HEX}.tar`, `${HEX}.json`, "manifest.json", "repositories"],
      ]
    ) {
      await writeTar(path, names);
      assertEquals(await archiveOutput(path, false), path, names[0]);
    }
  }));

test("archiveOutput() gives up no other file unless it is to", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.tar");
    const others: (() => Promise<void>)[] = [
      () => writeFile(path, "notes"),
      () => writeFile(path, new Uint8Array(10_000)),
      () => writeTar(path, ["src/", "src/main.ts"]),
      () => writeTar(path, ["manifest.json", "background.js"]),
      () => writeTar(path, ["index.json", "repositories"]),
      () => writeTar(path, [`${HEX}.jpg`, "holiday.jpg"]),
    ];
    for (const put of others) {
      await put();
      const code = await refusal(() => archiveOutput(path, false));
      assertEquals(code, "not-an-archive");
      assertEquals(await archiveOutput(path, true), path);
    }
  }));

test(
  "archiveOutput() follows links to what they name",
  { skip },
  () =>
    inFolder(async (name) => {
      const folder = await realpath(name);
      await mkdir(join(folder, "far/deep"), { recursive: true });
      await symlink(join(folder, "far/deep"), join(folder, "near"));
      // It counts from the folder that it is in, not from its name.
      await symlink("../real.tar", join(folder, "far/deep/a.tar"));
      await symlink("near/a.tar", join(folder, "b.tar"));
      const real = join(folder, "far/real.tar");
      for (const target of ["b.tar", "near/a.tar"]) {
        assertEquals(await archiveOutput(join(folder, target), false), real);
      }
      await writeFile(real, "notes");
      assertEquals(
        await refusal(() => archiveOutput(join(folder, "b.tar"), false)),
        "not-an-archive",
      );
      assertEquals(await readFile(real, "utf8"), "notes");
      await symlink("y", join(folder, "x"));
      await symlink("x", join(folder, "y"));
      assertEquals(
        await refusal(() => archiveOutput(join(folder, "x"), true)),
        "ELOOP",
      );
    }),
);

test("outputFile() refuses devices, pipes and the system's own folders", {
  skip,
}, () =>
  inFolder(async (folder) => {
    spawnSync("mkfifo", [join(folder, "pipe")]);
    await mkdir(join(folder, "folder"));
    await symlink("/dev/null", join(folder, "null"));
    await symlink("/dev", join(folder, "dev"));
    await symlink("null", join(folder, "again"));
    const refused: [string, string][] = [
      ["/dev/stdout", "system-folder"],
      ["/dev/fd/1", "system-folder"],
      ["/dev/null", "system-folder"],
      ["/dev/new.tar", "system-folder"],
      ["/proc/self/fd/1", "system-folder"],
      ["/proc/self/cwd/new.tar", "system-folder"],
      ["/sys/new.tar", "system-folder"],
      [`${folder}/../../../../dev/null`, "system-folder"],
      [join(folder, "null"), "system-folder"],
      [join(folder, "again"), "system-folder"],
      [join(folder, "dev/new.tar"), "system-folder"],
      [join(folder, "dev/new/new.tar"), "system-folder"],
      [join(folder, "pipe"), "not-a-file"],
      [join(folder, "folder"), "EISDIR"],
    ];
    for (const [path, code] of refused) {
      assertEquals(await refusal(() => outputFile(path)), code, path);
      assertEquals(await refusal(() => archiveOutput(path, true)), code, path);
    }
    if (existsSync("/dev/shm")) await outputFile("/dev/shm/new.tar");
    await outputFile(join(folder, "dev-new.tar"));
  }));

test("layoutOutput() takes a layout, and a folder with nothing else in it", () =>
  inFolder(async (folder) => {
    const path = join(folder, "layout");
    assertEquals(await layoutOutput(path, false), path);
    await mkdir(join(path, "blobs"), { recursive: true });
    assertEquals(await layoutOutput(path, false), path);
    await writeFile(join(path, "notes"), "notes");
    assertEquals(
      await refusal(() => layoutOutput(path, false)),
      "not-a-layout",
    );
    assertEquals(await layoutOutput(path, true), path);
    await writeFile(join(path, "oci-layout"), "{}");
    assertEquals(await layoutOutput(path, false), path);
    assertEquals(
      await refusal(() => layoutOutput(join(path, "notes"), true)),
      "ENOTDIR",
    );
    if (windows) return;
    for (const system of ["/dev/layout", "/proc/1", "/sys"]) {
      assertEquals(
        await refusal(() => layoutOutput(system, true)),
        "system-folder",
      );
    }
  }));
