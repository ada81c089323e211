import { assertEquals, assertRejects } from "@std/assert";
import { NetworkError } from "../../lib/image/errors.ts";
import { createTransport } from "../../lib/net/transport.ts";
import { test } from "../harness.ts";
import { type Loopback, serve, serveProxy } from "./loopback.ts";

/** What is wrong with a proxy, by which both kinds of addresses are asked. */
async function reasons(
  proxy: Loopback,
  login: string,
  schemes = ["http", "https"],
): Promise<string[]> {
  const address = `http://${login}localhost:${proxy.port}`;
  const transport = createTransport({ proxy: () => address });
  const found: string[] = [];
  try {
    for (const scheme of schemes) {
      const { kind, code, message } = await assertRejects(
        () => transport.fetch(`${scheme}://r.test/`),
        NetworkError,
      );
      const start = `Cannot reach http://localhost:${proxy.port}: `;
      assertEquals([kind, message.slice(0, start.length)], ["proxy", start]);
      found.push(code);
    }
  } finally {
    transport.close();
    await proxy.close();
  }
  return found;
}

const REFUSES = "proxy-login-refused";
const WANTS = "proxy-login-missing";

test("createTransport() says that a proxy refuses the login, or wants one", async () => {
  assertEquals(
    await reasons(await serveProxy("me:pw"), "me:SECRET@"),
    [REFUSES, REFUSES],
  );
  assertEquals(await reasons(await serveProxy("me:pw"), ""), [WANTS, WANTS]);
});

test("createTransport() takes tinyproxy's 401 for its own, and no other's", async () => {
  const answer = (server: string) =>
    serve((_, response) =>
      void response.writeHead(401, {
        server,
        "www-authenticate": 'Basic realm="Tinyproxy"',
      }).end()
    );
  const tinyproxy = await answer("tinyproxy/1.11.1");
  assertEquals(await reasons(tinyproxy, "me:SECRET@", ["http"]), [REFUSES]);
  const registry = await answer("nginx");
  const transport = createTransport({
    proxy: () => `http://localhost:${registry.port}`,
  });
  try {
    const response = await transport.fetch("http://r.test/");
    await response.body?.cancel();
    assertEquals(response.status, 401);
  } finally {
    transport.close();
    await registry.close();
  }
});
