import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseManifest } from "../../lib/image/manifest.ts";
import { toOciManifest } from "../../lib/image/oci_manifest.ts";
import { serve } from "../../lib/serve/serve.ts";
import { buildDocument, buildImage, buildIndex } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import {
  entryOf,
  inServeWorld,
  putBlobs,
  putIndex,
  putLayout,
} from "./world.ts";
import type { Descriptor } from "../../lib/image/types.ts";

const image = await buildImage({ layers: 2 });
const other = await buildImage({ layers: 1, seed: "other", format: "docker" });
const NGINX = "docker.io/library/nginx:1.27";
const digest = image.manifest.descriptor.digest;
const layer = image.layers[0]!;
const layerBytes = image.blobs.get(layer.digest)!;
const V2 = "/v2/library/nginx";
const BLOB = `${V2}/blobs/${layer.digest}`;

test("serve() gives a manifest by tag and by digest, and says so by HEAD", () =>
  inServeWorld([{ content: image, name: NGINX }], async ({ get }) => {
    const names = ["nginx", "library/nginx", "docker.io/library/nginx"];
    names.push("docker.io/nginx", "index.docker.io/library/nginx");
    for (const name of names) {
      for (const reference of ["1.27", digest, digest.replace(":", "%3A")]) {
        for (const method of ["GET", "HEAD"]) {
          const path = `/v2/${name}/manifests/${reference}`;
          const response = await get(path, { method });
          const { headers } = response;
          assertEquals(response.status, 200, path);
          assertEquals(
            headers.get("content-type"),
            image.manifest.descriptor.mediaType,
          );
          assertEquals(headers.get("docker-content-digest"), digest);
          assertEquals(headers.get("etag"), `"${digest}"`);
          assertEquals(
            headers.get("content-length"),
            String(image.manifest.bytes.length),
          );
          const bytes = new Uint8Array(await response.arrayBuffer());
          const sent = method === "GET"
            ? image.manifest.bytes
            : new Uint8Array();
          assertEquals(bytes, sent);
        }
      }
    }
  }));

test("serve() asks nothing of what a client accepts", () =>
  inServeWorld(
    [{ content: other, name: "ghcr.io/o/app:1" }],
    async ({ get }) => {
      for (const accept of ["text/plain", "", "*/*"]) {
        const response = await get("/v2/o/app/manifests/1", {
          headers: { accept },
        });
        assertEquals(
          response.headers.get("content-type"),
          "application/vnd.docker.distribution.manifest.v2+json",
        );
        await response.body?.cancel();
      }
    },
  ));

test("serve() says that it is a registry", () =>
  inServeWorld([], async ({ get }) => {
    for (const path of ["/v2", "/v2/"]) {
      const response = await get(path);
      assertEquals([response.status, await response.text()], [200, "{}\n"]);
      assertEquals(
        response.headers.get("docker-distribution-api-version"),
        "registry/2.0",
      );
    }
    assertEquals(await (await get("/v2/_catalog")).json(), {
      repositories: [],
    });
  }));

test("serve() gives blobs, whole and in parts", () =>
  inServeWorld([{ content: image, name: NGINX }], async ({ get }) => {
    const size = layerBytes.length;
    const cases: [string, number, number, number][] = [
      ["bytes=0-0", 206, 0, 1],
      ["bytes=5-", 206, 5, size],
      ["bytes=-3", 206, size - 3, size],
      [`bytes=-${size + 9}`, 206, 0, size],
      [`bytes=2-${size + 100}`, 206, 2, size],
      [" Bytes = 1 - 2 ", 206, 1, 3],
      ["bytes=0-0,5-6", 200, 0, size],
      ["bytes=5-2", 200, 0, size],
      ["bytes=-", 200, 0, size],
      ["lines=1-2", 200, 0, size],
      ["bytes=a-b", 200, 0, size],
      ["bytes=99999999999999999999-", 200, 0, size],
    ];
    for (const [range, status, start, end] of cases) {
      const response = await get(BLOB, { headers: { range } });
      assertEquals(response.status, status, range);
      assertEquals(
        new Uint8Array(await response.arrayBuffer()),
        layerBytes.slice(start, end),
        range,
      );
      assertEquals(
        response.headers.get("content-range"),
        status === 206 ? `bytes ${start}-${end - 1}/${size}` : null,
      );
      assertEquals(
        response.headers.get("content-length"),
        String(end - start),
      );
    }
    for (const range of [`bytes=${size}-`, "bytes=-0"]) {
      const response = await get(BLOB, { headers: { range } });
      assertEquals(response.status, 416);
      assertEquals(response.headers.get("content-range"), `bytes */${size}`);
      await response.body?.cancel();
    }
    // A range is of GET only.
    const head = await get(BLOB, {
      method: "HEAD",
      headers: { range: "bytes=0-0" },
    });
    assertEquals(
      [head.status, head.headers.get("content-length")],
      [200, String(size)],
    );
  }));

test("serve() heeds If-Range and If-None-Match", () =>
  inServeWorld([{ content: image, name: NGINX }], async ({ get }) => {
    const tag = `"${layer.digest}"`;
    const status = async (headers: Record<string, string>, path = BLOB) => {
      const response = await get(path, { headers });
      await response.arrayBuffer();
      return response.status;
    };
    const range = "bytes=0-0";
    assertEquals(await status({ range, "if-range": tag }), 206);
    for (const wrong of [`W/${tag}`, '"x"', "Sat, 28 Nov 2026 07:22:44 GMT"]) {
      assertEquals(await status({ range, "if-range": wrong }), 200, wrong);
    }
    for (const right of [tag, `"x", W/${tag}`, "*"]) {
      assertEquals(await status({ "if-none-match": right }), 304, right);
    }
    assertEquals(await status({ "if-none-match": '"x"' }), 200);
    const manifest = `${V2}/manifests/1.27`;
    assertEquals(
      await status({ "if-none-match": `"${digest}"` }, manifest),
      304,
    );
  }));

test("serve() lists tags and repositories page by page", async () => {
  const names = ["b", "a", "C", "d1", "d2"];
  const held = names.map((tag) => ({
    content: image,
    name: `ghcr.io/x/app:${tag}`,
  }));
  held.push({ content: other, name: "docker.io/library/nginx:1" });
  await inServeWorld(held, async ({ get, code }) => {
    const list = async (query: string) => {
      const response = await get(`/v2/x/app/tags/list${query}`);
      const { name, tags } = await response.json();
      assertEquals([response.status, name], [200, "x/app"]);
      return [tags, response.headers.get("link")];
    };
    const all = ["C", "a", "b", "d1", "d2"];
    assertEquals(await list(""), [all, null]);
    assertEquals(await list("?n=2"), [
      ["C", "a"],
      '</v2/x/app/tags/list?n=2&last=a>; rel="next"',
    ]);
    assertEquals(await list("?n=2&last=b"), [["d1", "d2"], null]);
    assertEquals(await list("?last=aa"), [["b", "d1", "d2"], null]);
    assertEquals(await list("?n=0"), [[], null]);
    assertEquals(await list("?n=5"), [all, null]);
    for (const n of ["-1", "x", "", "1e3"]) {
      assertEquals(
        await code(`/v2/x/app/tags/list?n=${n}`),
        [400, "PAGINATION_NUMBER_INVALID"],
      );
    }
    const catalog = await get("/v2/_catalog?n=1");
    assertEquals(await catalog.json(), { repositories: ["library/nginx"] });
    assertEquals(
      catalog.headers.get("link"),
      '</v2/_catalog?n=1&last=library%2Fnginx>; rel="next"',
    );
  });
});

test("serve() keeps registries apart where a client says which it means", () =>
  inServeWorld([
    { content: image, name: "docker.io/team/app:1" },
    { content: other, name: "ghcr.io/team/app:1" },
    { content: other, name: "registry.k8s.io/pause:3" },
  ], async ({ get, code }) => {
    const found = async (path: string) => {
      const response = await get(path);
      await response.arrayBuffer();
      return response.headers.get("docker-content-digest");
    };
    const second = other.manifest.descriptor.digest;
    assertEquals(await found("/v2/team/app/manifests/1"), digest);
    for (const ns of ["docker.io", "index.docker.io", "registry-1.docker.io"]) {
      assertEquals(await found(`/v2/team/app/manifests/1?ns=${ns}`), digest);
    }
    assertEquals(await found("/v2/team/app/manifests/1?ns=ghcr.io"), second);
    assertEquals(await found("/v2/ghcr.io/team/app/manifests/1"), second);
    assertEquals(
      await found("/v2/ghcr.io/team/app/manifests/1?ns=ghcr.io"),
      second,
    );
    assertEquals(await found("/v2/pause/manifests/3"), second);
    for (
      const path of [
        "/v2/team/app/manifests/1?ns=quay.io",
        "/v2/pause/manifests/3?ns=docker.io",
        "/v2/ghcr.io/team/app/manifests/1?ns=docker.io",
        "/v2/quay.io/team/app/manifests/1",
      ]
    ) assertEquals(await code(path), [404, "NAME_UNKNOWN"], path);
    assertEquals(await (await get("/v2/_catalog")).json(), {
      repositories: ["ghcr.io/team/app", "pause", "team/app"],
    });
  }));

test("serve() names what has no name, or a tag only, after the file", () =>
  inServeWorld([
    { content: image },
    { content: other, refName: "v2" },
    { content: other, refName: "quay.io/a/b:1" },
    { content: other, name: "" },
    { content: other, refName: "???" },
  ], async ({ get, problems }) => {
    const tags = await (await get("/v2/my-images/tags/list")).json();
    // One without a name beside others is had by its digest only.
    assertEquals(tags.tags, ["v2"]);
    const unnamed = await get(`/v2/my-images/manifests/${digest}`);
    assertEquals(unnamed.status, 200);
    await unnamed.body?.cancel();
    assertEquals(
      (await get("/v2/a/b/manifests/1", { method: "HEAD" })).status,
      200,
    );
    assertEquals(problems.map(({ code, subject }) => [code, subject]), [
      ["name", ""],
      ["name", "???"],
    ]);
  }));

test("serve() makes an index of the platforms that came one by one", async () => {
  const arm = await buildImage({
    platform: { os: "linux", architecture: "arm64" },
  });
  await inServeWorld([
    { content: arm, name: NGINX, refName: NGINX },
    { content: image, name: NGINX },
  ], async ({ get }) => {
    const response = await get(`${V2}/manifests/1.27`);
    const index = await response.json();
    assertEquals(
      response.headers.get("content-type"),
      "application/vnd.oci.image.index.v1+json",
    );
    assertEquals(
      index.manifests.map(({ digest, platform }: Descriptor) => [
        digest,
        platform?.architecture,
      ]),
      [[digest, "amd64"], [arm.manifest.descriptor.digest, "arm64"]],
    );
    // It is there by its digest, too, and the same each time.
    const own = response.headers.get("docker-content-digest")!;
    for (const path of [`manifests/${own}`, `blobs/${own}`]) {
      const again = await get(`${V2}/${path}`);
      assertEquals(await again.json(), index);
    }
  });
});

test("serve() gives an index with those of its images that are there", async () => {
  const index = buildIndex([image, other], { attestations: true });
  await inServeWorld(
    [{ content: index, name: NGINX }],
    async ({ get, layout, code }) => {
      const [, hex] = other.manifest.descriptor.digest.split(":");
      await rm(join(layout, "blobs", "sha256", hex!));
      const response = await get(`${V2}/manifests/1.27`);
      assertEquals((await response.json()).manifests.length, 4);
      const child = await get(`${V2}/manifests/${digest}`);
      assertEquals(child.status, 200);
      await child.body?.cancel();
      assertEquals(
        await code(`${V2}/manifests/sha256:${hex}`),
        [404, "MANIFEST_UNKNOWN"],
      );
    },
  );
});

test("serve() gives the index that a kept image was chosen from", async () => {
  const index = buildIndex([image, other]);
  const foreign = buildIndex([other]);
  await inServeWorld(
    [{ content: image, name: NGINX }],
    async ({ get, layout, code }) => {
      await putBlobs(
        layout,
        [index, foreign].map(({ document: { descriptor, bytes } }) => [
          descriptor.digest,
          bytes,
        ]),
      );
      const whole = `${V2}/manifests/${index.document.descriptor.digest}`;
      assertEquals((await (await get(whole)).json()).manifests.length, 2);
      assertEquals(
        await code(`${V2}/manifests/${foreign.document.descriptor.digest}`),
        [404, "MANIFEST_UNKNOWN"],
      );
    },
  );
});

test("serve() gives an image by the digest that it had in Docker's words", async () => {
  const named = await toOciManifest(
    other.manifest,
    parseManifest(other.manifest),
  );
  const oci = { ...other, document: named, documents: [named] };
  await inServeWorld(
    [{ content: oci, name: NGINX }],
    async ({ get, layout }) => {
      const { descriptor, bytes } = other.manifest;
      await putBlobs(layout, [[descriptor.digest, bytes]]);
      const response = await get(`${V2}/manifests/${descriptor.digest}`);
      assertEquals(
        response.headers.get("content-type"),
        "application/vnd.docker.distribution.manifest.v2+json",
      );
      assertEquals(new Uint8Array(await response.arrayBuffer()), bytes);
    },
  );
});

test("serve() gives nothing of another repository", () =>
  inServeWorld([
    { content: image, name: NGINX },
    { content: other, name: "ghcr.io/o/app:1" },
  ], async ({ code }) => {
    const path = `${V2}/blobs/${other.layers[0]!.digest}`;
    assertEquals(await code(path), [404, "BLOB_UNKNOWN"]);
    assertEquals(
      await code(`${V2}/manifests/${other.manifest.descriptor.digest}`),
      [404, "MANIFEST_UNKNOWN"],
    );
  }));

test("serve() lists referrers, named or not, of this repository", async () => {
  const subject = image.manifest.descriptor;
  const empty = new TextEncoder().encode("{}");
  const config = buildDocument("application/vnd.oci.empty.v1+json", {});
  const type = "application/vnd.oci.image.manifest.v1+json";
  const referrer = (artifactType: string | undefined, configType: string) =>
    buildDocument(type, {
      schemaVersion: 2,
      mediaType: type,
      artifactType,
      config: { ...config.descriptor, mediaType: configType },
      layers: [],
      subject,
      annotations: { a: "b" },
    });
  const sbom = referrer("application/spdx+json", "application/x");
  const plain = referrer(undefined, "application/vnd.example");
  await inServeWorld(
    [
      { content: image, name: NGINX },
      { content: other, name: "ghcr.io/o/app:1" },
    ],
    async ({ get, code, layout }) => {
      await putBlobs(layout, [
        [config.descriptor.digest, empty],
        ...[sbom, plain].map(({ descriptor, bytes }): [string, Uint8Array] => [
          descriptor.digest,
          bytes,
        ]),
      ]);
      const list = async (path: string) => {
        const response = await get(path);
        const { manifests, mediaType } = await response.json();
        assertEquals(response.headers.get("content-type"), mediaType);
        const applied = response.headers.get("oci-filters-applied");
        return [
          manifests.map((each: Descriptor) => each.artifactType).sort(),
          applied,
          manifests.every((each: Descriptor) => each.annotations?.a === "b"),
        ];
      };
      const path = `${V2}/referrers/${digest}`;
      const [first, second] = [
        "application/spdx+json",
        "application/vnd.example",
      ];
      assertEquals(await list(path), [[first, second], null, true]);
      assertEquals(
        await list(`${path}?artifactType=${encodeURIComponent(first)}`),
        [[first], "artifactType", true],
      );
      assertEquals(
        await list(`${path}?artifactType=x`),
        [[], "artifactType", true],
      );
      assertEquals(
        await list(`/v2/o/app/referrers/${digest}`),
        [[], null, true],
      );
      assertEquals(
        await code(`${V2}/referrers/sha256:x`),
        [400, "DIGEST_INVALID"],
      );
      // A 404 would say that there is no such list at all.
      assertEquals(
        await list(`/v2/none/referrers/${digest}`),
        [[], null, true],
      );
      // What is listed can be had, with what belongs to it.
      const had = await get(`${V2}/manifests/${sbom.descriptor.digest}`);
      assertEquals(had.status, 200);
      await had.body?.cancel();
      const blob = await get(`${V2}/blobs/${config.descriptor.digest}`);
      assertEquals(await blob.text(), "{}");
    },
  );
});

test("serve() refuses what it has not, each with its code", () =>
  inServeWorld([{ content: image, name: NGINX }], async ({ code, get }) => {
    const none = `sha256:${"0".repeat(64)}`;
    const cases: [string, number, string][] = [
      [`${V2}/manifests/2`, 404, "MANIFEST_UNKNOWN"],
      [`${V2}/manifests/.INVALID_MANIFEST_NAME`, 404, "MANIFEST_UNKNOWN"],
      [`${V2}/manifests/${none}`, 404, "MANIFEST_UNKNOWN"],
      [`${V2}/manifests/sha256:0`, 400, "DIGEST_INVALID"],
      [`${V2}/manifests/md5:0`, 400, "DIGEST_INVALID"],
      [`${V2}/blobs/${none}`, 404, "BLOB_UNKNOWN"],
      [`${V2}/blobs/latest`, 400, "DIGEST_INVALID"],
      [`${V2}/blobs/sha256:..%2f..%2findex.json`, 404, "UNSUPPORTED"],
      [`${V2}/tags/other`, 404, "UNSUPPORTED"],
      [`${V2}`, 404, "UNSUPPORTED"],
      ["/v2/none/tags/list", 404, "NAME_UNKNOWN"],
      ["/v2/Nginx/tags/list", 400, "NAME_INVALID"],
      ["/v2/a..b/tags/list", 400, "NAME_INVALID"],
      ["/v2/..%2f..%2fetc/tags/list", 400, "NAME_INVALID"],
      ["/v2/%00/tags/list", 400, "NAME_INVALID"],
      ["/v2/%ff/tags/list", 400, "NAME_INVALID"],
      [`/v2/${"a/".repeat(150)}a/tags/list`, 400, "NAME_INVALID"],
      ["/v2/__proto__/tags/list", 400, "NAME_INVALID"],
      ["/v2/constructor/tags/list", 404, "NAME_UNKNOWN"],
      [`${V2}/manifests/__proto__`, 404, "MANIFEST_UNKNOWN"],
    ];
    for (const [path, status, expected] of cases) {
      assertEquals(await code(path), [status, expected], path);
      const head = await get(path, { method: "HEAD" });
      assertEquals([head.status, await head.text()], [status, ""], path);
    }
    for (const method of ["PUT", "POST", "PATCH", "DELETE", "OPTIONS"]) {
      for (const path of [`${V2}/blobs/uploads/`, "/v2/", BLOB]) {
        const response = await get(path, { method });
        assertEquals(response.headers.get("allow"), "GET, HEAD");
        const { errors } = await response.json();
        assertEquals([response.status, errors[0].code], [405, "UNSUPPORTED"]);
      }
    }
  }));

test("serve() gives what comes to a layout while it is served", () =>
  inServeWorld([{ content: image, name: NGINX }], async ({ get, layout }) => {
    const name = "ghcr.io/o/app:1";
    const status = async () =>
      (await get("/v2/o/app/manifests/1", { method: "HEAD" })).status;
    assertEquals(await status(), 404);
    await putLayout(layout, [
      { content: image, name: NGINX },
      { content: other, name },
    ]);
    assertEquals(await status(), 200);
    await putIndex(layout, [entryOf({ content: image, name: NGINX })]);
    assertEquals(await status(), 404);
  }));

test("serve() gives no damaged blob to its end, and then none of it", () =>
  inServeWorld(
    [{ content: image, name: NGINX }],
    async ({ get, code, layout, problems }) => {
      const [, hex] = layer.digest.split(":");
      const path = join(layout, "blobs", "sha256", hex!);
      const wrong = layerBytes.slice();
      wrong[7]! ^= 1;
      await writeFile(path, wrong);
      // A part is not hashed.
      const part = await get(BLOB, { headers: { range: "bytes=0-9" } });
      assertEquals((await part.arrayBuffer()).byteLength, 10);
      const response = await get(BLOB);
      const broken = await response.arrayBuffer().then(() => "", String);
      assertStringIncludes(broken, layer.digest);
      assertEquals(problems, [
        { code: "damaged", subject: layer.digest, path },
      ]);
      assertEquals(await code(BLOB), [404, "BLOB_UNKNOWN"]);
      // One that was repaired is served again.
      await writeFile(`${path}.new`, layerBytes);
      await rename(`${path}.new`, path);
      const right = await get(BLOB);
      assertEquals(new Uint8Array(await right.arrayBuffer()), layerBytes);
      // One of another size is not even begun.
      await writeFile(path, layerBytes.slice(1));
      assertEquals(await code(BLOB), [404, "BLOB_UNKNOWN"]);
      assertEquals(problems.length, 2);
    },
  ));

test("serve() gives nothing that a link leads to", () =>
  inServeWorld(
    [{ content: image, name: NGINX }],
    async ({ code, layout, folder }) => {
      const { symlink } = await import("node:fs/promises");
      const [, hex] = layer.digest.split(":");
      const path = join(layout, "blobs", "sha256", hex!);
      await rename(path, join(folder, "elsewhere"));
      await symlink(join(folder, "elsewhere"), path);
      assertEquals(await code(BLOB), [404, "BLOB_UNKNOWN"]);
    },
  ));

test("serve() tells of a damaged manifest, and serves the rest", () =>
  inServeWorld([
    { content: image, name: NGINX },
    { content: other, name: "ghcr.io/o/app:1" },
  ], async ({ get, code, layout, problems }) => {
    const [, hex] = digest.split(":");
    await writeFile(join(layout, "blobs", "sha256", hex!), "{}");
    assertEquals(await code(`${V2}/manifests/1.27`), [404, "NAME_UNKNOWN"]);
    assertEquals(problems.map(({ code, subject }) => [code, subject]), [
      ["damaged", digest],
    ]);
    const rest = await get("/v2/o/app/manifests/1", { method: "HEAD" });
    assertEquals(rest.status, 200);
  }));

test("serve() answers what cannot be read by a fault of its own", () =>
  inServeWorld([], async ({ folder, code, layout, problems }) => {
    await writeFile(join(layout, "index.json"), "{");
    assertEquals(await code("/v2/_catalog"), [500, "UNKNOWN"]);
    assertEquals(problems[0]!.code, "unreadable");
    const handler = serve(join(folder, "none"));
    const response = await handler(new Request("http://localhost/v2/"));
    const text = await response.text();
    assertEquals(response.status, 500);
    assert(!text.includes(folder), text);
  }));

test("serve() refuses options that there are not", () => {
  let thrown: unknown;
  try {
    serve("x", { onproblem: () => {} } as never);
  } catch (error) {
    thrown = error;
  }
  assert(thrown instanceof TypeError, String(thrown));
});
