import { assertEquals, assertRejects } from "@std/assert";
import { NetworkError, RegistryError } from "../../lib/image/errors.ts";
import { parseReference } from "../../lib/image/reference.ts";
import {
  Repository,
  type RepositoryOptions,
} from "../../lib/registry/repository.ts";
import { test } from "../harness.ts";
import { type Answer, fakeFetch, type Sent } from "../net/fake_fetch.ts";

/** Asks for the tags of a repository, which takes one request. */
async function addresses(
  reference: string,
  options: Partial<RepositoryOptions> = {},
  answer: (sent: Sent) => Answer = () => [200, {}, "{}"],
): Promise<string[]> {
  const { fetch, sent } = fakeFetch(answer);
  const repository = new Repository(parseReference(reference), {
    fetch,
    retries: 0,
    ...options,
  });
  await repository.tags();
  await repository.tags();
  return sent.map(({ url }) => url.origin);
}

for (
  const [reference, plainHttp, origin] of [
    ["r.test/a", undefined, "https://r.test"],
    ["r.test:5000/a", undefined, "https://r.test:5000"],
    ["r.test:80/a", undefined, "https://r.test:80"],
    ["r.test/a", true, "http://r.test"],
    ["localhost:5000/a", undefined, "http://localhost:5000"],
    ["localhost:5000/a", false, "https://localhost:5000"],
    ["127.0.0.9:5000/a", undefined, "http://127.0.0.9:5000"],
    ["[::1]:5000/a", undefined, "http://[::1]:5000"],
    ["10.0.0.1:5000/a", undefined, "https://10.0.0.1:5000"],
    ["localhost.test/a", undefined, "https://localhost.test"],
  ] as const
) {
  test(`${reference} with plainHttp ${plainHttp} is asked at ${origin}`, async () => {
    assertEquals(await addresses(reference, { plainHttp }), [origin, origin]);
  });
}

test("plainHttp may decide by the registry's name", async () => {
  const plainHttp = (registry: string) => registry === "r.test";
  assertEquals(
    (await addresses("r.test/a", { plainHttp }))[0],
    "http://r.test",
  );
  assertEquals(
    (await addresses("s.test/a", { plainHttp }))[0],
    "https://s.test",
  );
});

test("a registry on this machine that wants https is found out, once", async () => {
  const refusals: Answer[] = [
    [400, {}, "Client sent an HTTP request to an HTTPS server."],
    new TypeError("connection closed before message completed"),
    new TypeError("invalid HTTP version parsed"),
  ];
  for (const refusal of refusals) {
    assertEquals(
      await addresses(
        "localhost:5000/a",
        {},
        ({ url }) => url.protocol === "http:" ? refusal : [200, {}, "{}"],
      ),
      [
        "http://localhost:5000",
        "https://localhost:5000",
        "https://localhost:5000",
      ],
    );
  }
});

/** What `fetch` throws where TLS is tried on a plain port. */
function noTls(): Error {
  const code = "ERR_SSL_WRONG_VERSION_NUMBER";
  return Object.assign(new Error("wrong version number"), { code });
}

test("a plain registry's own 400 is still its answer", async () => {
  const { fetch, sent } = fakeFetch(({ url }) =>
    url.protocol === "http:" ? [400, {}, '{"message":"bad name"}'] : noTls()
  );
  const repository = new Repository(parseReference("localhost:5000/a"), {
    fetch,
  });
  const error = await assertRejects(
    () => repository.fetchManifest("1"),
    RegistryError,
  );
  assertEquals(error.errors[0]?.message, "bad name");
  assertEquals(sent.length, 2);
});

test("a certificate's fault is told of, not what plain HTTP came to", async () => {
  const expired = Object.assign(new Error("certificate has expired"), {
    code: "CERT_HAS_EXPIRED",
  });
  const { fetch } = fakeFetch(({ url }) =>
    url.protocol === "http:" ? [400, {}, "HTTPS, please"] : expired
  );
  const repository = new Repository(parseReference("localhost:5000/a"), {
    fetch,
  });
  const error = await assertRejects(
    () => repository.fetchManifest("1"),
    NetworkError,
  );
  assertEquals(error.kind, "tls");
});

test("a refused connection on this machine is no question of the protocol", async () => {
  const refused = Object.assign(new Error("x"), { code: "ECONNREFUSED" });
  const { fetch, sent } = fakeFetch(() => refused);
  const repository = new Repository(parseReference("localhost:5000/a"), {
    fetch,
  });
  await assertRejects(() => repository.fetchManifest("1"), NetworkError);
  assertEquals(sent.length, 1);
});

test("a mirror is asked under its own address, with its own login", async () => {
  const asked: string[] = [];
  const { fetch, log } = fakeFetch(({ headers }) =>
    headers.has("authorization")
      ? [200, {}, "{}"]
      : [401, { "www-authenticate": "Basic" }]
  );
  const repository = new Repository(parseReference("nginx"), {
    fetch,
    endpoint: "https://mirror.test/hub",
    credentials: (registry, repository) => {
      asked.push(`${registry} ${repository}`);
      const credential = {
        kind: "basic",
        username: "a",
        password: "b",
      } as const;
      return Promise.resolve({ credential, source: "x" });
    },
  });
  await repository.tags();
  const address = "mirror.test/hub/v2/library/nginx/tags/list?n=1000";
  assertEquals(log(), [
    `GET ${address}`,
    `GET ${address} Basic ${btoa("a:b")}`,
  ]);
  assertEquals(asked, ["mirror.test library/nginx"]);
});
