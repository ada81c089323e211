/**
 * A registry that repeats every secret that it is sent, in each place of an
 * answer that a report quotes; and a search for them in the report.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Secrets } from "../../lib/net/known_secrets.ts";
import type { Credential, Fetch } from "../../lib/image/types.ts";
import { test } from "../harness.ts";
import { coded, examine, find, registryWithImage } from "./examine.ts";

const PASSWORD = 'hunter22 "ü/?&';
const LOGINS: Credential[] = [
  { kind: "basic", username: "ann", password: PASSWORD },
  { kind: "identity-token", token: "identity-secret-77" },
  { kind: "registry-token", token: "registry-secret-88" },
];
const PROXY = "http://proxyuser:proxy%20secret@proxy.invalid:1/";
const SIGNATURE = "signature-secret-99";

/** All forms in which those secrets could be in a text. */
function forms(login: Credential): string[] {
  const secret = login.kind === "basic" ? login.password : login.token;
  const bytes = (text: string) => new TextEncoder().encode(text);
  const basic = (text: string) => btoa(String.fromCharCode(...bytes(text)));
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    basic(`ann:${secret}`),
    basic(`<token>:${secret}`),
    "bearer-secret-55",
    "proxy secret",
    "proxy%20secret",
    "proxyuser",
    SIGNATURE,
  ];
}

/** Answers with what it was sent: in a challenge, an error, a redirect. */
function echo(way: "challenge" | "error" | "redirect" | "realm"): Fetch {
  const sent = new Set<string>();
  return async (address, init) => {
    await Promise.resolve();
    const url = new URL(address);
    const header = new Headers(init?.headers).get("authorization");
    for (const text of [header, init?.body]) {
      if (typeof text === "string") {
        sent.add(text).add(decodeURIComponent(text)).add(text.slice(6));
      }
    }
    try {
      sent.add(atob(header?.split(" ")[1] ?? ""));
    } catch {
      // Not every token is base64.
    }
    const repeated = [...sent].join(" ").replace(/[^\x20-\x7e]/g, "?");
    if (url.pathname === "/token") {
      return Response.json({ token: "bearer-secret-55", expires_in: 60 });
    }
    if (way === "redirect" && url.pathname !== "/v2/" && header) {
      return new Response(null, {
        status: 307,
        headers: { location: `http://storage.invalid/x?sig=${SIGNATURE}` },
      });
    }
    const quoted = repeated.replace(/["\\]/g, "_");
    const service = way === "challenge" ? quoted : "s";
    const query = way === "realm" ? `?key=${SIGNATURE}` : "";
    return new Response(
      JSON.stringify({
        errors: [{
          code: "DENIED",
          message: way === "error" ? [...sent].join(" ") : "no",
        }],
      }),
      {
        status: 401,
        headers: {
          "www-authenticate":
            `Bearer realm="http://127.0.0.1:5000/token${query}",service="${service}"`,
        },
      },
    );
  };
}

for (const login of LOGINS) {
  for (const way of ["challenge", "error", "redirect", "realm"] as const) {
    test(`a report holds no secret: ${login.kind}, repeated as ${way}`, async () => {
      const source = "a file";
      const { report } = await examine(registryWithImage(), {
        fetch: echo(way),
        proxy: () => PROXY,
        credentials: () => Promise.resolve({ source, credential: login }),
        timeout: 500,
      });
      const text = JSON.stringify(report, null, 1);
      for (const form of forms(login)) {
        assert(!text.includes(form), `${form} in ${text}`);
        assert(!text.includes(JSON.stringify(form).slice(1, -1)), text);
      }
      assertEquals(report.canPull, false);
      assertMatch(text, /http:\/\/proxy.invalid:1/);
    });
  }
}

test("scrub() finds secrets in nested values and leaves the rest", () => {
  const secrets = new Secrets();
  secrets.learnCredential({
    kind: "basic",
    username: "u",
    password: "s3cret",
  });
  secrets.learn("s3cret-and-more");
  secrets.learn("abc");
  assertEquals(
    secrets.scrub({ a: ["x s3cret", 1, null], b: { c: "s3cret-and-more!" } }),
    { a: ["x •••", 1, null], b: { c: "•••!" } },
  );
  assertEquals(secrets.scrub("abc stays"), "abc stays");
});

test("a report tells of a proxy's login only that there is one", async () => {
  const diagnosis = await examine(registryWithImage(), { proxy: () => PROXY });
  const { details } = coded(find(diagnosis, "proxy"), "proxy");
  assertEquals(details, { proxy: "http://proxy.invalid:1", login: true });
});

test("a report tells of a SOCKS proxy, and of an address that is none", async () => {
  const socks = await examine(registryWithImage(), {
    proxy: () => "socks5h://me:SECRET@proxy.invalid:1",
  });
  assertEquals(coded(find(socks, "proxy"), "proxy").details, {
    proxy: "socks5h://proxy.invalid:1",
    login: true,
  });
  const broken = await examine(registryWithImage(), {
    proxy: () => "http://me:SEC#RET@proxy.invalid:1",
  });
  const { status, words } = coded(find(broken, "proxy"), "problem");
  assertEquals(status, "problem");
  assertMatch(words, /http:\/\/•••@proxy.invalid:1: .*"encoding"/);
});
