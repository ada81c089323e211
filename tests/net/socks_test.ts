import { assert, assertEquals, assertRejects } from "@std/assert";
import { NetworkError } from "../../lib/image/errors.ts";
import type { NetworkProblem } from "../../lib/image/problems.ts";
import { proxyFromEnvironment } from "../../lib/net/proxy.ts";
import { createTransport } from "../../lib/net/transport.ts";
import { test } from "../harness.ts";
import { AUTHORITY, SERVER } from "./certificates.ts";
import { serve } from "./loopback.ts";
import { serveSocks, type SocksOptions } from "./socks_server.ts";

/** The package's timer outlives its work, without keeping a process alive. */
const LEAVES = { leaves: "timers" } as const;
const LOGIN = "me:p@ss/w%rd";
const ENCODED = "me:p%40ss%2Fw%25rd@";

for (const scheme of ["socks5", "socks5h", "socks"]) {
  test(
    `createTransport() asks by http and https through ${scheme}:`,
    LEAVES,
    async () => {
      const plain = await serve((_, response) => void response.end("plain"));
      const secure = await serve(
        (_, response) => void response.end("secure"),
        SERVER,
      );
      const socks = await serveSocks({ login: LOGIN });
      const transport = createTransport({
        proxy: () => `${scheme}://${ENCODED}127.0.0.1:${socks.port}`,
        caCerts: [AUTHORITY],
      });
      try {
        const urls = [
          `http://localhost:${plain.port}/`,
          `https://localhost:${secure.port}/`,
        ];
        const texts = [];
        for (const url of urls) {
          texts.push(await (await transport.fetch(url)).text());
        }
        assertEquals(texts, ["plain", "secure"]);
        // The proxy looks the name up.
        assertEquals(socks.asked, [
          `name localhost:${plain.port}`,
          `name localhost:${secure.port}`,
        ]);
      } finally {
        transport.close();
        for (const each of [plain, secure, socks]) await each.close();
      }
    },
  );
}

test(
  "createTransport() asks for an IPv6 address through SOCKS",
  LEAVES,
  async () => {
    const plain = await serve((_, response) => void response.end("plain"));
    const socks = await serveSocks({ port: plain.port });
    const transport = createTransport({
      proxy: () => `socks5://127.0.0.1:${socks.port}`,
    });
    try {
      const response = await transport.fetch("http://[2001:db8::7]:5000/");
      assertEquals(await response.text(), "plain");
      assertEquals(socks.asked, [
        "address 2001:0db8:0000:0000:0000:0000:0000:0007:5000",
      ]);
    } finally {
      transport.close();
      await plain.close();
      await socks.close();
    }
  },
);

/** How a request fails through a proxy, for http and https. */
async function failures(
  options: SocksOptions,
  login = "",
): Promise<NetworkProblem> {
  const socks = await serveSocks(options);
  const transport = createTransport({
    proxy: () => `socks5://${login}127.0.0.1:${socks.port}`,
  });
  try {
    const found: NetworkProblem[] = [];
    for (const scheme of ["http", "https"]) {
      const error = await assertRejects(
        () => transport.fetch(`${scheme}://r.test/`),
        NetworkError,
      );
      const start = `Cannot reach socks5://127.0.0.1:${socks.port}: `;
      assertEquals(error.message.slice(0, start.length), start);
      assertEquals(error.kind, "proxy");
      assert(!JSON.stringify(error.cause ?? "").includes("SECRET"));
      found.push(error.problem);
    }
    assertEquals(found[0], found[1]);
    return found[0]!;
  } finally {
    transport.close();
    await socks.close();
  }
}

test("createTransport() says what a SOCKS proxy refuses", LEAVES, async () => {
  assertEquals(await failures({ login: LOGIN }, "me:SECRET@"), {
    code: "proxy-login-refused",
  });
  assertEquals(await failures({ login: LOGIN }), {
    code: "proxy-login-missing",
  });
  const replies = [
    [5, "host-refuses"],
    [4, "host"],
    [2, "not-allowed"],
    [99, "unknown"],
  ] as const;
  for (const [reply, why] of replies) {
    const problem = { code: "proxy-refused", why } as const;
    assertEquals(await failures({ reply }), problem);
  }
});

test(
  "createTransport() says that no SOCKS proxy is there, or another server",
  LEAVES,
  async () => {
    const socks = await serveSocks();
    await socks.close();
    const web = await serve((_, response) => void response.end());
    const transport = createTransport({
      proxy: ({ hostname }) =>
        `socks5://a:SECRET@127.0.0.1:${
          hostname === "r.test" ? socks.port : web.port
        }`,
    });
    try {
      const gone = await assertRejects(
        () => transport.fetch("https://r.test/"),
        NetworkError,
      );
      assertEquals([gone.kind, gone.code], ["proxy", "refused"]);
      const other = await assertRejects(
        () => transport.fetch("https://other.test/"),
        NetworkError,
      );
      assertEquals(other.kind, "proxy");
      assert(!`${gone.stack}${other.stack}`.includes("SECRET"));
    } finally {
      transport.close();
      await web.close();
    }
  },
);

test("createTransport() refuses a login that SOCKS has no room for", async () => {
  const transport = createTransport({
    proxy: () => `socks5://me:${"x".repeat(256)}@127.0.0.1:1`,
  });
  const { code, message } = await assertRejects(
    () => transport.fetch("https://r.test/"),
    NetworkError,
    "proxy-long-login",
  );
  assertEquals(code, "proxy-long-login");
  assert(!message.includes("xxx"));
  transport.close();
});

test("proxyFromEnvironment() takes SOCKS from ALL_PROXY, and heeds NO_PROXY", () => {
  const proxy = proxyFromEnvironment({
    all_proxy: "socks5h://me:pw@s.test",
    HTTPS_PROXY: "http://p:1",
    NO_PROXY: "r.test",
  });
  assertEquals(proxy(new URL("http://q.test/")), "socks5h://me:pw@s.test");
  assertEquals(proxy(new URL("https://q.test/")), "http://p:1");
  assertEquals(proxy(new URL("http://r.test/")), undefined);
  assertEquals(proxy(new URL("http://localhost/")), undefined);
});
