import { assertEquals, assertRejects } from "@std/assert";
import { UploadError } from "../../../lib/image/errors.ts";
import type { Document } from "../../../lib/image/types.ts";
import { buildDocument, MEDIA_TYPES } from "../../fixtures/mod.ts";
import { test } from "../../harness.ts";
import { buildImage } from "../../fixtures/mod.ts";
import { world } from "./world.ts";

const IMAGE = await buildImage({ seed: "one" });
const OTHER = await buildImage({ seed: "two" });
const { digest } = IMAGE.manifest.descriptor;

function referrer(artifactType: string): Document {
  return buildDocument(MEDIA_TYPES.oci.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.oci.manifest,
    artifactType,
    config: IMAGE.config.descriptor,
    layers: [],
    subject: IMAGE.manifest.descriptor,
    annotations: { note: artifactType },
  });
}

function opened(...[uploads, ...rest]: Parameters<typeof world>) {
  const scene = world(uploads, ...rest);
  for (const { blobs } of [IMAGE, OTHER]) {
    for (const [digest, bytes] of blobs) {
      scene.registry.repository("team/app").blobs.set(digest, bytes);
    }
  }
  const repository = scene.open();
  const there = scene.registry.repository("team/app");
  return { ...scene, repository, there };
}

test("a manifest is put as it is, by tag and by digest", async () => {
  const { repository, there, registry } = opened();
  assertEquals(await repository.put(IMAGE.manifest, ["1", digest]), true);
  assertEquals(there.tags.get("1"), digest);
  assertEquals(there.documents.get(digest), IMAGE.manifest);
  // By its digest it is there by then.
  assertEquals(registry.log, [
    "HEAD /v2/team/app/manifests/1",
    "PUT /v2/team/app/manifests/1",
    `HEAD /v2/team/app/manifests/${digest}`,
  ]);
});

test("what is there by that name is not put", async () => {
  const { repository, registry } = opened();
  registry.add("team/app", IMAGE, "1");
  assertEquals(await repository.put(IMAGE.manifest, ["1"]), false);
  assertEquals(registry.log, ["HEAD /v2/team/app/manifests/1"]);
});

test("a tag is moved", async () => {
  const { repository, registry, there } = opened();
  registry.add("team/app", OTHER, "1");
  assertEquals(await repository.put(IMAGE.manifest, ["1"]), true);
  assertEquals(there.tags.get("1"), digest);
});

for (const fixedTags of [400, 403, 405, 409, 412]) {
  test(`a tag that may not be moved, with ${fixedTags}, is told of`, async () => {
    const { repository, registry } = opened({ fixedTags });
    registry.add("team/app", OTHER, "1");
    const error = await assertRejects(
      () => repository.put(IMAGE.manifest, ["1"]),
      UploadError,
    );
    const actual = OTHER.manifest.descriptor.digest;
    assertEquals(error.problem, {
      code: "tag-fixed",
      tag: "1",
      digest,
      actual,
    });
  });

  test(`with ${fixedTags}, it is no error where it is the same`, async () => {
    const { repository, registry } = opened({ fixedTags });
    registry.add("team/app", IMAGE, "1");
    // A registry that does not tell the digest at first.
    registry.amend = ({ method }, answer) => {
      if (method === "PUT") {
        registry.amend = undefined;
        return { ...answer, status: fixedTags };
      }
      const { "docker-content-digest": _, ...headers } = answer.headers;
      return { ...answer, headers };
    };
    assertEquals(await repository.put(IMAGE.manifest, ["1"]), false);
  });
}

test("a type that is not taken is told of", async () => {
  const { repository } = opened({ mediaTypes: [MEDIA_TYPES.docker.manifest] });
  const error = await assertRejects(
    () => repository.put(IMAGE.manifest, ["1"]),
    UploadError,
  );
  assertEquals(error.code, "manifest-refused");
});

test("a registry that takes no foreign layers is told of, and asked once", async () => {
  for (const status of [500, 400]) {
    const { repository, registry } = opened({});
    const foreign = await buildImage({
      describe: (layer) => ({ ...layer, urls: ["https://elsewhere.test/l"] }),
    });
    const errors = ["UNKNOWN", "MANIFEST_BLOB_UNKNOWN"].map((code) => ({
      code,
    }));
    registry.respond = ({ method, path }) =>
      method === "PUT" && path.includes("/manifests/")
        ? {
          status,
          headers: { "content-type": "application/json" },
          bytes: new TextEncoder().encode(JSON.stringify({ errors })),
        }
        : undefined;
    const error = await assertRejects(
      () => repository.put(foreign.manifest, ["1"]),
      UploadError,
    );
    assertEquals(error.code, "foreign-refused");
    const puts = registry.log.filter((line) => line.startsWith("PUT"));
    assertEquals(puts.length, 1);
  }
});

test("another digest in the answer is told of", async () => {
  const saysDigest = `sha256:${"0".repeat(64)}`;
  const { repository } = opened({ saysDigest });
  const error = await assertRejects(
    () => repository.put(IMAGE.manifest, ["1"]),
    UploadError,
  );
  assertEquals(error.code, "other-digest");
});

test("what refers to an image is noted under the tag that is for it", async () => {
  const { repository, there } = opened();
  await repository.put(IMAGE.manifest, ["1"]);
  const referrers = ["application/x-sbom", "application/x-signature"]
    .map(referrer);
  await Promise.all(
    referrers.map((each) => repository.put(each, [each.descriptor.digest])),
  );
  // Once more adds nothing.
  await repository.put(referrers[0]!, [referrers[0]!.descriptor.digest]);
  const tag = digest.replace(":", "-");
  const index = JSON.parse(
    new TextDecoder().decode(there.document(tag)!.bytes),
  );
  assertEquals(index.mediaType, MEDIA_TYPES.oci.index);
  assertEquals(
    index.manifests,
    referrers.map(({ descriptor }, i) => ({
      ...descriptor,
      artifactType: ["application/x-sbom", "application/x-signature"][i],
      annotations: {
        note: ["application/x-sbom", "application/x-signature"][i],
      },
    })),
  );
});

test("a registry that answers with the image itself has no such list", async () => {
  const { repository, there, registry } = opened();
  registry.add("team/app", IMAGE, "1", digest.replace(":", "-"));
  const sbom = referrer("application/x-sbom");
  await repository.put(sbom, [sbom.descriptor.digest]);
  const { bytes } = there.document(digest.replace(":", "-"))!;
  const index = JSON.parse(new TextDecoder().decode(bytes));
  assertEquals(index.manifests.length, 1);
});

test("a registry that notes it by itself gets no tag", async () => {
  const { repository, there } = opened({ referrers: true });
  await repository.put(IMAGE.manifest, ["1"]);
  const sbom = referrer("application/x-sbom");
  await repository.put(sbom, [sbom.descriptor.digest]);
  assertEquals([...there.tags.keys()], ["1"]);
});
