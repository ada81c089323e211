/** Whatever is asked, the answer is one that the document of serve has. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { partOf } from "../../lib/serve/conditions.ts";
import { buildDocument, buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { runs } from "../properties/runs.ts";
import { inServeWorld, putBlobs, putIndex } from "./world.ts";

const image = await buildImage();
const digest = image.layers[0]!.digest;
const STATUSES = [200, 206, 304, 400, 404, 405, 416];

const piece = fc.oneof(
  fc.constantFrom(
    "v2",
    "nginx",
    "library",
    "manifests",
    "blobs",
    "tags",
    "list",
    "referrers",
    "_catalog",
    "1",
    "..",
    ".",
    "",
    "%2e%2e",
    "%2f",
    "%00",
    "%",
    "docker.io",
    "__proto__",
    digest,
    digest.toUpperCase(),
    `${digest}0`,
  ),
  fc.string({ maxLength: 12 }),
);
const request = fc.record({
  method: fc.constantFrom("GET", "HEAD", "PUT", "DELETE", "OPTIONS"),
  path: fc.array(piece, { maxLength: 7 }).map((parts) => parts.join("/")),
  query: fc.oneof(
    fc.constantFrom("", "?n=1", "?n=-1", "?ns=docker.io", "?last=%ff", "?&&="),
    fc.string({ maxLength: 12 }).map((text) => `?${text}`),
  ),
  headers: fc.record({
    range: fc.constantFrom("bytes=0-0", "bytes=9-1", "bytes=-1,2-", "x"),
    accept: fc.constantFrom("text/html", "*/*", "\u00e9"),
    "if-none-match": fc.constantFrom("*", `"${digest}"`, "W/", ",,,"),
  }, { requiredKeys: [] }),
});

test("serve() answers any request by what it may answer", () =>
  inServeWorld([{ content: image, name: "nginx:1" }], async (world) => {
    await fc.assert(
      fc.asyncProperty(request, async ({ method, path, query, headers }) => {
        const address = `http://localhost/v2/${path}${query}`;
        if (!URL.canParse(address)) return;
        const response = await world.handler(
          new Request(address, { method, headers }),
        );
        const text = await response.text();
        assert(STATUSES.includes(response.status), `${response.status}`);
        if (method === "HEAD") assertEquals(text, "");
        // A path that leads out of /v2/ is none of the registry's.
        else if (response.headers.get("content-type") === "application/json") {
          const { errors } = JSON.parse(text);
          assertEquals(errors !== undefined, response.status >= 400);
        }
      }),
      runs(400),
    );
    assertEquals(world.problems, []);
  }));

test("partOf() never leads out of a blob", () => {
  const number = fc.oneof(
    fc.nat({ max: 30 }).map(String),
    fc.constantFrom("", "-1", "1e3", "0x1", "99999999999999999999", " "),
  );
  fc.assert(
    fc.property(number, number, fc.nat({ max: 20 }), (first, last, size) => {
      const asked = {
        method: "GET",
        target: "/",
        header: (name: string) =>
          name === "range" ? `bytes=${first}-${last}` : undefined,
      };
      const part = partOf(asked, digest, size);
      if (part === undefined || part === "none") return;
      assert(part.start >= 0 && part.start < part.end && part.end <= size);
    }),
    runs(300),
  );
});

test("serve() takes any index.json for what can be served of it", () =>
  inServeWorld([{ content: image, name: "nginx:1" }], async (world) => {
    const { layout, get } = world;
    const odd: unknown[] = [
      null,
      { manifests: null },
      { manifests: [null, 1, "x", [], {}] },
      { manifests: [{ mediaType: "x", digest: "sha256:..", size: 1 }] },
      {
        manifests: [{
          ...image.manifest.descriptor,
          annotations: { "org.opencontainers.image.ref.name": 7 },
        }],
      },
      { manifests: [{ ...image.manifest.descriptor, size: 5 }] },
      { manifests: [{ ...image.config.descriptor, annotations: {} }] },
    ];
    for (const value of odd) {
      await writeFile(join(layout, "index.json"), JSON.stringify(value));
      const response = await get("/v2/_catalog");
      assertEquals([200, 500].includes(response.status), true);
      await response.body?.cancel();
    }
    // What refers to no digest, and what leads back to itself.
    const type = "application/vnd.oci.image.index.v1+json";
    const documents = ["../../x", 7, null, "sha256:0"].map((subject) =>
      buildDocument(type, {
        schemaVersion: 2,
        mediaType: type,
        manifests: [image.manifest.descriptor],
        subject: { mediaType: type, digest: subject, size: 1 },
      })
    );
    await putBlobs(
      layout,
      documents.map(({ descriptor, bytes }) => [descriptor.digest, bytes]),
    );
    await putIndex(layout, documents.map(({ descriptor }) => descriptor));
    const response = await get("/v2/_catalog");
    assertEquals(response.status, 200);
    await response.body?.cancel();
    const listed = await get(
      `/v2/my-images/referrers/${image.manifest.descriptor.digest}`,
    );
    assertEquals((await listed.json()).manifests, []);
  }));
