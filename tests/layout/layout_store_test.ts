import { assert, assertEquals, assertRejects } from "@std/assert";
import { spawnSync } from "node:child_process";
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { basename, join } from "node:path";
import { InvalidDigestError, StorageError } from "../../lib/image/errors.ts";
import { LayoutStore } from "../../lib/layout/layout_store.ts";
import { StoreEntry } from "../../lib/layout/entry.ts";
import { StoreIngest } from "../../lib/layout/ingest.ts";
import type { Document } from "../../lib/image/types.ts";
import { content, layer, layerBytes, sha256 } from "../archive/content.ts";
import { inFolder } from "../disk/folder.ts";
import { test } from "../harness.ts";
import { blob } from "../transfer/blobs.ts";

const { descriptor, bytes } = blob(3_000);

async function ingest(store: LayoutStore): Promise<StoreIngest> {
  const place = await store.ingest(descriptor);
  assert(place instanceof StoreIngest);
  return place;
}

test("LayoutStore.open() makes a layout, and opens it again", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a", "cache");
    await Promise.all(Array.from({ length: 5 }, () => LayoutStore.open(path)));
    assertEquals(
      JSON.parse(await readFile(join(path, "oci-layout"), "utf8")),
      { imageLayoutVersion: "1.0.0" },
    );
    const store = await LayoutStore.open(path);
    assertEquals(store.path, path);
    const names = (await readdir(path)).sort();
    assertEquals(names, ["blobs", "ingest", "oci-layout"]);
  }));

test("LayoutStore.open() rejects what is no layout of ours", () =>
  inFolder(async (folder) => {
    await writeFile(
      join(folder, "oci-layout"),
      '{"imageLayoutVersion":"2.0.0"}',
    );
    await assertRejects(
      () => LayoutStore.open(folder),
      StorageError,
      "version",
    );
    await writeFile(join(folder, "file"), "");
    await assertRejects(
      () => LayoutStore.open(join(folder, "file")),
      StorageError,
    );
    await rm(join(folder, "oci-layout"));
    await mkdir(join(folder, "oci-layout"));
    await assertRejects(() => LayoutStore.open(folder), StorageError, "EISDIR");
  }));

test("LayoutStore.blobPath() leads nowhere else", async () => {
  await inFolder(async (folder) => {
    const store = await LayoutStore.open(folder);
    for (
      const digest of ["sha256:../../x", "../x:00", "sha256:" + "A".repeat(64)]
    ) {
      await assertRejects(
        async () => store.blobPath(await Promise.resolve(digest)),
        InvalidDigestError,
      );
    }
  });
});

test("LayoutStore follows no link in the place of its folders", () =>
  inFolder(async (folder) => {
    for (const name of ["ingest", "blobs", "blobs/sha256", "blobs/sha512"]) {
      const elsewhere = await mkdtemp(join(folder, "elsewhere-"));
      const old = join(elsewhere, `a.${crypto.randomUUID()}.tmp`);
      await writeFile(old, "precious");
      await utimes(old, 0, 0);
      const path = await mkdtemp(join(folder, "cache-"));
      if (name.includes("/")) await mkdir(join(path, "blobs"));
      await symlink(elsewhere, join(path, name));
      const error = await assertRejects(async () => {
        const store = await LayoutStore.open(path);
        const digest = `sha512:${"0".repeat(128)}`;
        await store.ingest({ ...descriptor, digest });
      }, StorageError);
      assertEquals(error.path, join(path, name));
      assertEquals(await readdir(elsewhere), [basename(old)]);
    }
  }));

test("LayoutStore.open() clears away only what bears names of its own", () =>
  inFolder(async (folder) => {
    const ingest = join(folder, "ingest");
    await mkdir(ingest);
    const own = `index.json.${crypto.randomUUID()}.tmp`;
    const others = [
      "a.tmp",
      "my.partial.lock",
      `${own}.old`,
      "b.partial.record",
    ];
    for (const name of [own, ...others]) {
      await writeFile(join(ingest, name), "");
      await utimes(join(ingest, name), 0, 0);
    }
    await LayoutStore.open(folder);
    assertEquals((await readdir(ingest)).sort(), others.sort());
  }));

test("LayoutStore.ingest() makes an entry", () =>
  inFolder(async (folder) => {
    const store = await LayoutStore.open(folder);
    assertEquals(await store.entry(descriptor), undefined);
    const place = await ingest(store);
    assertEquals(await store.has(descriptor), false);
    await place.write(bytes, 0);
    assertEquals(await store.has(descriptor), false);
    await place.commit();
    assertEquals(await store.has(descriptor), true);
    assertEquals(await store.get(descriptor), bytes);
    assertEquals(await readdir(join(folder, "ingest")), []);
    const again = await store.ingest(descriptor);
    assert(again instanceof StoreEntry);
    await again.close();
    await store.remove(descriptor.digest);
    assertEquals(await store.has(descriptor), false);
  }));

test("LayoutStore.ingest() lets one fetch and gives the others its entry", () =>
  inFolder(async (folder) => {
    const stores = await Promise.all(
      Array.from({ length: 4 }, () => LayoutStore.open(folder)),
    );
    let fetched = 0;
    let waited = 0;
    await Promise.all(stores.map(async (store) => {
      const onWait = () => void waited++;
      const place = await store.ingest(descriptor, { onWait });
      if (place instanceof StoreIngest) {
        fetched++;
        await place.write(bytes, 0);
        while (waited < stores.length - 1) {
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        await place.commit();
      } else await place.close();
    }));
    assertEquals([fetched, waited], [1, 3]);
    assertEquals(await readdir(join(folder, "ingest")), []);
  }));

test("LayoutStore.ingest() lets the next one go on where one gave up", () =>
  inFolder(async (folder) => {
    const store = await LayoutStore.open(folder);
    const first = await ingest(store);
    const second = ingest(store);
    await first.write(bytes.subarray(0, 100), 0);
    await first.close();
    const place = await second;
    assert(place.present.total === 0 || place.present.total === 100);
    await place.discard();
    assertEquals(await readdir(join(folder, "ingest")), []);
  }));

test("StoreIngest.commit() gives way to one who has taken over", () =>
  inFolder(async (folder) => {
    const store = await LayoutStore.open(folder);
    const first = await ingest(store);
    await first.write(bytes, 0);
    const [lock] = (await readdir(join(folder, "ingest")))
      .filter((name) => name.endsWith(".lock"));
    await rm(join(folder, "ingest", lock!));
    const second = await ingest(store);
    await second.write(bytes, 0);
    await second.commit();
    await first.commit();
    assertEquals(await store.get(descriptor), bytes);
    assertEquals(await readdir(join(folder, "ingest")), []);
    // Where it is not there after all, that is an error.
    await store.remove(descriptor.digest);
    const third = await ingest(store);
    const partial = (await readdir(join(folder, "ingest")))
      .filter((name) => name.endsWith(".partial"));
    await rm(join(folder, "ingest", partial[0]!));
    await assertRejects(() => third.commit() as Promise<void>, StorageError);
  }));

test("LayoutStore.ingest() ends with the signal's reason", () =>
  inFolder(async (folder) => {
    const store = await LayoutStore.open(folder);
    const first = await ingest(store);
    const reason = new Error("enough");
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 10);
    const error = await assertRejects(() =>
      store.ingest(descriptor, { signal: controller.signal })
    );
    assertEquals(error, reason);
    await first.discard();
  }));

test("LayoutStore drops entries of another size or kind", () =>
  inFolder(async (folder) => {
    const store = await LayoutStore.open(folder);
    const path = store.blobPath(descriptor.digest);
    const fifo = () => spawnSync("mkfifo", [path]);
    for (
      const damage of [
        () => writeFile(path, bytes.subarray(1)),
        () => writeFile(path, ""),
        () => symlink("/nowhere", path),
        fifo,
      ]
    ) {
      await damage();
      assertEquals(await store.has(descriptor), false);
      assertEquals(await store.entry(descriptor), undefined);
      assertEquals(await store.get(descriptor), undefined);
      const place = await ingest(store);
      await place.write(bytes, 0);
      await place.commit();
      assertEquals(await store.get(descriptor), bytes);
      await store.remove(descriptor.digest);
    }
  }));

test("LayoutStore.obtain() has one fetch a document for all that want it", () =>
  inFolder(async (folder) => {
    const { config } = content([layer(1)]);
    let fetched = 0;
    const fetch = async () => {
      fetched++;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return config;
    };
    const failure = new Error("broken");
    const stores = await Promise.all(
      [1, 2, 3].map(() => LayoutStore.open(folder)),
    );
    await assertRejects(
      () => stores[0]!.obtain(config.descriptor, () => Promise.reject(failure)),
      Error,
      "broken",
    );
    const found = await Promise.all(
      stores.map((store) => store.obtain(config.descriptor, fetch)),
    );
    for (const { bytes } of found) assertEquals(bytes, config.bytes);
    assertEquals(fetched, 1);
    assertEquals(await readdir(join(folder, "ingest")), []);
  }));

test("LayoutStore.get() removes what is damaged", () =>
  inFolder(async (folder) => {
    const store = await LayoutStore.open(folder);
    const damaged = bytes.slice();
    damaged[7]! ^= 1;
    await writeFile(store.blobPath(descriptor.digest), damaged);
    assertEquals(await store.has(descriptor), true);
    assertEquals(await store.get(descriptor), undefined);
    assertEquals(await store.has(descriptor), false);
  }));

test("LayoutStore.put() keeps documents of every algorithm", () =>
  inFolder(async (folder) => {
    const store = await LayoutStore.open(folder);
    const text = new TextEncoder().encode("{}");
    const digest = `sha512:${"0".repeat(128)}`;
    const document = {
      descriptor: { mediaType: "", digest, size: 2 },
      bytes: text,
    };
    await Promise.all([store.put(document), store.put(document)]);
    assertEquals(await store.has(document.descriptor), true);
    assertEquals(await readdir(join(folder, "ingest")), []);
  }));

test("LayoutStore.document() knows a manifest by its digest", () =>
  inFolder(async (folder) => {
    const store = await LayoutStore.open(folder);
    const { manifest } = content([layer(10)]);
    const { mediaType, digest, size } = manifest.descriptor;
    assertEquals(await store.document(digest), undefined);
    await store.put(manifest);
    const document = await store.document(digest);
    assertEquals(document?.descriptor, { mediaType, digest, size });
    assertEquals(document?.bytes, manifest.bytes);
  }));

/** Puts an image into the store whole. */
async function keep(store: LayoutStore, name: string, ...sizes: number[]) {
  const image = content(sizes.map(layer));
  const layers = sizes.map((size): Document => ({
    descriptor: layer(size),
    bytes: layerBytes(size),
  }));
  for (const document of [image.manifest, image.config, ...layers]) {
    await store.put(document);
  }
  await store.tag(name, image.manifest.descriptor);
  return image;
}

const version = spawnSync("skopeo", ["--version"]);

test("a LayoutStore is a layout that skopeo reads", {
  skip: version.status !== 0 && "skopeo is not installed",
}, () =>
  inFolder(async (folder) => {
    const store = await LayoutStore.open(join(folder, "cache"));
    const name = "docker.io/library/nginx:latest";
    const image = await keep(store, name, 100, 200);
    await keep(store, "example.com/other:1", 300);
    const { stdout, stderr } = spawnSync("skopeo", [
      "inspect",
      "--raw",
      `oci:${store.path}:${name}`,
    ]);
    assertEquals(stderr.toString(), "");
    assertEquals(
      sha256(new Uint8Array(stdout)),
      image.manifest.descriptor.digest,
    );
  }));

test("LayoutStore.tag() names many at once, and loses none", () =>
  inFolder(async (folder) => {
    const { manifest } = content([layer(10)]);
    const names = Array.from({ length: 8 }, (_, i) => `example.com/app:${i}`);
    await Promise.all(names.map(async (name) => {
      const store = await LayoutStore.open(folder);
      await store.tag(name, manifest.descriptor);
    }));
    const store = await LayoutStore.open(folder);
    for (const name of names) assertEquals(await store.knows(name), true);
    assertEquals(await store.knows("example.com/app:9"), false);
    const text = await readFile(join(folder, "index.json"), "utf8");
    assertEquals(JSON.parse(text).manifests.length, 8);
  }));

test("LayoutStore.tag() does not touch what is right already", () =>
  inFolder(async (folder) => {
    const store = await LayoutStore.open(folder);
    await keep(store, "example.com/app:1", 10);
    const path = join(folder, "index.json");
    const past = new Date(0);
    await utimes(path, past, past);
    await keep(store, "example.com/app:1", 10);
    assertEquals((await stat(path)).mtimeMs, 0);
  }));
