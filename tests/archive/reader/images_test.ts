/** What images an archive is found to hold, whoever wrote it. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import * as zlib from "node:zlib";
import { parseManifest } from "../../../lib/image/manifest.ts";
import type { Descriptor } from "../../../lib/image/types.ts";
import type { ArchiveImages } from "../../../lib/archive/reader/images.ts";
import { ContentMismatchError } from "../../../lib/image/errors.ts";
import { zstdStored } from "../../fixtures/layer.ts";
import { test } from "../../harness.ts";
import { type Member, tar } from "../../verify/world.ts";
import { docker, docker2016, hex, LAYERS, oci, reading } from "./world.ts";

/** The layers of the only image, as they lie there. */
async function layersOf(archive: ArchiveImages): Promise<Descriptor[]> {
  const [image] = await archive.images();
  const document = await archive.document(image!.descriptor.digest);
  assertEquals(document!.descriptor.digest, image!.descriptor.digest);
  return parseManifest(document!).layers;
}

/** The bytes of a blob. */
async function bytesOf(
  archive: ArchiveImages,
  descriptor: Descriptor,
): Promise<Uint8Array> {
  const blob = await archive.blob(descriptor);
  const bytes = new Uint8Array(descriptor.size);
  assertEquals(await blob!.read(bytes, 0), bytes.length);
  return bytes;
}

const NAMES = {
  "docker save": docker(),
  "skopeo": docker({
    layer: (_, bytes) => [`${hex(bytes)}.tar`, bytes],
    tags: ["docker.io/team/app:1"],
  }),
  "Docker 25": docker({
    layer: (_, bytes) => [`blobs/sha256/${hex(bytes)}`, bytes],
    config: (hex) => `blobs/sha256/${hex}`,
  }),
} satisfies Record<string, Member[]>;

for (const [name, members] of Object.entries(NAMES)) {
  test(`ArchiveImages describes plain layers as such, as of ${name}`, () =>
    reading(members, async (archive) => {
      const [image] = await archive.images();
      assertEquals(image!.reference, {
        registry: "docker.io",
        repository: "team/app",
        tag: "1",
      });
      const layers = await layersOf(archive);
      assertEquals(
        layers,
        LAYERS.map((layer) => ({
          mediaType: "application/vnd.oci.image.layer.v1.tar",
          digest: `sha256:${hex(layer)}`,
          size: layer.length,
        })),
      );
      for (const [i, layer] of layers.entries()) {
        assertEquals(await bytesOf(archive, layer), new Uint8Array(LAYERS[i]!));
        assertEquals(archive.diffIdOf(layer.digest), layer.digest);
      }
    }));
}

test("ArchiveImages makes the same manifest of the same image", async () => {
  const found: string[] = [];
  for (const members of Object.values(NAMES)) {
    for (const order of [members, members.toReversed()]) {
      await reading(order, async (archive) => {
        found.push((await archive.images())[0]!.descriptor.digest);
      });
    }
  }
  assertEquals(new Set(found).size, 1);
});

test("ArchiveImages keeps layers of crane compressed, and of others, too", async () => {
  const packed = LAYERS.map((layer) => gzipSync(layer));
  const named: Member[][] = [
    docker({
      layer: (i) => [`${hex(packed[i]!)}.tar.gz`, packed[i]!],
      config: (hex) => `sha256:${hex}`,
    }),
    docker({ layer: (i) => [`${i}/layer.tar`, packed[i]!] }),
    docker({ layer: (i) => [`${hex(LAYERS[i]!)}.tar.gz`, packed[i]!] }),
  ];
  for (const [i, members] of named.entries()) {
    await reading(members, async (archive) => {
      const layers = await layersOf(archive);
      assertEquals(
        layers.map(({ digest, mediaType }) => [digest, mediaType]),
        packed.map((layer) => [
          `sha256:${hex(layer)}`,
          "application/vnd.oci.image.layer.v1.tar+gzip",
        ]),
      );
      // Only who has looked into them says what they are when expanded.
      const told = layers.map(({ digest }) => archive.diffIdOf(digest));
      const seen = LAYERS.map((layer) => `sha256:${hex(layer)}`);
      assertEquals(told, i === 0 ? [undefined, undefined] : seen);
    });
  }
});

test("ArchiveImages reads layers of zstd, where the runtime can", async () => {
  const known = "createZstdDecompress" in zlib;
  const members = docker({
    layer: (i, bytes) => [`${i}/layer.tar`, zstdStored(bytes)],
  });
  const read = () =>
    reading(members, async (archive) => {
      const [layer] = await layersOf(archive);
      assert(layer!.mediaType.endsWith("+zstd"));
    });
  if (known) await read();
  else await assertRejects(read);
});

test("ArchiveImages finds the layers of 2016 behind their links", () =>
  reading(docker2016(), async (archive) => {
    const layers = await layersOf(archive);
    assertEquals(layers.map(({ digest }) => digest.slice(7)), [
      hex(LAYERS[0]!),
      hex(LAYERS[1]!),
      hex(LAYERS[0]!),
    ]);
    assertEquals(
      await bytesOf(archive, layers[2]!),
      new Uint8Array(LAYERS[0]!),
    );
    assertEquals((await archive.images())[0]!.names, ["app:old"]);
  }));

test("ArchiveImages takes long names, base 256 and ./ for what they are", async () => {
  const long = `${"x".repeat(200)}/layer.tar`;
  const pax = ` path=${long}\n`;
  const members = docker({
    layer: (i, bytes) => [i ? long : "./0/layer.tar", bytes],
  });
  const at = members.findIndex(([name]) => name === long);
  const layer = members[at]!;
  const ways: Member[][] = [
    [["././@LongLink", `${long}\0`, { type: "L" }], ["short", layer[1]]],
    [
      ["PaxHeaders/x", `${pax.length + 3}${pax}`, { type: "x" }],
      ["short", layer[1], { base256: true }],
    ],
  ];
  for (const way of ways) {
    const written = members.toSpliced(at, 1, ...way);
    await reading(written, async (archive) => {
      assertEquals((await layersOf(archive)).length, 2);
    });
  }
});

test("ArchiveImages reads index.json with names of each kind, nested or not", async () => {
  const full = "docker.io/team/app:1";
  const cases: [Record<string, string>, string[], string?][] = [
    [{}, []],
    [{ "org.opencontainers.image.ref.name": "latest" }, ["latest"]],
    [
      { "org.opencontainers.image.ref.name": "app:2" },
      ["app:2"],
      "library/app",
    ],
    [
      {
        "io.containerd.image.name": full,
        "org.opencontainers.image.ref.name": "1",
      },
      [full, "1"],
      "team/app",
    ],
  ];
  for (const [annotations, names, repository] of cases) {
    for (const nested of [false, true]) {
      await reading(oci(annotations, nested), async (archive) => {
        const [image] = await archive.images();
        assertEquals(image!.names, names);
        assertEquals(image!.reference?.repository, repository);
        const { digest } = image!.descriptor;
        assert(await archive.document(digest));
      });
    }
  }
});

test("ArchiveImages takes index.json before manifest.json, unless it is told to", async () => {
  const both: Member[] = [...oci(), ...docker({ tags: ["team/app:2"] })];
  await reading(both, async (archive) => {
    assertEquals((await archive.images())[0]!.names, []);
  });
  await reading(both, async (archive) => {
    const [image] = await archive.images();
    assertEquals(image!.names, ["team/app:2"]);
    // It is the same image, so it keeps the manifest of its registry.
    const layers = await layersOf(archive);
    assert(layers.every(({ mediaType }) => mediaType.endsWith("+gzip")));
  }, { form: "docker" });
});

test("ArchiveImages expands what is compressed as a whole, once", async () => {
  const members = tar(docker());
  await reading(gzipSync(members), async (archive) => {
    assertEquals((await layersOf(archive)).length, 2);
  });
  // Several members of gzip are one file.
  const halves = [members.subarray(0, 700), members.subarray(700)];
  const parts = Buffer.concat(halves.map((half) => gzipSync(half)));
  await reading(parts, async (archive) => {
    assertEquals((await layersOf(archive)).length, 2);
  });
});

test("ArchiveImages verifies the documents that it gives", async () => {
  const members = oci();
  const manifest = members.at(-1)!;
  manifest[1] = `${manifest[1]}`.replace("2", "3");
  await reading(members, async (archive) => {
    const [image] = await archive.images();
    await assertRejects(
      () => archive.document(image!.descriptor.digest),
      ContentMismatchError,
    );
  });
});
