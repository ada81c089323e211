import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { AuthenticationError, RegistryError } from "../../lib/errors.ts";
import type { PullEvent } from "../../lib/events.ts";
import { Session, type SessionOptions } from "../../lib/registry/session.ts";
import type { Credential } from "../../lib/types.ts";
import { test } from "../harness.ts";
import {
  type Answer,
  type FakeClock,
  fakeClock,
  fakeFetch,
  type Sent,
} from "./fake_fetch.ts";

const REALM = "https://auth.r.test/token";
const CHALLENGE =
  `Bearer realm="${REALM}",service="r",scope="repository:a/b:pull"`;
const LOGIN: Credential = { kind: "basic", username: "me", password: "pw" };
const BASIC = `Basic ${btoa("me:pw")}`;

function basicOf(text: string): string {
  return `Basic ${btoa(text)}`;
}

interface World {
  session: Session;
  events: PullEvent[];
  clock: FakeClock;
  log(): string[];
  sent: Sent[];
  get(signal?: AbortSignal): Promise<number>;
  warnings(): string[];
  assertNoBodyLeft(): void;
}

/** A registry at `r.test` whose answers a test gives. */
function world(
  answer: (sent: Sent, count: number) => Answer | Promise<Answer>,
  credential?: Credential,
  options: Partial<SessionOptions> = {},
): World {
  const web = fakeFetch(answer);
  const clock = fakeClock();
  const events: PullEvent[] = [];
  const session = new Session("r.test", "r.test", "a/b", {
    ...clock.options,
    fetch: web.fetch,
    onEvent: (event) => events.push(event),
    credentials: () =>
      Promise.resolve(credential && { credential, source: "the test" }),
    ...options,
  });
  return {
    ...web,
    session,
    events,
    clock,
    warnings: () =>
      events.flatMap((event) =>
        event.type === "warning" ? [event.warning.message] : []
      ),
    async get(signal) {
      const { response } = await session.request("manifests/1", { signal });
      await response.body?.cancel();
      return response.status;
    },
  };
}

function json(value: unknown): Answer {
  return [200, { "content-type": "application/json" }, JSON.stringify(value)];
}

/** Answers 401 until a request carries `Bearer NAME`. */
function bearer(
  name: string | ((sent: Sent) => boolean),
  token: (sent: Sent, count: number) => Answer | Promise<Answer>,
  challenge = CHALLENGE,
): (sent: Sent, count: number) => Answer | Promise<Answer> {
  return (sent, count) => {
    if (sent.url.host !== "r.test") return token(sent, count);
    const good = typeof name === "string"
      ? sent.headers.get("authorization") === `Bearer ${name}`
      : name(sent);
    return good ? [200] : [401, { "www-authenticate": challenge }, "{}"];
  };
}

test("a registry without a login is asked once, and no login is looked up", async () => {
  const { get, log } = world(() => [200], undefined, {
    credentials: () => Promise.reject(new Error("looked up")),
  });
  assertEquals(await get(), 200);
  assertEquals(log(), ["GET r.test/v2/a/b/manifests/1"]);
});

test("Bearer: a token is asked for anonymously and kept", async () => {
  const { get, log, assertNoBodyLeft } = world(
    bearer("t1", () => json({ token: "t1", expires_in: 300 })),
  );
  assertEquals([await get(), await get()], [200, 200]);
  assertEquals(log(), [
    "GET r.test/v2/a/b/manifests/1",
    "GET auth.r.test/token?service=r&scope=repository:a/b:pull",
    "GET r.test/v2/a/b/manifests/1 Bearer t1",
    "GET r.test/v2/a/b/manifests/1 Bearer t1",
  ]);
  assertNoBodyLeft();
});

test("Bearer: the login goes to the token server and nowhere else", async () => {
  const { get, log } = world(
    bearer("t1", () => json({ access_token: "t1" })),
    LOGIN,
  );
  await get();
  assertEquals(log(), [
    "GET r.test/v2/a/b/manifests/1",
    `GET auth.r.test/token?service=r&scope=repository:a/b:pull ${BASIC}`,
    "GET r.test/v2/a/b/manifests/1 Bearer t1",
  ]);
});

test("Basic: the login goes to the registry", async () => {
  const { get, log } = world(
    ({ headers }) =>
      headers.get("authorization") === basicOf("mÃ©:Ã¼:x")
        ? [200]
        : [401, { "www-authenticate": 'Basic realm="r"' }],
    { kind: "basic", username: "mé", password: "ü:x" },
  );
  assertEquals(await get(), 200);
  assertEquals(log().length, 2);
});

test("Basic: without a login there is no second try", async () => {
  const { get, log } = world(() => [
    401,
    {
      "www-authenticate": 'Basic realm="r"',
    },
    '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}',
  ]);
  const error = await assertRejects(() => get(), RegistryError);
  assertEquals(error.errors[0]?.code, "UNAUTHORIZED");
  assertEquals(log().length, 1);
});

test("a bare 401 is understood by the challenge of /v2/, asked for once", async () => {
  const { get, log } = world((sent) => {
    if (sent.url.host !== "r.test") return json({ token: "t" });
    if (sent.url.pathname === "/v2/") {
      return [401, { "www-authenticate": `Bearer realm="${REALM}"` }];
    }
    return sent.headers.has("authorization") ? [200] : [401];
  });
  assertEquals([await get(), await get()], [200, 200]);
  assertEquals(log().slice(0, 3), [
    "GET r.test/v2/a/b/manifests/1",
    "GET r.test/v2/",
    "GET auth.r.test/token?scope=repository:a/b:pull",
  ]);
  assertEquals(log().filter((line) => line.endsWith("/v2/")).length, 1);
});

test("a list of challenges: Bearer is preferred, and other schemes passed over", async () => {
  const header = `Negotiate, Basic realm="x, y", ${CHALLENGE}`;
  const { get, log } = world(
    bearer("t", () => json({ token: "t" }), header),
    LOGIN,
  );
  assertEquals(await get(), 200);
  assertEquals(log().length, 3);
});

test("a challenge of unknown schemes is an error that names them", async () => {
  const { get } = world(() => [401, {
    "www-authenticate": "Negotiate, NTLM TlRM",
  }]);
  const error = await assertRejects(() => get(), AuthenticationError);
  assertStringIncludes(error.message, '"negotiate, ntlm"');
});

test("a challenge for a token without a token server is an error", async () => {
  const { get } = world(() => [401, { "www-authenticate": "Bearer" }]);
  await assertRejects(() => get(), AuthenticationError, "no token server");
});

test("a token is renewed before it runs out, by one request for all", async () => {
  let tokens = 0;
  const { get, log, clock } = world(
    bearer(
      ({ headers }) => headers.get("authorization") === `Bearer t${tokens}`,
      async () => {
        await Promise.resolve();
        return json({ token: `t${++tokens}`, expires_in: 300 });
      },
    ),
  );
  await get();
  clock.pass(289_000);
  await get();
  assertEquals(tokens, 1);
  clock.pass(2_000);
  await Promise.all([get(), get(), get()]);
  assertEquals(tokens, 2);
  assertEquals(log().filter((line) => line.startsWith("GET auth")).length, 2);
  // None of the three met a 401.
  assertEquals(log().filter((line) => line.endsWith("/1")).length, 1);
});

test("a token that the registry no longer takes is renewed once", async () => {
  let tokens = 0;
  let good = "t1";
  const { get, log } = world(
    bearer(
      ({ headers }) => headers.get("authorization") === `Bearer ${good}`,
      () => json({ token: `t${++tokens}` }),
    ),
  );
  await get();
  good = "t2";
  assertEquals(await Promise.all([get(), get()]), [200, 200]);
  assertEquals(tokens, 2);
  good = "never";
  await assertRejects(() => get(), RegistryError);
  assertEquals(tokens, 3);
  assertEquals(log().filter((line) => line.includes("Bearer t3")).length, 1);
});

test("a challenge that asks for more gets one more token, its scopes first", async () => {
  const header =
    `Bearer realm="${REALM}",scope="repository:a/b:pull,push repository:c/d:pull"`;
  let count = 0;
  const { get, sent } = world((request) => {
    if (request.url.host !== "r.test") return json({ token: `t${++count}` });
    return request.headers.get("authorization") === "Bearer t2"
      ? [200]
      : [401, { "www-authenticate": count === 0 ? CHALLENGE : header }];
  });
  assertEquals(await get(), 200);
  const scopes = sent.filter(({ url }) => url.host !== "r.test").map(
    ({ url }) => url.searchParams.getAll("scope"),
  );
  assertEquals(scopes, [
    ["repository:a/b:pull"],
    ["repository:a/b:pull,push", "repository:c/d:pull"],
  ]);
});

test("a registry that asks for other scopes without end is given up", async () => {
  let count = 0;
  const { get, sent } = world((request) =>
    request.url.host === "r.test"
      ? [401, {
        "www-authenticate": `Bearer realm="${REALM}",scope="x:${count++}:pull"`,
      }]
      : json({ token: `t${count}` })
  );
  await assertRejects(() => get(), RegistryError);
  assert(sent.length < 12, `${sent.length}`);
  for (const { url } of sent) {
    assert(url.searchParams.getAll("scope").length <= 4);
  }
});

test("nvcr.io: a challenge that changes its token server is not followed", async () => {
  let tokens = 0;
  const { get, log, clock } = world((sent) => {
    if (sent.url.host === "auth.r.test") {
      return json({ token: `t${++tokens}`, expires_in: 600 });
    }
    if (sent.url.host !== "r.test") return [401];
    const authorization = sent.headers.get("authorization");
    if (authorization === `Bearer t${tokens}` && clock.options.now() < expiry) {
      return [200];
    }
    const realm = authorization ? "https://authn.other.test/token" : REALM;
    return [401, {
      "www-authenticate": `Bearer realm="${realm}",error="invalid_token"`,
    }];
  });
  let expiry = clock.options.now() + 100_000;
  await get();
  clock.pass(100_000);
  expiry += 100_000_000;
  tokens = 1;
  expiry = Infinity;
  assertEquals(await get(), 200);
  assert(!log().some((line) => line.includes("other.test")));
});

test("Harbor: a Basic challenge after a token was refused is not followed", async () => {
  const { get, log } = world((sent) => {
    if (sent.url.host !== "r.test") return json({ token: "t" });
    return [401, {
      "www-authenticate": sent.headers.has("authorization")
        ? 'Basic realm="harbor"'
        : CHALLENGE,
    }];
  }, LOGIN);
  await assertRejects(() => get(), RegistryError);
  assert(!log().some((line) => /^GET r\.test.* Basic/.test(line)));
});

test("a registry token is sent as it is", async () => {
  const { get, log } = world(
    bearer("reg", () => [500]),
    { kind: "registry-token", token: "reg" },
  );
  assertEquals(await get(), 200);
  assertEquals(log().length, 2);
});

test("a registry token that would split the header is not sent", async () => {
  const { get, log } = world(
    bearer("x", () => [500]),
    { kind: "registry-token", token: "a\r\nx-evil: 1" },
  );
  await assertRejects(() => get(), AuthenticationError, "cannot be sent");
  assertEquals(log().length, 1);
});

test("a credential provider is asked for the repository, once", async () => {
  const asked: string[] = [];
  const { get } = world(bearer("t", () => json({ token: "t" })), undefined, {
    credentials: (registry, repository) => {
      asked.push(`${registry}/${repository}`);
      return Promise.resolve(undefined);
    },
  });
  await Promise.all([get(), get()]);
  assertEquals(asked, ["r.test/a/b"]);
});

test("ending one request does not end the token that another waits for", async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => release = resolve);
  const { get } = world(bearer("t", async () => {
    await gate;
    return json({ token: "t" });
  }));
  const controller = new AbortController();
  const reason = new Error("stop");
  const first = get(controller.signal);
  const second = get();
  const ended = assertRejects(() => first);
  await new Promise((resolve) => setTimeout(resolve, 5));
  controller.abort(reason);
  assertEquals(await ended, reason);
  release();
  assertEquals(await second, 200);
});
