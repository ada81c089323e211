import { assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { test } from "../harness.ts";
import { DockerPullError } from "../../lib/image/errors.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { Repository } from "../../lib/registry/repository.ts";

const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const subject = `sha256:${"a".repeat(64)}`;
const entry = (digit: string) => ({
  mediaType: MANIFEST,
  digest: `sha256:${digit.repeat(64)}`,
  size: 9,
});
const list = (...digits: string[]) =>
  JSON.stringify({ schemaVersion: 2, manifests: digits.map(entry) });

type Served = Record<string, [body: string, headers?: Record<string, string>]>;

async function referrers(served: Served, digest = subject) {
  const asked: string[] = [];
  const repository = new Repository(parseReference("r.test/a/b"), {
    retries: 0,
    fetch(address) {
      const { pathname, search } = new URL(address);
      const path = pathname.replace("/v2/a/b/", "") + search;
      asked.push(path);
      const found = served[path];
      if (!found) return Promise.resolve(new Response("", { status: 404 }));
      const [body, headers = { "content-type": INDEX }] = found;
      return Promise.resolve(new Response(body, { headers }));
    },
  });
  const found = await repository.referrers(digest);
  return {
    asked,
    found: found.map(({ descriptor: { digest }, tag }) => [
      digest.slice(7, 8),
      tag?.split(".")[1],
    ]),
  };
}

test("referrers() follows the pages of the API, and leaves out the image itself", async () => {
  const { found } = await referrers({
    [`referrers/${subject}`]: [list("b", "a"), {
      "content-type": INDEX,
      link: `</v2/a/b/referrers/${subject}?last=1>; rel="next"`,
    }],
    [`referrers/${subject}?last=1`]: [list("c", "b")],
  });
  assertEquals(found, [["b", undefined], ["c", undefined]]);
});

test("referrers() takes the tag where there is no API, nor a page in its place", async () => {
  const tag = `manifests/sha256-${"a".repeat(64)}`;
  for (
    const served of [
      {},
      { [`referrers/${subject}`]: ["<html>", { "content-type": "text/html" }] },
    ] as Served[]
  ) {
    const { found } = await referrers({ ...served, [tag]: [list("d")] });
    assertEquals(found, [["d", undefined]]);
  }
});

test("referrers() takes nothing from a registry that answers with the image itself", async () => {
  const body = list("d");
  const own = `sha256:${createHash("sha256").update(body).digest("hex")}`;
  const { found } = await referrers(
    { [`manifests/${own.replace(":", "-")}`]: [body] },
    own,
  );
  assertEquals(found, []);
});

test("referrers() finds the tags of older cosign", async () => {
  const body = JSON.stringify({ schemaVersion: 2, config: {}, layers: [] });
  const { found } = await referrers({
    [`manifests/sha256-${"a".repeat(64)}.sig`]: [body, {
      "content-type": MANIFEST,
      "docker-content-digest": entry("e").digest,
      "content-length": `${body.length}`,
    }],
  });
  assertEquals(found, [["e", "sig"]]);
});

test("referrers() refuses what is no digest, and a list that is none", async () => {
  await assertRejects(() => referrers({}, "latest"), DockerPullError);
  await assertRejects(
    () => referrers({ [`referrers/${subject}`]: ["{}"] }),
    DockerPullError,
  );
});
