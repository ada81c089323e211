import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DockerPullError, NetworkError } from "../../lib/image/errors.ts";
import { HttpClient } from "../../lib/net/http.ts";
import { createNodeFetch } from "../../lib/net/node_fetch.ts";
import {
  createTransport,
  type TransportOptions,
} from "../../lib/net/transport.ts";
import { Thread } from "../../lib/transfer/thread.ts";
import { test } from "../harness.ts";
import {
  AUTHORITY,
  CLIENT,
  EXPIRED,
  type KeyPair,
  SELF_SIGNED,
  SERVER,
} from "./certificates.ts";
import { type Loopback, serve, serveProxy } from "./loopback.ts";

const LOGIN = "us er:p@ss";
const USER = "us%20er:p%40ss@";

/** Runs with servers and closes them whatever happens. */
async function using(
  starting: Promise<Loopback>[],
  use: (...servers: Loopback[]) => Promise<void>,
): Promise<void> {
  const servers = await Promise.all(starting);
  try {
    await use(...servers);
  } finally {
    for (const server of servers) await server.close();
  }
}

/** Fetches from here and from a thread, which must come to the same. */
async function get(url: string, options?: TransportOptions): Promise<string> {
  const [here] = await Promise.allSettled([getFrom(undefined, url, options)]);
  const thread = new Thread();
  const [there] = await Promise.allSettled([getFrom(thread, url, options)]);
  thread.close();
  const told = ({ value, reason }: { value?: string; reason?: Error }) =>
    value ?? reason!.message.replace(/\d+(\.\d+)? s\b/, "N s");
  assertEquals(told(there), told(here));
  if (here.status === "rejected") throw here.reason;
  return here.value;
}

/** Fetches twice, so that the connection is used again, and gives the text. */
async function getFrom(
  thread: Thread | undefined,
  url: string,
  options: TransportOptions = {},
): Promise<string> {
  const transport = createTransport(options);
  const http = new HttpClient({ fetch: transport.fetch, timeout: 10_000 });
  const sending = { ...(thread && { thread }) };
  try {
    await http.read(await http.send(url, sending), 100, "page");
    const exchange = await http.send(url, sending);
    const bytes = await http.read(exchange, 100, "page");
    return `${exchange.response.status} ${new TextDecoder().decode(bytes)}`;
  } finally {
    transport.close();
  }
}

async function kindOf(
  url: string,
  options?: TransportOptions,
): Promise<string> {
  const error = await assertRejects(() => get(url, options), NetworkError);
  return error.kind;
}

const hello = () => serve((_, response) => void response.end("hello"));
const secure = (keys: KeyPair) =>
  serve((_, response) => void response.end("secret"), keys);

test("createTransport() fetches by plain HTTP", async () => {
  await using([hello()], async (server) => {
    assertEquals(await get(`http://localhost:${server!.port}/`), "200 hello");
  });
});

test("createTransport() trusts an authority for the certificates that it signed", async () => {
  await using([secure(SERVER), secure(EXPIRED)], async (good, expired) => {
    const caCerts = [AUTHORITY];
    const url = `https://localhost:${good!.port}/`;
    assertEquals(await kindOf(url), "tls");
    assertEquals(await get(url, { caCerts }), "200 secret");
    const other = `https://localhost:${expired!.port}/`;
    const error = await assertRejects(
      () => get(other, { caCerts }),
      NetworkError,
    );
    assertEquals(error.code, "expired");
  });
});

test("createTransport() trusts a self-signed certificate that it is given", async () => {
  await using([secure(SELF_SIGNED)], async (server) => {
    const url = `https://localhost:${server!.port}/`;
    assertEquals(await kindOf(url, { caCerts: [AUTHORITY] }), "tls");
    const caCerts = [SELF_SIGNED.cert];
    assertEquals(await get(url, { caCerts }), "200 secret");
    const hosts = { [`localhost:${server!.port}`]: { caCerts } };
    assertEquals(await get(url, { hosts }), "200 secret");
  });
});

test("createTransport() accepts any certificate only of the hosts that it is told", async () => {
  await using([secure(EXPIRED)], async (server) => {
    const { port } = server!;
    const url = `https://localhost:${port}/`;
    for (const insecure of [true, ["localhost"], [`localhost:${port}`]]) {
      assertEquals(await get(url, { insecure }), "200 secret");
    }
    for (const insecure of [false, ["localhost:1"], ["r.test"]]) {
      assertEquals(await kindOf(url, { insecure }), "tls");
    }
  });
});

test("createTransport() shows a client certificate to the host that it is for", async () => {
  const mutual = serve(
    (_, response) => void response.end("member"),
    { ...SERVER, ca: AUTHORITY, requestCert: true, rejectUnauthorized: true },
  );
  await using([mutual], async (server) => {
    const name = `localhost:${server!.port}`;
    const url = `https://${name}/`;
    const caCerts = [AUTHORITY];
    const login = { clientCert: CLIENT.cert, clientKey: CLIENT.key };
    assertEquals(await get(url, { caCerts, ...login }), "200 member");
    const hosts = { [name]: { caCerts, ...login } };
    assertEquals(await get(url, { hosts }), "200 member");
  });
});

for (
  const [what, options] of [
    ["a CA certificate", { caCerts: ["rubbish"] }],
    ["a host's CA certificate", { hosts: { a: { caCerts: [""] } } }],
    ["a client certificate", { clientCert: "x", clientKey: CLIENT.key }],
    ["a client key", { clientCert: CLIENT.cert, clientKey: CLIENT.cert }],
    ["a pair of certificate and key", { clientCert: CLIENT.cert }],
  ] as [string, TransportOptions][]
) {
  test(`createTransport() refuses what is not ${what}`, () => {
    assertThrows(() => createTransport(options), DockerPullError);
  });
}

test("createTransport() reaches http and https by a proxy with a login", async () => {
  await using(
    [hello(), secure(SERVER), serveProxy(LOGIN)],
    async (plain, tls, proxy) => {
      const options = {
        caCerts: [AUTHORITY],
        proxy: () => `http://${USER}localhost:${proxy!.port}`,
      };
      const [http, https] = [
        `http://localhost:${plain!.port}/`,
        `https://localhost:${tls!.port}/`,
      ];
      assertEquals(await get(http, options), "200 hello");
      assertEquals(await get(https, options), "200 secret");
      // One tunnel carries both requests.
      const once = [
        `GET ${http}`,
        `GET ${http}`,
        `CONNECT localhost:${tls!.port}`,
      ];
      assertEquals(proxy!.asked.toSorted(), [...once, ...once].toSorted());
    },
  );
});

test("createTransport() asks directly where the caller names no proxy", async () => {
  await using([hello(), serveProxy()], async (server, proxy) => {
    const url = `http://localhost:${server!.port}/`;
    for (const ambientProxy of [false, true]) {
      const options = { ambientProxy, proxy: () => undefined };
      assertEquals(await get(url, options), "200 hello");
    }
    assertEquals(proxy!.asked, []);
  });
});

test("createTransport() says what is wrong with a proxy", async () => {
  await using([secure(SERVER), serveProxy(LOGIN)], async (server, proxy) => {
    const url = `https://localhost:${server!.port}/`;
    const wrong = [
      `http://localhost:${proxy!.port}`,
      `http://me:wrong@localhost:${proxy!.port}`,
      "http://localhost:1",
      "socks5://me:SECRET@localhost:1",
      "http://me:SECRET@:::",
    ];
    for (const address of wrong) {
      for (const target of [url, url.replace("https", "http")]) {
        const error = await assertRejects(
          () => get(target, { proxy: () => address }),
          NetworkError,
        );
        assertEquals(error.kind, "proxy", address);
        assert(!/SECRET|wrong/.test(error.message), error.message);
      }
    }
  });
});

test("createTransport() reaches a port that fetch refuses to use", async () => {
  const transport = createTransport();
  const http = new HttpClient({ fetch: transport.fetch });
  const error = await assertRejects(
    () => http.send("http://localhost:1/"),
    NetworkError,
  );
  transport.close();
  assertEquals(error.kind, "refused");
});

test("every runtime's failures have the same kinds", async () => {
  const rude = serve((request, response) => {
    if (request.url === "/reset") return void request.socket.destroy();
    response.writeHead(200, { "content-length": 50 });
    response.write("abc");
    setTimeout(() => response.destroy(), 20);
  });
  await using([rude], async (server) => {
    const base = `http://localhost:${server!.port}`;
    assertEquals(await kindOf(`${base}/reset`), "reset");
    assertEquals(await kindOf(`${base}/truncated`), "truncated");
    assertEquals(await kindOf("http://nosuchhost.invalid/"), "dns");
    assertEquals(await kindOf(base.replace("http", "https")), "tls");
    await server!.close();
    assertEquals(await kindOf(base), "refused");
  });
});

test("createNodeFetch() streams, holds back, and stops when nobody reads", async () => {
  let sent = 0;
  let closed = () => {};
  const gone = new Promise<void>((resolve) => closed = resolve);
  const piece = new Uint8Array(1 << 20);
  const endless = serve((_, response) => {
    const go = () => {
      while (!response.destroyed && sent < 2_000) {
        sent++;
        if (!response.write(piece)) return void response.once("drain", go);
      }
    };
    response.on("close", closed);
    go();
  });
  await using([endless], async (server) => {
    const { fetch, close } = createNodeFetch({ tls: () => ({}) });
    const { body } = await fetch(`http://localhost:${server!.port}/`);
    const reader = body!.getReader();
    await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert(sent < 100, `${sent} MB were sent`);
    await reader.cancel();
    await gone;
    close();
  });
});

test("createNodeFetch() ends with the signal's reason, before and amid the answer", async () => {
  const slow = serve((request, response) => {
    if (request.url === "/body") response.write("abc");
  });
  await using([slow], async (server) => {
    const base = `http://localhost:${server!.port}`;
    const { fetch, close } = createNodeFetch({ tls: () => ({}) });
    const reason = new Error("stop");
    const first = new AbortController();
    const waiting = fetch(`${base}/head`, { signal: first.signal });
    first.abort(reason);
    assertEquals(await assertRejects(() => waiting), reason);
    const second = new AbortController();
    const { body } = await fetch(`${base}/body`, { signal: second.signal });
    const reader = body!.getReader();
    await reader.read();
    const reading = reader.read();
    second.abort(reason);
    assertEquals(await assertRejects(() => reading), reason);
    close();
  });
});

test("createNodeFetch() gives every value of a header, and no body where there is none", async () => {
  const server = serve((request, response) => {
    response.setHeader("www-authenticate", ["Basic realm=a", "Bearer realm=b"]);
    response.statusCode = request.url === "/304" ? 304 : 401;
    response.end();
  });
  await using([server], async (server) => {
    const base = `http://localhost:${server!.port}`;
    const { fetch, close } = createNodeFetch({ tls: () => ({}) });
    const full = await fetch(`${base}/`);
    assertEquals(
      full.headers.get("www-authenticate"),
      "Basic realm=a, Bearer realm=b",
    );
    assertEquals(await full.text(), "");
    assertEquals((await fetch(`${base}/304`)).body, null);
    assertEquals((await fetch(base, { method: "HEAD" })).body, null);
    close();
  });
});
