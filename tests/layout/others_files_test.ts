/** Links, and files of somebody else, in the place of a layout's blobs. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { chownSync } from "node:fs";
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { ContentMismatchError, StorageError } from "../../lib/image/errors.ts";
import { LayoutStore } from "../../lib/layout/layout_store.ts";
import { StoreIngest } from "../../lib/layout/ingest.ts";
import { inFolder } from "../disk/folder.ts";
import { test } from "../harness.ts";
import { blob } from "../transfer/blobs.ts";

const skip = process.platform === "win32" && "links want rights on Windows";
const { descriptor, bytes } = blob(3_000);
const document = { descriptor, bytes };

/** A store without the blob, at whose place there is a link to its bytes. */
async function linked(folder: string): Promise<[LayoutStore, string]> {
  const store = await LayoutStore.open(join(folder, "cache"));
  const elsewhere = join(folder, "elsewhere");
  await writeFile(elsewhere, bytes);
  const path = store.blobPath(descriptor.digest);
  await symlink(elsewhere, path);
  return [store, elsewhere];
}

test(
  "LayoutStore has no blob where there is a link to one",
  { skip },
  () =>
    inFolder(async (folder) => {
      const [store, elsewhere] = await linked(folder);
      assertEquals(await store.has(descriptor), false);
      assertEquals(await store.entry(descriptor), undefined);
      assertEquals(await store.get(descriptor), undefined);
      assertEquals(await store.document(descriptor.digest), undefined);
      const place = await store.ingest(descriptor);
      assert(place instanceof StoreIngest);
      await place.write(bytes, 0);
      await place.commit();
      const path = store.blobPath(descriptor.digest);
      assert((await lstat(path)).isFile());
      await writeFile(elsewhere, "changed");
      assertEquals(await store.get(descriptor), bytes);
    }),
);

test(
  "LayoutStore.adopt() takes over no link",
  { skip },
  () =>
    inFolder(async (folder) => {
      const [source] = await linked(folder);
      const store = await LayoutStore.open(join(folder, "layout"));
      const error = await assertRejects(
        () => store.adopt(source, descriptor),
        StorageError,
      );
      assertEquals(error.code, "is-a-link");
      assertEquals(await store.has(descriptor), false);
      assertEquals(await readdir(join(store.path, "ingest")), []);
    }),
);

for (const what of ["is open to others", "is another user's"]) {
  test(`LayoutStore.adopt() copies and verifies a blob that ${what}`, {
    skip: skip || (what.endsWith("user's") && process.getuid?.() !== 0 &&
      "only root can give files away"),
  }, () =>
    inFolder(async (folder) => {
      const source = await LayoutStore.open(join(folder, "cache"));
      const store = await LayoutStore.open(join(folder, "layout"));
      await source.put(document);
      const from = source.blobPath(descriptor.digest);
      const to = store.blobPath(descriptor.digest);
      // What nobody else can change becomes the same file.
      await store.adopt(source, descriptor);
      assertEquals((await lstat(to)).ino, (await lstat(from)).ino);
      await rm(to);
      if (what === "is open to others") await chmod(from, 0o666);
      else chownSync(from, 65_534, 65_534);
      await store.adopt(source, descriptor);
      assert((await lstat(to)).ino !== (await lstat(from)).ino);
      assertEquals(new Uint8Array(await readFile(to)), bytes);
      await rm(to);
      await writeFile(from, new Uint8Array(descriptor.size));
      await assertRejects(
        () => store.adopt(source, descriptor),
        ContentMismatchError,
      );
      assertEquals(await store.has(descriptor), false);
      assertEquals(await readdir(join(store.path, "ingest")), []);
    }));
}

test("LayoutStore tells a file in the place of a folder from a link", () =>
  inFolder(async (folder) => {
    for (const name of ["ingest", "blobs"]) {
      const path = join(folder, name);
      await mkdir(path);
      await writeFile(join(path, name), "");
      const error = await assertRejects(async () => {
        const store = await LayoutStore.open(path);
        await store.put(document);
      }, StorageError);
      assertEquals(
        ["ENOTDIR", "EEXIST"].includes(error.code),
        true,
        error.code,
      );
    }
  }));

test("LayoutStore follows no link in the place of its documents", {
  skip,
}, () =>
  inFolder(async (folder) => {
    for (const name of ["oci-layout", "index.json"]) {
      const path = join(folder, name);
      const store = await LayoutStore.open(join(path, "cache"));
      await store.tag("a", descriptor);
      await mkdir(join(path, "elsewhere"));
      await rename(join(store.path, name), join(path, "elsewhere", name));
      await symlink(join(path, "elsewhere", name), join(store.path, name));
      const error = await assertRejects(async () => {
        const store = await LayoutStore.open(join(path, "cache"));
        await store.tagged("a");
      }, StorageError);
      assertEquals(error.code, "is-a-link");
      assertEquals(dirname(error.path), store.path);
    }
  }));

test(
  "LayoutStore.verified believes nobody else",
  { skip },
  () =>
    inFolder(async (folder) => {
      const state = { dev: 1n, ino: 2n, size: 3n, mtimeNs: 4n, ctimeNs: 5n };
      const first = await LayoutStore.open(folder);
      first.verified.add(state, "a");
      await first.verified.save();
      const found = async () =>
        await (await LayoutStore.open(folder)).verified.find(state);
      assertEquals(await found(), "a");
      await chmod(join(folder, "verified.json"), 0o666);
      assertEquals(await found(), undefined);
      await chmod(join(folder, "verified.json"), 0o644);
      assertEquals(await found(), "a");
      if (process.getuid?.() !== 0) return;
      chownSync(join(folder, "verified.json"), 65_534, 65_534);
      assertEquals(await found(), undefined);
    }),
);
