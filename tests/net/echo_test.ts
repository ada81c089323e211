import { assertEquals, assertStringIncludes } from "@std/assert";
import { HttpClient } from "../../lib/net/http.ts";
import type { SendOptions } from "../../lib/net/http_options.ts";
import { Secrets } from "../../lib/net/known_secrets.ts";
import { test } from "../harness.ts";
import { fakeFetch, type Sent } from "./fake_fetch.ts";

const PASSWORD = 'pä ss"w+rd';
const BASIC = `Basic ${
  btoa(String.fromCharCode(...new TextEncoder().encode(`ann:${PASSWORD}`)))
}`;

/** The error of a server that repeats what it was sent. */
async function echoed(
  address: string,
  options: SendOptions,
  words: (sent: Sent) => string,
): Promise<string> {
  const web = fakeFetch((sent) => [403, {}, words(sent)]);
  const http = new HttpClient({ fetch: web.fetch });
  const { message } = await http.toError(await http.send(address, options));
  web.assertNoBodyLeft();
  return message;
}

const json = (message: string) =>
  JSON.stringify({ errors: [{ code: "DENIED", message }] });

for (
  const [what, words] of [
    ["the password", () => json(`no ${PASSWORD}`)],
    ["the password in plain text", () => `no ${PASSWORD}`],
    ["the password in an address", () => `no ${encodeURIComponent(PASSWORD)}`],
    ["user and password", () => json(`no ann:${PASSWORD}`)],
    ["the header", () => json(`no ${BASIC}`)],
  ] as const
) {
  test(`toError() leaves out ${what}, where a server repeats it`, async () => {
    const options = { authorization: BASIC };
    const message = await echoed("https://r.test/x", options, words);
    assertStringIncludes(message, "no ");
    assertStringIncludes(message, "•••");
    for (const secret of [PASSWORD, "w+rd", "w%2Brd", BASIC.slice(6)]) {
      assertEquals(message.includes(secret), false, message);
    }
  });
}

test("toError() leaves out tokens, signatures and identity tokens", async () => {
  const messages = [
    await echoed(
      "https://r.test/x",
      { authorization: "Bearer eyJ.token" },
      ({ headers }) => json(`got ${headers.get("authorization")}`),
    ),
    await echoed(
      "https://s.test/x?X-Amz-Signature=0123456789abcdef0123",
      {},
      ({ url }) => json(`got ${url.searchParams.get("X-Amz-Signature")}`),
    ),
    await echoed(
      "https://auth.test/token",
      { method: "POST", body: "refresh_token=the%2Bsecret&service=x" },
      ({ body }) =>
        json(`got ${new URLSearchParams(body).get("refresh_token")}`),
    ),
  ];
  assertEquals(messages.map((text) => /\(DENIED: (.+)\)/.exec(text)?.[1]), [
    "got Bearer •••",
    "got •••",
    "got •••",
  ]);
});

test("toError() keeps the scope that a token server speaks of", async () => {
  const scope = "repository:team/app:pull";
  const message = await echoed(
    `https://auth.test/token?scope=${encodeURIComponent(scope)}`,
    {},
    () => json(`no ${scope}`),
  );
  assertStringIncludes(message, scope);
});

function masked(text: string, secrets: string[]): string {
  const book = new Secrets();
  for (const secret of secrets) book.learn(secret);
  return book.mask(text);
}

test("mask() leaves short words alone, and takes the longest first", () => {
  assertEquals(
    masked("an abc of secrets", ["abc", ""]),
    "an abc of secrets",
  );
  assertEquals(
    masked("x secret-more y", ["secret", "secret-more"]),
    "x ••• y",
  );
});
