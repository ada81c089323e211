import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { listCache } from "../../lib/cache/list.ts";
import { pruneCache } from "../../lib/cache/prune.ts";
import { removeFromCache } from "../../lib/cache/remove.ts";
import { verifyCache } from "../../lib/cache/verify.ts";
import { StorageError } from "../../lib/image/errors.ts";
import { LayoutStore } from "../../lib/layout/layout_store.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import { sha256 } from "../archive/content.ts";
import { deferred, test } from "../harness.ts";
import { images, inCacheWorld, ONE, TWO } from "./world.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Has an image be used so many days ago. */
async function age(cacheDir: string, digest: string, days: number) {
  const time = new Date(Date.now() - days * DAY_MS);
  await utimes(join(cacheDir, "used", digest.replace(":", "-")), time, time);
}

async function digestOf(cacheDir: string, name: string): Promise<string> {
  const { images } = await listCache({ cacheDir });
  return images.find(({ names }) => names.includes(name))!.digest;
}

async function namesIn(cacheDir: string): Promise<string[]> {
  const { images } = await listCache({ cacheDir });
  return images.flatMap(({ names }) => names).sort();
}

async function addLoose(cacheDir: string, text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  const digest = await sha256(bytes);
  const path = join(cacheDir, "blobs", "sha256", digest.slice(7));
  await writeFile(path, bytes);
  return path;
}

test("listCache() tells what images share and what each has alone", () =>
  inCacheWorld(async ({ cacheDir, pull }) => {
    assertEquals((await listCache({ cacheDir })).images, []);
    await pull(ONE);
    const before = Date.now();
    await pull(TWO);
    const contents = await listCache({ cacheDir });
    assertEquals(contents.images.map(({ names }) => names), [[TWO], [ONE]]);
    const [two, one] = contents.images;
    assert(Number(two!.lastUsed) >= before - 5, `${two!.lastUsed}`);
    assertEquals([one!.layers, one!.missing], [2, []]);
    const base = images[0]!.layers[0]!;
    const shared = contents.blobs.filter(({ images }) => images.length === 2);
    assertEquals(shared.map(({ digest }) => digest), [base.digest]);
    assertEquals(contents.shared, { count: 1, bytes: base.size });
    assertEquals(contents.unused.count, 0);
    assertEquals(one!.size - one!.unique, base.size);
    assertEquals(
      contents.total.bytes,
      one!.unique + two!.unique + contents.shared.bytes,
    );
  }));

test("pruneCache() takes what was not used for long, and leaves what others share", () =>
  inCacheWorld(async ({ cacheDir, pull }) => {
    await pull(ONE);
    await pull(TWO);
    await age(cacheDir, await digestOf(cacheDir, ONE), 40);
    const before = await listCache({ cacheDir });
    const olderThan = 30 * DAY_MS;
    const dry = await pruneCache({ cacheDir, olderThan, dryRun: true });
    assertEquals(await listCache({ cacheDir }), before);
    const result = await pruneCache({ cacheDir, olderThan });
    assertEquals({ ...result }, { ...dry });
    assertEquals(result.images.map(({ names }) => names), [[ONE]]);
    assertEquals(result.bytes, result.images[0]!.unique);
    assertEquals(await namesIn(cacheDir), [TWO]);
    const { problems } = await verifyImage(cacheDir);
    assertEquals(problems, []);
    const again = await pruneCache({ cacheDir, olderThan });
    assertEquals([again.blobs, again.bytes], [0, 0]);
    // A use makes it young again.
    await age(cacheDir, await digestOf(cacheDir, TWO), 40);
    await pull(TWO, { force: false });
    assertEquals((await pruneCache({ cacheDir, olderThan })).images, []);
  }));

test("pruneCache() keeps to a size: what nothing refers to goes first, then what was used least recently", () =>
  inCacheWorld(async ({ cacheDir, pull }) => {
    await pull(ONE);
    await pull(TWO);
    await age(cacheDir, await digestOf(cacheDir, TWO), 1);
    const { total } = await listCache({ cacheDir });
    const loose = await addLoose(cacheDir, "x".repeat(5000));
    const first = await pruneCache({ cacheDir, maxSize: total.bytes });
    assertEquals([first.images, first.bytes], [[], 5000]);
    await assertRejects(() => stat(loose));
    const second = await pruneCache({ cacheDir, maxSize: total.bytes - 1 });
    assertEquals(second.images.map(({ names }) => names), [[TWO]]);
    assertEquals(await namesIn(cacheDir), [ONE]);
    const all = await pruneCache({ cacheDir, maxSize: 0 });
    assertEquals([all.left, (await listCache({ cacheDir })).total.count], [
      0,
      0,
    ]);
  }));

test("pruneCache() takes what nothing refers to, but no index or signature of what stays", () =>
  inCacheWorld(async ({ cacheDir, pull }) => {
    await pull(ONE);
    const digest = await digestOf(cacheDir, ONE);
    const { size } = (await listCache({ cacheDir })).images[0]!;
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const subject = { mediaType, digest, size };
    const payload = await addLoose(cacheDir, "a signature's payload");
    const name = `sha256:${payload.slice(-64)}`;
    const signature = await addLoose(
      cacheDir,
      JSON.stringify({
        schemaVersion: 2,
        config: { mediaType: "x/y", digest: name, size: 21 },
        layers: [{ mediaType: "x/y", digest: name, size: 21 }],
        subject,
      }),
    );
    const index = await addLoose(
      cacheDir,
      JSON.stringify({ schemaVersion: 2, manifests: [subject] }),
    );
    const loose = await addLoose(cacheDir, "nobody's");
    const torn = await addLoose(cacheDir, '{"layers": [');
    const dots = join(cacheDir, "ingest", "strange");
    await writeFile(dots, "");
    const result = await pruneCache({ cacheDir, unused: true });
    assertEquals(result.blobs, 2);
    for (const path of [payload, signature, index, dots]) await stat(path);
    for (const path of [loose, torn]) await assertRejects(() => stat(path));
    const all = await removeFromCache([ONE], { cacheDir });
    assertEquals(all.missing, []);
    for (const path of [payload, signature, index]) {
      await assertRejects(() => stat(path));
    }
  }));

test("pruneCache() leaves what has come in part today", () =>
  inCacheWorld(async ({ cacheDir, pull }) => {
    await pull(ONE);
    const part = join(cacheDir, "ingest", `sha256-${"ab".repeat(32)}.partial`);
    for (const path of [part, `${part}.record`]) await writeFile(path, "half");
    assertEquals((await pruneCache({ cacheDir, unused: true })).blobs, 0);
    const old = new Date(Date.now() - 2 * DAY_MS);
    await utimes(part, old, old);
    assertEquals((await pruneCache({ cacheDir, unused: true })).blobs, 1);
    assertEquals(await readdir(join(cacheDir, "ingest")), []);
  }));

test("removeFromCache() takes a name, and the image with the last of them", () =>
  inCacheWorld(async ({ cacheDir, registry, pull }) => {
    registry.add("team/one", images[0]!, "latest");
    await pull(ONE);
    await pull("registry.test/team/one");
    await pull(TWO);
    const first = await removeFromCache([ONE], { cacheDir });
    assertEquals([first.removed, first.blobs], [[ONE], 0]);
    const name = "registry.test/team/one:latest";
    assertEquals(await namesIn(cacheDir), [name, TWO]);
    const dry = await removeFromCache([name], { cacheDir, dryRun: true });
    assertEquals(await namesIn(cacheDir), [name, TWO]);
    const second = await removeFromCache([name, "no:such"], { cacheDir });
    assertEquals([second.missing, second.bytes], [["no:such"], dry.bytes]);
    assert(second.bytes > 0);
    const digest = await digestOf(cacheDir, TWO);
    const third = await removeFromCache([digest], { cacheDir });
    assertEquals(third.removed, [digest]);
    const { total, images: left } = await listCache({ cacheDir });
    assertEquals([total.count, left], [0, []]);
  }));

test("verifyCache() names what is damaged, and repairs it", () =>
  inCacheWorld(async ({ cacheDir, registry, pull }) => {
    await pull(ONE);
    await pull(TWO);
    assertEquals((await verifyCache({ cacheDir })).damaged, []);
    const descriptor = images[0]!.layers[0]!;
    const store = await LayoutStore.open(cacheDir);
    const path = store.blobPath(descriptor.digest);
    const bytes = await readFile(path);
    const { mtime } = await stat(path);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(path, bytes);
    await utimes(path, mtime, mtime);
    const found = await verifyCache({ cacheDir });
    assertEquals(
      found.damaged.map(({ digest, images, removed }) => ({
        digest,
        images: images.sort(),
        removed,
      })),
      [{ digest: descriptor.digest, images: [ONE, TWO], removed: false }],
    );
    await stat(path);
    const repaired = await verifyCache({ cacheDir, repair: true });
    assertEquals(repaired.damaged.map(({ removed }) => removed), [true]);
    await assertRejects(() => stat(path));
    const after = await verifyCache({ cacheDir });
    assertEquals([after.damaged.length, after.incomplete.length], [0, 2]);
    registry.requests.length = 0;
    await pull(ONE);
    const blobs = registry.requests.filter(({ url }) =>
      `${url}`.includes("/blobs/")
    );
    assertEquals(blobs.length, 1);
    assertEquals((await verifyCache({ cacheDir })).incomplete, []);
  }));

test("what a running pull needs is not taken away", () =>
  inCacheWorld(async ({ cacheDir, registry, pull }) => {
    await pull(ONE);
    await rm(join(cacheDir, "blobs/sha256", hexOf(images[0]!.layers[1]!)));
    await pull(TWO);
    // The first layer is there, and the second is on its way.
    const [asked, go] = [deferred(), deferred()];
    const fetch: typeof registry.fetch = async (...args) => {
      const response = await registry.fetch(...args);
      if (`${args[0]}`.includes(hexOf(images[0]!.layers[1]!))) {
        asked.resolve();
        await go.promise;
      }
      return response;
    };
    const pulling = pull(ONE, { fetch });
    await asked.promise;
    const prune = { cacheDir, olderThan: 0, now: Date.now() + DAY_MS };
    const { inUse } = await pruneCache({ ...prune, maxSize: 0, unused: true });
    assertEquals(inUse.map(({ names }) => names), [[ONE]]);
    const removed = await removeFromCache([ONE], { cacheDir });
    assertEquals(removed.inUse, [ONE]);
    assertEquals(await namesIn(cacheDir), [ONE]);
    go.resolve();
    await pulling;
    const { problems } = await verifyImage(cacheDir);
    assertEquals(problems, []);
    assertEquals(await readdir(join(cacheDir, "ingest")), []);
    await pruneCache(prune);
    assertEquals((await listCache({ cacheDir })).total.count, 0);
  }));

function hexOf({ digest }: { digest: string }): string {
  return digest.slice(7);
}

test("a folder that is no cache is left alone", () =>
  inCacheWorld(async ({ folder, cacheDir }) => {
    await mkdir(cacheDir);
    assertEquals((await listCache({ cacheDir })).images, []);
    await writeFile(join(cacheDir, "thesis.tex"), "years of work");
    for (
      const call of [
        () => listCache({ cacheDir }),
        () => pruneCache({ cacheDir, unused: true }),
        () => removeFromCache(["a"], { cacheDir }),
        () => verifyCache({ cacheDir, repair: true }),
      ]
    ) await assertRejects(call, StorageError, "not-a-layout");
    assertEquals(await readdir(folder), ["cache"]);
    await assertRejects(() => pruneCache({ cacheDir }), TypeError, "none of");
  }));

test("a cache that only a push has noted its uploads in holds nothing", () =>
  inCacheWorld(async ({ cacheDir, pull }) => {
    await mkdir(join(cacheDir, "uploads"), { recursive: true });
    assertEquals((await listCache({ cacheDir })).images, []);
    assertEquals((await verifyCache({ cacheDir })).damaged, []);
    await pull(ONE);
    assertEquals(await namesIn(cacheDir), [ONE]);
  }));
