import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  ContentMismatchError,
  InvalidDigestError,
  InvalidDocumentError,
  InvalidReferenceError,
  NetworkError,
  RegistryError,
} from "../../lib/image/errors.ts";
import {
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../../lib/image/media_types.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { Repository } from "../../lib/registry/repository.ts";
import { deferred, test } from "../harness.ts";
import { type Answer, fakeFetch } from "../net/fake_fetch.ts";
import { DESCRIPTOR, DIGEST, MANIFEST, open, served, ZERO } from "./served.ts";

const HEAD = {
  "docker-content-digest": DIGEST,
  "content-length": String(MANIFEST.length),
};

test("resolve() needs no more than a HEAD", async () => {
  const { repository, log, sent } = open(() => served(HEAD));
  assertEquals(await repository.resolve("1"), DESCRIPTOR);
  assertEquals(log(), ["HEAD r.test/v2/a/b/manifests/1"]);
  assert(sent[0]!.headers.get("accept")!.includes(OCI_INDEX));
  assert(sent[0]!.headers.get("accept")!.includes(DOCKER_MANIFEST));
});

for (
  const [what, head] of [
    ["has no digest", [200, { ...HEAD, "docker-content-digest": "" }]],
    [
      "has rubbish for a digest",
      served({
        ...HEAD,
        "docker-content-digest": "sha256:../../x",
      }),
    ],
    ["has no size", [200, {
      "docker-content-digest": DIGEST,
      "content-type": OCI_MANIFEST,
    }]],
    [
      "has a generic type",
      served({
        ...HEAD,
        "content-type": "application/json; charset=ISO-8859-1",
      }),
    ],
    ["is not allowed", [405]],
    ["is forbidden", [403]],
    ["fails", [500]],
  ] as [string, Answer][]
) {
  test(`resolve() asks by GET where HEAD ${what}, and keeps the manifest`, async () => {
    const { repository, log, slept } = open(({ method }) =>
      method === "HEAD" ? head : served()
    );
    assertEquals(await repository.resolve("1"), DESCRIPTOR);
    assertEquals(
      (await repository.fetchManifest(DESCRIPTOR)).descriptor,
      DESCRIPTOR,
    );
    assertEquals((await repository.resolve(DIGEST)).size, MANIFEST.length);
    assertEquals(log().map((line) => line.split(" ")[0]), ["HEAD", "GET"]);
    assertEquals(slept, []);
  });
}

test("resolve() does not believe a HEAD that gives another digest than asked", async () => {
  const { repository } = open(({ method }) =>
    served(method === "HEAD" ? { ...HEAD, "docker-content-digest": ZERO } : {})
  );
  assertEquals((await repository.resolve(DIGEST)).digest, DIGEST);
});

test("resolve() gives the registry's words for what is missing", async () => {
  const { repository } = open(({ method }) => [
    404,
    {},
    method === "HEAD"
      ? ""
      : '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown tag"}]}',
  ]);
  const error = await assertRejects(
    () => repository.resolve("1"),
    RegistryError,
  );
  assertEquals([error.status, error.errors[0]?.code], [
    404,
    "MANIFEST_UNKNOWN",
  ]);
});

for (
  const [text, kind] of [
    ["../x", InvalidReferenceError],
    ["", InvalidReferenceError],
    ["a/b", InvalidReferenceError],
    ["1?x=y", InvalidReferenceError],
    ["1#", InvalidReferenceError],
    ["x".repeat(129), InvalidReferenceError],
    ["sha256:../../etc", InvalidDigestError],
    ["md5:00", InvalidDigestError],
  ] as const
) {
  test(`resolve() lets ${JSON.stringify(text.slice(0, 20))} become no part of an address`, async () => {
    const { repository, sent } = open(() => [200]);
    // deno-lint-ignore no-explicit-any
    const type: new (...given: any[]) => Error = kind;
    await assertRejects(() => repository.resolve(text), type);
    await assertRejects(() => repository.fetchManifest(text), type);
    assertEquals(sent.length, 0);
  });
}

test("Repository refuses names that cannot be part of an address", () => {
  const { fetch } = fakeFetch(() => [200]);
  for (
    const [registry, repository] of [
      ["r.test", "../../admin"],
      ["r.test", "a//b"],
      ["r.test", "a?b"],
      ["r.test", "a/"],
      ["user@r.test", "a"],
      ["r.test/x", "a"],
    ] as const
  ) {
    assertThrows(
      () => new Repository({ registry, repository }, { fetch }),
      InvalidReferenceError,
    );
  }
});

test("fetchManifest() takes inline data, verified, before asking anyone", async () => {
  const data = btoa(MANIFEST);
  const { repository, sent } = open(() => [500]);
  const { bytes } = await repository.fetchManifest({ ...DESCRIPTOR, data });
  assertEquals(bytes.length, MANIFEST.length);
  await assertRejects(
    () => repository.fetchSmallBlob({ ...DESCRIPTOR, data: btoa("{}") }),
    ContentMismatchError,
  );
  await assertRejects(
    () => repository.fetchSmallBlob({ ...DESCRIPTOR, data: "%%" }),
    InvalidDocumentError,
  );
  assertEquals(sent.length, 0);
});

test("fetchSmallBlob() reads, verifies and tries again", async () => {
  const { repository, slept, log } = open((_, count) =>
    count === 1 ? [502] : [200, {}, MANIFEST]
  );
  const { bytes } = await repository.fetchSmallBlob(DESCRIPTOR);
  assertEquals(bytes.length, MANIFEST.length);
  assertEquals(slept, [2_000]);
  assertEquals(log()[0], `GET r.test/v2/a/b/blobs/${DIGEST}`);
});

test("fetchSmallBlob() refuses what is too large and what is wrong", async () => {
  const { repository, sent } = open(
    () => [200, {}, MANIFEST.replace("2", "3")],
  );
  await assertRejects(
    () => repository.fetchSmallBlob({ ...DESCRIPTOR, size: 5e6 }),
    InvalidDocumentError,
  );
  assertEquals(sent.length, 0);
  await assertRejects(
    () => repository.fetchSmallBlob(DESCRIPTOR),
    ContentMismatchError,
  );
  assertEquals(sent.length, 2);
});

test("Docker Hub is asked at its own host", async () => {
  const { repository, log } = open(() => served(HEAD), "nginx");
  await repository.resolve("latest");
  // Its token server is known, so that the first request is not refused; one
  // that gives no token is done without.
  assertEquals(log(), [
    "GET registry-1.docker.io/v2/",
    "GET auth.docker.io/token?service=registry.docker.io&scope=repository:library/nginx:pull",
    "HEAD registry-1.docker.io/v2/library/nginx/manifests/latest",
  ]);
  assertEquals(repository.host, "registry-1.docker.io");
});

test("a connection to Docker Hub is made while the token is on its way", async () => {
  const asked: string[] = [];
  const connected = deferred();
  const repository = new Repository(parseReference("nginx"), {
    fetch: async (address, init) => {
      const url = new URL(address);
      asked.push(url.host);
      if (url.pathname === "/v2/") {
        connected.resolve();
        throw new TypeError("connection reset");
      }
      if (url.host !== "auth.docker.io") {
        assertEquals(
          new Headers(init?.headers).get("authorization"),
          "Bearer t",
        );
        return new Response(null, {
          headers: { ...HEAD, "content-type": OCI_MANIFEST },
        });
      }
      await connected.promise;
      return Response.json({ token: "t" });
    },
  });
  await repository.resolve("latest");
  await repository.resolve("1.27");
  const hub = "registry-1.docker.io";
  assertEquals(asked.toSorted(), ["auth.docker.io", hub, hub, hub]);
});

test("no connection is made ahead of a token from the registry itself", async () => {
  const { repository, log } = open(() => served(HEAD), "ghcr.io/a/b");
  await repository.resolve("latest");
  assertEquals(log(), [
    "GET ghcr.io/token?service=ghcr.io&scope=repository:a/b:pull",
    "HEAD ghcr.io/v2/a/b/manifests/latest",
  ]);
});

test("a token server that has moved is asked where the registry says", async () => {
  const { repository, log } = open((sent) => {
    if (sent.url.host === "auth.docker.io") return [404];
    if (sent.url.host === "auth.example") {
      return [200, { "content-type": "application/json" }, '{"token":"t"}'];
    }
    return sent.headers.has("authorization") ? served(HEAD) : [401, {
      "www-authenticate":
        'Bearer realm="https://auth.example/token",service="r"',
    }];
  }, "nginx");
  await repository.resolve("latest");
  assertEquals(log(), [
    "GET registry-1.docker.io/v2/",
    "GET auth.docker.io/token?service=registry.docker.io&scope=repository:library/nginx:pull",
    "HEAD registry-1.docker.io/v2/library/nginx/manifests/latest",
    "GET auth.example/token?service=r&scope=repository:library/nginx:pull",
    "HEAD registry-1.docker.io/v2/library/nginx/manifests/latest Bearer t",
  ]);
});

test("a rate limit that is nearly used up is told of, once", async () => {
  const limit = { "ratelimit-limit": "100;w=21600" };
  const left = (count: number) => ({
    "ratelimit-remaining": `${count};w=21600`,
  });
  const { repository, warnings } = open((_, count) =>
    served({ ...HEAD, ...limit, ...left(11 - count) })
  );
  await repository.resolve("1");
  assertEquals(warnings, []);
  await repository.resolve("2");
  await repository.resolve("3");
  assertEquals(warnings, [
    {
      code: "rate-limit",
      registry: "r.test",
      remaining: 9,
      total: 100,
      window: 21_600,
    },
  ]);
});

test("an unreachable registry is one clear error", async () => {
  const failure = Object.assign(new TypeError("fetch failed"), {
    code: "ENOTFOUND",
  });
  const { repository, sent } = open(() => failure);
  const error = await assertRejects(
    () => repository.resolve("1"),
    NetworkError,
  );
  assertEquals([error.kind, sent.length], ["dns", 1]);
});
