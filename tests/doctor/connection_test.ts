import { assertEquals, assertMatch } from "@std/assert";
import net from "node:net";
import {
  type ConnectionOptions,
  examineName,
  examineTls,
} from "../../lib/doctor/connection.ts";
import { type Finding, Findings } from "../../lib/doctor/report.ts";
import { parseProxy } from "../../lib/net/proxy.ts";
import { Secrets } from "../../lib/net/known_secrets.ts";
import { AUTHORITY, SERVER } from "../net/certificates.ts";
import { serve, serveProxy } from "../net/loopback.ts";
import { test } from "../harness.ts";
import { coded } from "./examine.ts";

/** Runs a step, and gives what it has found. */
async function finding(
  step: (options: ConnectionOptions) => Promise<void>,
  url: string,
  options: Partial<ConnectionOptions> = {},
): Promise<Finding> {
  const findings = new Findings(
    new Secrets(),
    (error) => (error as Error).message,
    ({ code }) => code,
  );
  await step({
    findings,
    url: new URL(url),
    timeout: 5_000,
    now: () => Date.UTC(2026, 0, 1),
    ...options,
  });
  assertEquals(findings.list.length, 1);
  return findings.list[0]!;
}

test("examineName() finds addresses", async () => {
  const { status, details } = coded(
    await finding(examineName, "https://localhost/"),
    "addresses",
  );
  assertEquals(status, "ok");
  assertEquals(details.host, "localhost");
  assertMatch(details.addresses.join(), /127\.0\.0\.1|::1/);
});

test("examineName() tells of a name that nobody has", async () => {
  const { status, error, words } = coded(
    await finding(examineName, "https://registry.invalid/"),
    "problem",
  );
  assertEquals([status, error], ["problem", "NetworkError"]);
  assertMatch(
    words,
    /Cannot reach https:\/\/registry.invalid\/: (dns|lookup)/,
  );
});

test("examineName() looks up the proxy, where there is one", async () => {
  const proxy = "http://127.0.0.1:3128";
  const found = await finding(examineName, "https://r.test/", {
    proxy: parseProxy(proxy),
  });
  assertEquals(coded(found, "address").details, { host: "127.0.0.1" });
});

test("examineTls() finds version, issuer and end of a certificate", async () => {
  const server = await serve((_, response) => void response.end(), SERVER);
  try {
    const url = `https://localhost:${server.port}/`;
    const { status, subject, details } = coded(
      await finding(examineTls, url),
      "certificate",
    );
    assertEquals([status, subject], ["ok", `localhost:${server.port}`]);
    assertMatch(details.version, /^TLSv1\.[23]$/);
    assertEquals(details.issuer, "Test CA");
    assertEquals(details.validUntil, "2124-01-01T00:00:00.000Z");
    const proxy = await serveProxy("me:secret");
    try {
      const through = await finding(examineTls, url, {
        proxy: parseProxy(`http://me:secret@127.0.0.1:${proxy.port}`),
      });
      assertEquals(coded(through, "certificate").details.issuer, "Test CA");
      assertEquals(proxy.asked.length, 1);
      const refused = await finding(examineTls, url, {
        proxy: parseProxy(`http://127.0.0.1:${proxy.port}`),
      });
      assertMatch(coded(refused, "problem").words, /proxy-login-missing/);
    } finally {
      await proxy.close();
    }
    const secured = await serveProxy("me:secret", SERVER);
    try {
      const way = {
        proxy: parseProxy(`https://me:secret@localhost:${secured.port}`),
      };
      const untrusted = await finding(examineTls, url, way);
      assertMatch(coded(untrusted, "problem").words, /unknown-authority/);
      assertEquals(secured.asked, []);
      const trusted = await finding(examineTls, url, {
        ...way,
        proxySettings: { ca: [AUTHORITY] },
      });
      assertEquals(coded(trusted, "certificate").details.issuer, "Test CA");
    } finally {
      await secured.close();
    }
    const late = await finding(examineTls, url, {
      now: () => Date.UTC(2123, 11, 30),
    });
    assertEquals(late.status, "note");
    assertEquals(coded(late, "certificate-ends").left, 2 * 86_400_000);
    const over = await finding(examineTls, url, {
      now: () => Date.UTC(2124, 0, 9),
    });
    assertEquals(over.status, "note");
    assertEquals(coded(over, "certificate-ended").left, -8 * 86_400_000);
  } finally {
    await server.close();
  }
});

test("examineTls() tells of a server that speaks none", async () => {
  const server = await serve((_, response) => void response.end("no"));
  try {
    const url = `https://localhost:${server.port}/`;
    const { status, words } = coded(
      await finding(examineTls, url),
      "problem",
    );
    assertEquals(status, "problem");
    assertMatch(words, /^Cannot reach https:\/\/localhost/);
  } finally {
    await server.close();
  }
});

test("examineTls() waits no longer than it was told", async () => {
  const server = net.createServer((socket) => socket.on("error", () => {}));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve());
  });
  const { port } = server.address() as net.AddressInfo;
  const sockets: net.Socket[] = [];
  server.on("connection", (socket) => sockets.push(socket));
  try {
    const found = await finding(examineTls, `https://127.0.0.1:${port}/`, {
      timeout: 50,
    });
    assertMatch(coded(found, "problem").words, /unanswered {"duration":50}/);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

test("examineTls() notes plain http, unless it stays on this machine", async () => {
  const far = await finding(examineTls, "http://r.test/");
  assertEquals([far.status, far.code], ["note", "plain-http-risk"]);
  const near = await finding(examineTls, "http://127.0.0.1:5000/");
  assertEquals([near.status, near.code], ["ok", "plain-http"]);
});
