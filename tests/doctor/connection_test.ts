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
  const { status, details } = await finding(examineName, "https://localhost/");
  assertEquals(status, "ok");
  const addresses = details!.addresses as string[];
  assertMatch(addresses.join(), /127\.0\.0\.1|::1/);
});

test("examineName() tells of a name that nobody has", async () => {
  const { status, message } = await finding(
    examineName,
    "https://registry.invalid/",
  );
  assertEquals(status, "problem");
  assertMatch(
    message,
    /Cannot reach https:\/\/registry.invalid\/: (dns|lookup)/,
  );
});

test("examineName() looks up the proxy, where there is one", async () => {
  const proxy = "http://127.0.0.1:3128";
  const { message } = await finding(examineName, "https://r.test/", {
    proxy: parseProxy(proxy),
  });
  assertMatch(message, /^127.0.0.1 is an address/);
});

test("examineTls() finds version, issuer and end of a certificate", async () => {
  const server = await serve((_, response) => void response.end(), SERVER);
  try {
    const url = `https://localhost:${server.port}/`;
    const { status, message, details } = await finding(examineTls, url);
    assertEquals(status, "ok");
    assertMatch(message, /speaks TLSv1\.[23], with a certificate by "Test CA"/);
    assertEquals(details!.validUntil, "2124-01-01T00:00:00.000Z");
    const proxy = await serveProxy("me:secret");
    try {
      const through = await finding(examineTls, url, {
        proxy: parseProxy(`http://me:secret@127.0.0.1:${proxy.port}`),
      });
      assertEquals(through.details!.issuer, "Test CA");
      assertEquals(proxy.asked.length, 1);
      const refused = await finding(examineTls, url, {
        proxy: parseProxy(`http://127.0.0.1:${proxy.port}`),
      });
      assertMatch(refused.message, /proxy-login-missing/);
    } finally {
      await proxy.close();
    }
    const secured = await serveProxy("me:secret", SERVER);
    try {
      const way = {
        proxy: parseProxy(`https://me:secret@localhost:${secured.port}`),
      };
      const untrusted = await finding(examineTls, url, way);
      assertMatch(untrusted.message, /unknown-authority/);
      assertEquals(secured.asked, []);
      const trusted = await finding(examineTls, url, {
        ...way,
        proxySettings: { ca: [AUTHORITY] },
      });
      assertEquals(trusted.details!.issuer, "Test CA");
    } finally {
      await secured.close();
    }
    const late = { now: () => Date.UTC(2123, 11, 30) };
    assertMatch(
      (await finding(examineTls, url, late)).message,
      /that ends in 2 days$/,
    );
    const over = { now: () => Date.UTC(2124, 0, 9) };
    assertMatch(
      (await finding(examineTls, url, over)).message,
      /that ended 8 days ago$/,
    );
  } finally {
    await server.close();
  }
});

test("examineTls() tells of a server that speaks none", async () => {
  const server = await serve((_, response) => void response.end("no"));
  try {
    const url = `https://localhost:${server.port}/`;
    const { status, message } = await finding(examineTls, url);
    assertEquals(status, "problem");
    assertMatch(message, /^Cannot reach https:\/\/localhost/);
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
    const { message } = await finding(
      examineTls,
      `https://127.0.0.1:${port}/`,
      { timeout: 50 },
    );
    assertMatch(message, /unanswered {"duration":50}/);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

test("examineTls() notes plain http, unless it stays on this machine", async () => {
  const far = await finding(examineTls, "http://r.test/");
  assertEquals(far.status, "note");
  const near = await finding(examineTls, "http://127.0.0.1:5000/");
  assertEquals(near.status, "ok");
});
