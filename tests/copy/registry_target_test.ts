import { assert, assertEquals, assertRejects } from "@std/assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { copy } from "../../lib/copy/engine/copy.ts";
import {
  type DocumentOptions,
  imageConfig,
  imageManifest,
} from "../../lib/copy/sets/documents.ts";
import {
  graphOf,
  type GraphRoot,
  type ImageGraph,
  imageRoot,
} from "../../lib/copy/engine/graph.ts";
import { registryTarget } from "../../lib/copy/targets/registry.ts";
import type { Pushed } from "../../lib/copy/targets/registry_blobs.ts";
import { totalSize } from "../../lib/image/descriptors.ts";
import { ContentMismatchError, UploadError } from "../../lib/image/errors.ts";
import type { PullEvent } from "../../lib/image/events.ts";
import type { ImageSource } from "../../lib/image/image_source.ts";
import { parseManifest } from "../../lib/image/manifest.ts";
import { parseReference, type Reference } from "../../lib/image/reference.ts";
import type { Referrer } from "../../lib/image/referrer.ts";
import type {
  Descriptor,
  Document,
  FileRegion,
} from "../../lib/image/types.ts";
import { LayoutStore } from "../../lib/layout/layout_store.ts";
import { PushRepository } from "../../lib/registry/upload/push_repository.ts";
import { UploadRecords } from "../../lib/registry/upload/records.ts";
import { Writers } from "../../lib/transfer/writers.ts";
import { inFolder } from "../disk/folder.ts";
import {
  buildDocument,
  buildImage,
  type BuiltImage,
  MEDIA_TYPES,
} from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry, type UploadRules } from "../registry_server/mod.ts";
import { FixedSource } from "./fixed_source.ts";

const shared = { size: 5000, seed: "shared" };
const IMAGE = await buildImage({ layers: [shared, { size: 700_000 }] });
const OTHER = await buildImage({ seed: "other", layers: [shared, {}] });

/** An image in memory, or in one file of this machine. */
class TestSource extends FixedSource {
  readonly #regions: ReadonlyMap<string, FileRegion> | undefined;
  fetched = 0;

  constructor(image: BuiltImage, regions?: ReadonlyMap<string, FileRegion>) {
    super({ tag: "1", manifest: image.manifest, blobs: image.blobs });
    this.#regions = regions;
  }

  local({ digest }: Descriptor): Promise<FileRegion | undefined> {
    return Promise.resolve(this.#regions?.get(digest));
  }

  override fetchBlob(
    ...[descriptor, options]: Parameters<ImageSource["fetchBlob"]>
  ): ReturnType<ImageSource["fetchBlob"]> {
    this.fetched++;
    return super.fetchBlob(descriptor, options);
  }
}

/** Writes an image's layers into one file, and tells where each is. */
async function toFile(
  path: string,
  { blobs }: BuiltImage,
): Promise<Map<string, FileRegion>> {
  const regions = new Map<string, FileRegion>();
  const parts: Uint8Array<ArrayBuffer>[] = [new Uint8Array(512)];
  let offset = 512;
  for (const [digest, bytes] of blobs) {
    regions.set(digest, {
      path,
      identity: undefined,
      offset,
      writable: false,
      subject: path,
    });
    parts.push(bytes);
    offset += bytes.length;
  }
  await writeFile(path, new Uint8Array(await new Blob(parts).arrayBuffer()));
  return regions;
}

async function rootOf(
  name: string,
  source: ImageSource,
  cache?: LayoutStore,
): Promise<GraphRoot> {
  const reference = parseReference(name);
  const options: DocumentOptions = {
    source,
    cache,
    wantedPlatform: { os: "linux", architecture: "amd64" },
    platformWasNamed: false,
    pulledBefore: false,
    onEvent: () => {},
  };
  const found = await imageManifest(reference, options);
  const documents = imageConfig(found, options);
  await documents;
  return imageRoot({ reference, found, documents }, source);
}

interface World {
  registry: FakeRegistry;
  folder: string;
  events: PullEvent[];
  /** For how many bytes threads were to be made ready. */
  prepared: number[];
  push(
    graph: ImageGraph,
    options?: { cache?: LayoutStore; force?: boolean },
  ): Promise<Pushed & { upToDate: boolean }>;
}

function testPush(
  name: string,
  rules: UploadRules,
  body: (world: World) => Promise<void>,
): void {
  test(`a registry as a target: ${name}`, () =>
    inFolder(async (folder) => {
      const registry = new FakeRegistry({ uploads: rules });
      const events: PullEvent[] = [];
      const prepared: number[] = [];
      const onEvent = (event: PullEvent) => void events.push(event);
      const shared = { records: new UploadRecords(join(folder, "uploads")) };
      await body({
        registry,
        folder,
        events,
        prepared,
        async push(graph, { cache, force = false } = {}) {
          const target = registryTarget({
            place: ({ reference }): Reference => ({
              ...reference,
              registry: "registry.test",
              repository: `mirror/${reference.repository}`,
            }),
            open: (reference, shared, onEvent) =>
              new PushRepository(reference, {
                fetch: registry.fetch,
                onEvent,
                sleep: () => Promise.resolve(),
              }, shared),
            concurrency: 3,
            shared,
          });
          const writers = new Writers({ connections: 3, threads: false });
          writers.prepare = (bytes) => void prepared.push(bytes);
          try {
            const { upToDate } = await copy(graph, target, writers, {
              cache,
              force,
              trustCache: false,
              onEvent,
              sleep: () => Promise.resolve(),
            });
            return { ...target.pushed, upToDate };
          } finally {
            writers.close();
          }
        },
      });
      registry.assertNoOpenBodies();
    }));
}

function assertThere(registry: FakeRegistry, name: string, image: BuiltImage) {
  const there = registry.repository(name);
  assertEquals(there.tags.get("1"), image.manifest.descriptor.digest);
  for (const [digest, bytes] of image.blobs) {
    assertEquals(there.blobs.get(digest), bytes);
  }
}

for (const withCache of [true, false]) {
  const how = withCache ? "with" : "without";
  testPush(`an image ${how} a cache, and nothing the next time`, {}, async (
    { push, registry, folder, events, prepared },
  ) => {
    const cache = withCache
      ? await LayoutStore.open(join(folder, "cache"))
      : undefined;
    const source = new TestSource(IMAGE);
    const graph = graphOf([await rootOf("a.test/team/app:1", source)]);
    const pushed = await push(graph, { cache });
    assertEquals([pushed.uploaded, pushed.upToDate], [3, false]);
    assertEquals(prepared, [totalSize(IMAGE.layers)]);
    assertThere(registry, "mirror/team/app", IMAGE);
    assertEquals(
      events.flatMap((each) => each.type === "pushed" ? [each.reference] : []),
      ["registry.test/mirror/team/app:1"],
    );
    const before = registry.requests.length;
    assertEquals((await push(graph, { cache })).upToDate, true);
    assertEquals(registry.log.slice(before), [
      "HEAD /v2/mirror/team/app/manifests/1",
    ]);
    // With another name, its blobs are there, and none is fetched.
    registry.repository("mirror/team/app").tags.clear();
    const { fetched } = source;
    const again = await push(graph, { cache });
    assertEquals([again.there, again.sent], [3, 0]);
    assertEquals(source.fetched, fetched);
  });
}

testPush("what lies in a file goes from there", {}, async (world) => {
  const { push, registry, folder, events, prepared } = world;
  const regions = await toFile(join(folder, "all.tar"), IMAGE);
  const source = new TestSource(IMAGE, regions);
  const pushed = await push(
    graphOf([await rootOf("a.test/team/app:1", source)]),
  );
  assertEquals(pushed.uploaded, 3);
  assertThere(registry, "mirror/team/app", IMAGE);
  assertEquals(source.fetched, 0);
  // Nothing is written or hashed here.
  assertEquals(prepared, []);
  const types = new Set(events.map(({ type }) => type));
  assertEquals([types.has("blob-done"), types.has("upload-done")], [
    false,
    true,
  ]);
});

testPush(
  "a damaged file is told of",
  {},
  async ({ push, folder, registry }) => {
    const path = join(folder, "all.tar");
    const regions = await toFile(path, IMAGE);
    await writeFile(path, new Uint8Array(2_000_000));
    const source = new TestSource(IMAGE, regions);
    const graph = graphOf([await rootOf("a.test/team/app:1", source)]);
    await assertRejects(() => push(graph), ContentMismatchError);
    assertEquals(registry.repository("mirror/team/app").tags.size, 0);
  },
);

testPush("what two repositories share is sent once", {}, async (
  { push, registry },
) => {
  const pushed = await push(graphOf([
    await rootOf("a.test/one:1", new TestSource(IMAGE)),
    await rootOf("b.test/two:1", new TestSource(OTHER)),
  ]));
  assertEquals([pushed.uploaded, pushed.mounted], [5, 1]);
  assertThere(registry, "mirror/one", IMAGE);
  assertThere(registry, "mirror/two", OTHER);
});

testPush(
  "where nothing is mounted, it is sent to both",
  { noMounts: true },
  async (
    { push, registry },
  ) => {
    const pushed = await push(graphOf([
      await rootOf("a.test/one:1", new TestSource(IMAGE)),
      await rootOf("b.test/two:1", new TestSource(OTHER)),
    ]));
    assertEquals([pushed.uploaded, pushed.mounted], [6, 0]);
    assertThere(registry, "mirror/two", OTHER);
  },
);

testPush("what the source's repository has is mounted from it", {}, async (
  { push, registry },
) => {
  registry.add("team/app", IMAGE, "1");
  const source = new TestSource(IMAGE);
  const pushed = await push(
    graphOf([await rootOf("registry.test/team/app:1", source)]),
  );
  assertEquals([pushed.mounted, pushed.uploaded], [3, 0]);
  assertEquals(source.fetched, 0);
});

testPush("an index goes after what it lists, and what refers last", {
  referrers: true,
}, async ({ push, registry }) => {
  const source = new TestSource(IMAGE);
  const root = await rootOf("a.test/team/app:1", source);
  const index = buildDocument(MEDIA_TYPES.oci.index, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.oci.index,
    manifests: [IMAGE.manifest.descriptor],
  });
  const signature: Document = buildDocument(MEDIA_TYPES.oci.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.oci.manifest,
    artifactType: "application/x-signature",
    config: IMAGE.config.descriptor,
    layers: [],
    subject: index.descriptor,
  });
  await push(
    graphOf([{ ...root, top: index, documents: [signature] }]),
  );
  const puts = registry.log.filter((line) => /^PUT .*\/manifests\//.test(line));
  assertEquals(puts.map((line) => line.split("/").at(-1)), [
    IMAGE.manifest.descriptor.digest,
    "1",
    signature.descriptor.digest,
  ]);
});

testPush(
  "what refers to an index that does not go there is left out, and told",
  {
    referrers: true,
  },
  async ({ push, registry, events }) => {
    const root = await rootOf("a.test/team/app:1", new TestSource(IMAGE));
    const refersTo = (subject: Descriptor): Referrer => {
      const document = buildDocument(MEDIA_TYPES.oci.manifest, {
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.oci.manifest,
        artifactType: "application/x-signature",
        config: IMAGE.config.descriptor,
        layers: [],
        subject,
      });
      return {
        descriptor: document.descriptor,
        subject: subject.digest,
        document,
        manifest: parseManifest(document),
        artifactType: "application/x-signature",
      };
    };
    const index = buildDocument(MEDIA_TYPES.oci.index, {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.oci.index,
      manifests: [IMAGE.manifest.descriptor],
    });
    const [own, other] = [IMAGE.manifest, index].map(({ descriptor }) =>
      refersTo(descriptor)
    );
    const about = refersTo(other!.document.descriptor);
    const referrers = [own!, other!, about];
    const graph = graphOf([{ ...root, proofs: { referrers, originals: [] } }]);
    for (let i = 0; i < 2; i++) {
      events.length = 0;
      await push(graph);
      assertEquals(
        events.flatMap((event) =>
          event.type === "warning" ? event.warning : []
        ),
        [{
          code: "referrers-left",
          reference: "registry.test/mirror/team/app:1",
          count: 2,
        }],
      );
    }
    const puts = registry.log.filter((line) =>
      /^PUT .*\/manifests\//.test(line)
    );
    assertEquals(puts.map((line) => line.split("/").at(-1)), [
      "1",
      own!.document.descriptor.digest,
    ]);
  },
);

testPush("a refusal ends it, and nothing is named", { room: 600_000 }, async (
  { push, registry, folder },
) => {
  const regions = await toFile(join(folder, "all.tar"), IMAGE);
  const source = new TestSource(IMAGE, regions);
  const graph = graphOf([await rootOf("a.test/team/app:1", source)]);
  const error = await assertRejects(() => push(graph), UploadError);
  assertEquals(error.code, "no-room");
  assertEquals(registry.repository("mirror/team/app").tags.size, 0);
  assert(registry.requests.length < 20);
});
