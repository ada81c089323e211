/** What every source of images has to keep to; a new one is a line in SOURCES. */
import { assertEquals, assertRejects } from "@std/assert";
import { toBytes } from "@std/streams/to-bytes";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { FixedSource } from "./fixed_source.ts";
import type { OpenImagesOptions } from "../../lib/archive/reader/images.ts";
import { openHeld } from "../../lib/copy/sources/held.ts";
import { LocalSource } from "../../lib/copy/sources/local.ts";
import { DockerPullError } from "../../lib/image/errors.ts";
import type { ImageSource } from "../../lib/image/image_source.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { openRepository } from "../../lib/registry/mirrors/mirrors.ts";
import { pull } from "../../lib/copy/pull.ts";
import { inFolder } from "../disk/folder.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";
import { dockerMembers, tar } from "../verify/world.ts";

const image = await buildImage({ layers: [{ size: 3000 }, { size: 700_000 }] });
const layer = image.layers[1]!;

/** A source that has the image as `registry.test/team/app:1`. */
interface Opened {
  source: ImageSource;
  /** Changes a byte of the configuration where it lies. */
  damage(): Promise<void>;
  /** Ends the reading. */
  close?(): Promise<void>;
}

type Opener = (folder: string) => Promise<Opened>;

const reference = parseReference("registry.test/team/app:1");

function registry(): FakeRegistry {
  const registry = new FakeRegistry();
  registry.add("team/app", image, "1");
  return registry;
}

const { digest: config } = image.config.descriptor;
const spoilt = image.config.bytes.map((byte, i) => i === 3 ? byte ^ 1 : byte);

const SOURCES: Record<string, Opener> = {
  "a registry": (_folder) => {
    const server = registry();
    return Promise.resolve({
      source: openRepository(reference, { fetch: server.fetch, retries: 0 }),
      damage: () => {
        server.fault = ({ url }) =>
          url.includes(config) ? { flipAt: 3 } : undefined;
        return Promise.resolve();
      },
    });
  },
  "a registry with a mirror": (_folder) => {
    const server = registry();
    server.hosts.add("mirror.test");
    return Promise.resolve({
      source: openRepository(reference, {
        fetch: server.fetch,
        retries: 0,
        mirrors: [{ registry: "registry.test", urls: ["https://mirror.test"] }],
      }),
      damage: () => {
        server.fault = ({ url }) =>
          url.includes(config) ? { flipAt: 3 } : undefined;
        return Promise.resolve();
      },
    });
  },
  "a fixed image": (_folder) => {
    const blobs = new Map(image.blobs);
    return Promise.resolve({
      source: new FixedSource({ tag: "1", manifest: image.manifest, blobs }),
      damage: () => {
        blobs.set(config, spoilt);
        return Promise.resolve();
      },
    });
  },
  "a layout": async (folder) => {
    const path = join(folder, "layout");
    await pull("registry.test/team/app:1", {
      fetch: registry().fetch,
      cacheDir: false,
      format: "oci",
      output: path,
    });
    return {
      ...await local(path),
      damage: () =>
        writeFile(join(path, "blobs/sha256", config.slice(7)), spoilt),
    };
  },
  "an archive": (folder) => archive(folder),
  "an archive compressed as a whole": async (folder) => {
    const { path } = await pulled(folder);
    const spool = { folder: join(folder, "spool") };
    await writeFile(path, gzipSync(await readFile(path)));
    const opened = await local(path, { spool });
    const expanded = join(spool.folder, (await readdir(spool.folder))[0]!);
    return { ...opened, damage: () => spoilConfig(expanded) };
  },
  "a Docker archive": async (folder) => {
    const path = join(folder, "docker.tar");
    const members = dockerMembers(image);
    const list = members.at(-1)!;
    list[1] = `${list[1]}`.replace("team/app:1", "registry.test/team/app:1");
    await writeFile(path, tar(members));
    return { ...await local(path), damage: () => spoilConfig(path) };
  },
};

async function pulled(folder: string) {
  const path = join(folder, "image.tar");
  await pull("registry.test/team/app:1", {
    fetch: registry().fetch,
    cacheDir: false,
    output: path,
  });
  return { path };
}

async function archive(folder: string): Promise<Opened> {
  const { path } = await pulled(folder);
  return { ...await local(path), damage: () => spoilConfig(path) };
}

/** What lies on this machine as a source. */
async function local(path: string, options?: OpenImagesOptions) {
  const held = await openHeld(path, options);
  const source = new LocalSource(held, reference);
  return { source, close: () => held.close() };
}

/** Changes a byte of the configuration within a file. */
async function spoilConfig(path: string): Promise<void> {
  const bytes = await readFile(path);
  const at = bytes.indexOf(image.config.bytes);
  bytes[at + 3]! ^= 1;
  await writeFile(path, bytes);
}

for (const [name, open] of Object.entries(SOURCES)) {
  const testSource = (what: string, body: (opened: Opened) => Promise<void>) =>
    test(`${name}: ${what}`, () =>
      inFolder(async (folder) => {
        const opened = await open(folder);
        try {
          await body(opened);
        } finally {
          await opened.close?.();
        }
      }));

  testSource(
    "a tag and a digest name the same manifest",
    async ({ source }) => {
      const { digest, size } = await source.resolve("1");
      const { descriptor, bytes } = await source.fetchManifest("1");
      assertEquals([descriptor.digest, bytes.length], [digest, size]);
      const again = await source.fetchManifest(digest);
      assertEquals(again.bytes, bytes);
      assertEquals((await source.fetchManifest(descriptor)).bytes, bytes);
      assertEquals((await source.resolve(digest)).size, size);
      assertEquals(await source.tags(), ["1"]);
    },
  );

  testSource("what is not there is an error of ours", async ({ source }) => {
    const gone = `sha256:${"0".repeat(64)}`;
    for (
      const call of [
        () => source.resolve("2"),
        () => source.fetchManifest("2"),
        () => source.fetchManifest(gone),
        () => source.fetchSmallBlob({ ...layer, digest: gone }),
        () => source.fetchBlob({ ...layer, digest: gone }),
      ]
    ) await assertRejects(call, DockerPullError);
  });

  testSource("a small blob is verified", async ({ source, damage }) => {
    const { descriptor, bytes } = image.config;
    assertEquals((await source.fetchSmallBlob(descriptor)).bytes, bytes);
    await damage();
    await assertRejects(
      () => source.fetchSmallBlob(descriptor),
      DockerPullError,
    );
  });

  testSource("a blob comes whole and in ranges", async ({ source }) => {
    const all = image.blobs.get(layer.digest)!;
    const first = await source.fetchBlob(layer);
    assertEquals([first.offset, first.partial], [0, false]);
    assertEquals(await toBytes(first.body), all);
    for (const [offset, end] of [[0, 1], [65_536, layer.size - 9], [5, 5000]]) {
      const part = await source.fetchBlob(layer, { offset, end });
      assertEquals([part.offset, part.partial], [offset!, true]);
      assertEquals(await toBytes(part.body), all.slice(offset, end));
    }
  });

  testSource("a signal ends a blob with its reason", async ({ source }) => {
    const reason = new Error("stop");
    const signal = AbortSignal.abort(reason);
    const error = await assertRejects(() =>
      source.fetchBlob(layer, { signal })
    );
    assertEquals(error, reason);
  });

  testSource("a body that nobody wants is let go", async ({ source }) => {
    const { body } = await source.fetchBlob(layer);
    await body.cancel();
  });
}
