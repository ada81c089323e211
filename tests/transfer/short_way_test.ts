/** The short way against `fetch`: the same bytes, heads and errors. */

import { assert, assertEquals } from "@std/assert";
import { once } from "node:events";
import { createSecureServer } from "node:http2";
import { type Connection, RawServer } from "../faults/raw_server.ts";
import { test } from "../harness.ts";
import { AUTHORITY, CLIENT, SERVER } from "../net/certificates.ts";
import { serve } from "../net/loopback.ts";
import {
  createTransport,
  type TransportOptions,
} from "../../lib/net/transport.ts";
import { Thread } from "../../lib/transfer/thread.ts";
import { ask, type Outcome } from "./both_ways.ts";

const OK = "HTTP/1.1 200 OK\r\n";
const chunk = (text: string, extension = "") =>
  `${text.length.toString(16)}${extension}\r\n${text}\r\n`;
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

/** What is sent before the connection is closed. */
interface Case {
  /** All that is sent. */
  text: string;
  /** How many requests reach the server by the short way; 2 are one by fetch. */
  asked?: number;
  /** Where `fetch` of some runtime takes what the short way does not. */
  strict?: boolean;
}

const CASES: Record<string, Case> = {
  "a length": { text: `${OK}Content-Length: 5\r\n\r\nhello` },
  "no bytes": { text: `${OK}Content-Length: 0\r\n\r\n` },
  "the end of the connection": { text: `${OK}\r\nhello` },
  "HTTP/1.0": { text: "HTTP/1.0 200 OK\r\n\r\nhello" },
  "an error": { text: "HTTP/1.1 503 Away\r\nContent-Length: 4\r\n\r\ngone" },
  "no content": { text: "HTTP/1.1 204 None\r\n\r\n" },
  "a redirect": {
    text: "HTTP/1.1 307 There\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
  },
  "doubled headers": {
    text: `${OK}X-A: 1\r\nX-A: 2\r\nContent-Length: 5\r\n\r\nhello`,
  },
  "odd values": {
    text: `${OK}X-A:\t 1 : 2 \t\r\nContent-Length: 5\r\n\r\nhello`,
  },
  "chunks": { text: `${CHUNKED}${chunk("hello")}${chunk(" you")}0\r\n\r\n` },
  "chunks with extensions and trailers": {
    text: `${CHUNKED}${chunk("hello", ";a=b")}0\r\nX-T: 1\r\n\r\n`,
  },
  "interim responses": {
    text: "HTTP/1.1 100 Continue\r\n\r\n" +
      "HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\n" +
      `${OK}Content-Length: 5\r\n\r\nhello`,
  },
  "a length that is too great": { text: `${OK}Content-Length: 9\r\n\r\nhello` },
  "chunks that break off": { text: `${CHUNKED}${chunk("hello")}5\r\nhe` },
  "chunks without an end": { text: `${CHUNKED}${chunk("hello")}` },
  "chunks that make no sense": { text: `${CHUNKED}${chunk("hello")}x\r\n\r\n` },
  "a chunk that is too long": {
    text: `${CHUNKED}3\r\nhello\r\n0\r\n\r\n`,
  },
  "more than the length": {
    text: `${OK}Content-Length: 5\r\n\r\nhello, and more`,
  },
  "nothing": { text: "" },
  "half a head": { text: `${OK}Content-Len` },
  "no HTTP": { text: "SSH-2.0-OpenSSH_9.6\r\n", asked: 2 },
  "a lone LF in the head": {
    text: "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    asked: 2,
  },
  "a folded header": {
    text: `${OK}X-A: a\r\n b\r\nContent-Length: 5\r\n\r\nhello`,
    asked: 2,
  },
  "a NUL in the head": {
    text: `${OK}X-A: a\0b\r\nContent-Length: 5\r\n\r\nhello`,
    asked: 2,
  },
  "two lengths": {
    text: `${OK}Content-Length: 5\r\nContent-Length: 7\r\n\r\nhello`,
    asked: 2,
  },
  "the length twice": {
    text: `${OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`,
    asked: 2,
  },
  "a length and chunks": {
    text: `${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n${
      chunk("hello")
    }0\r\n\r\n`,
    asked: 2,
  },
  "another coding": {
    text: `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    asked: 2,
  },
  "a head of a megabyte": {
    text: `${OK}X-A: ${"a".repeat(1_000_000)}\r\n\r\n`,
    asked: 2,
  },
  "another protocol's upgrade": {
    text: "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    asked: 2,
  },
  "chunks with lone LFs": {
    text: `${CHUNKED}5\nhello\n0\n\n`,
    strict: true,
  },
};

/** A server of texts, in pieces of a size. */
async function onServer(
  body: (
    play: (text: string, size?: number) => Promise<[Outcome, Outcome, number]>,
  ) => Promise<void>,
): Promise<void> {
  let text = "";
  let size: number | undefined;
  let asked = 0;
  const server = await RawServer.start(async (_, connection) => {
    asked++;
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
    const step = size ?? Math.max(1, bytes.length);
    for (let at = 0; at < bytes.length; at += step) {
      await connection.write(bytes.slice(at, at + step));
      if (size) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    connection.end();
    return false;
  });
  const thread = new Thread();
  try {
    await body(async (given, piece) => {
      text = given;
      size = piece;
      const url = `http://${server.host}/`;
      const plain = await ask(url);
      asked = 0;
      const short = await ask(url, thread);
      return [plain, short, asked];
    });
  } finally {
    thread.close();
    await server.close();
  }
}

const words = ({ bytes }: Outcome) => new TextDecoder().decode(bytes);

test("both ways tell the same of what a server sends", () =>
  onServer(async (play) => {
    for (const [what, { text, asked = 1, strict }] of Object.entries(CASES)) {
      const [plain, short, count] = await play(text);
      const told = `${what}: ${JSON.stringify([plain, short])}`;
      if (strict) {
        assertEquals(short.error, "truncated", told);
        continue;
      }
      assertEquals(count, asked, told);
      assertEquals(short.status, plain.status, told);
      assertEquals(short.headers, plain.headers, told);
      assertEquals(short.error, plain.error, told);
      if (!plain.error) assertEquals(words(short), words(plain), told);
    }
  }));

test("both ways tell the same of what comes byte by byte", () =>
  onServer(async (play) => {
    for (const [what, { text, strict }] of Object.entries(CASES)) {
      if (text.length > 500 || strict) continue;
      const size = text.length > 120 ? 3 : 1;
      const [plain, short] = await play(text, size);
      const told = `${what}: ${JSON.stringify([plain, short])}`;
      assertEquals(short.status, plain.status, told);
      assertEquals(short.error, plain.error, told);
      if (!plain.error) assertEquals(words(short), words(plain), told);
    }
  }));

/** Answers requests on one connection after the other, as the script says. */
async function onScript(
  answer: (count: number, connection: Connection) => Promise<boolean>,
  body: (url: string, thread: Thread, asked: () => number) => Promise<void>,
): Promise<void> {
  let asked = 0;
  const server = await RawServer.start((_, connection) =>
    answer(++asked, connection)
  );
  const thread = new Thread();
  try {
    await body(`http://${server.host}/`, thread, () => asked);
  } finally {
    thread.close();
    await server.close();
  }
}

const send = (connection: Connection, text: string) =>
  connection.write(new TextEncoder().encode(text));

test("a connection takes one request after the other", () => {
  const connections = new Set<Connection>();
  return onScript(async (count, connection) => {
    connections.add(connection);
    const text = `answer ${count}`;
    await send(
      connection,
      count % 2
        ? `${OK}Content-Length: ${text.length}\r\n\r\n${text}`
        : `${CHUNKED}${chunk(text)}0\r\n\r\n`,
    );
    return true;
  }, async (url, thread) => {
    for (let count = 1; count <= 6; count++) {
      const outcome = await ask(url, thread);
      assertEquals([outcome.error, words(outcome)], [
        undefined,
        `answer ${count}`,
      ]);
    }
    assertEquals(connections.size, 1);
  });
});

test("a request goes out anew where the connection had been closed", () =>
  onScript(async (count, connection) => {
    // The second one sees the connection close in place of an answer.
    if (count !== 2) await send(connection, `${OK}Content-Length: 2\r\n\r\nhi`);
    else connection.reset();
    return count !== 2;
  }, async (url, thread, asked) => {
    assertEquals(words(await ask(url, thread)), "hi");
    assertEquals(words(await ask(url, thread)), "hi");
    assertEquals(asked(), 3);
  }));

test("a server that closes an idle connection is asked over another", () => {
  const connections = new Set<Connection>();
  return onScript(async (_, connection) => {
    connections.add(connection);
    await send(connection, `${OK}Content-Length: 2\r\n\r\nhi`);
    setTimeout(() => connection.end(), 10);
    return true;
  }, async (url, thread, asked) => {
    for (let i = 1; i <= 3; i++) {
      assertEquals(words(await ask(url, thread)), "hi");
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    assertEquals([connections.size, asked()], [3, 3]);
  });
});

test("what nobody has asked for is no answer to the next request", () => {
  const connections = new Set<Connection>();
  const forged = `${OK}Content-Length: 4\r\n\r\nevil`;
  return onScript(async (count, connection) => {
    connections.add(connection);
    const right = `${OK}Content-Length: 5\r\n\r\ngood${count}`;
    if (count === 1) await send(connection, right + forged);
    else await send(connection, right);
    // Or a moment later, on a connection that waits for a request.
    if (count === 2) setTimeout(() => send(connection, forged), 10);
    return true;
  }, async (url, thread) => {
    for (let count = 1; count <= 3; count++) {
      assertEquals(words(await ask(url, thread)), `good${count}`);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    assertEquals(connections.size, 3);
  });
});

test("a body that is let go of takes no other with it", () =>
  onScript(async (count, connection) => {
    if (count === 1) {
      await send(connection, `${OK}Content-Length: 9\r\n\r\nhi`);
      return false;
    }
    await send(connection, `${OK}Content-Length: 5\r\n\r\ngood${count}`);
    return true;
  }, async (url, thread) => {
    const transport = createTransport({ proxy: () => undefined });
    const first = await transport.fetch(url, { thread });
    await first.body!.cancel();
    const second = await transport.fetch(url, { thread });
    const source = thread.bodyOf(second.body!)!;
    assertEquals((await source.read(undefined, 99))?.length, 5);
    assertEquals(await source.read(undefined, 99), undefined);
    // The end of the second one is told while the third one is on its way.
    const third = transport.fetch(url, { thread });
    source.cancel();
    assertEquals(await (await third).text(), "good3");
    transport.close();
  }));

test("both ways tell the same of what makes no sense", () =>
  onServer(async (play) => {
    const seeds = Object.values(CASES).filter(({ text }) => text.length < 500);
    let state = 7;
    const random = (below: number) => {
      state = (state * 1103515245 + 12345) % 2 ** 31;
      return Math.floor(state / 65536) % below;
    };
    const parts = ["\r\n", "\n", "\r", "\0", " ", ":", "0", "5", ",", ";"];
    for (let i = 0; i < 150; i++) {
      let { text } = seeds[random(seeds.length)]!;
      for (let changes = 1 + random(2); changes > 0; changes--) {
        const at = random(text.length + 1);
        const cut = random(3);
        const part = random(2) ? parts[random(parts.length)]! : "";
        text = text.slice(0, at) + part + text.slice(at + cut);
      }
      const [plain, short, asked] = await play(text);
      const told = JSON.stringify([text, asked, plain, short]);
      // Where it is asked anew, that is by the same way as the other.
      if (asked === 2) assertEquals(short, plain, told);
      else if (!short.error && !plain.error) {
        assertEquals(short.status, plain.status, told);
        assertEquals(words(short), words(plain), told);
      } else if (short.error) {
        // Of a body that breaks off, one has kept a little more; fetch also
        // puts up with some that end too early here.
        const [a, b] = [words(plain), words(short)];
        assert(a.startsWith(b) || b.startsWith(a), told);
        assert(
          ["reset", "truncated"].includes(short.error.split(" ")[0]!),
          told,
        );
      } else assert(false, told);
    }
  }));

const big = new Uint8Array(3_000_000).map((_, i) => i * 7 + (i >> 8));

test("both ways trust the same servers", async () => {
  const servers = [
    await serve((_, response) => void response.end(big), SERVER),
    await serve((_, response) => void response.end(big), {
      ...SERVER,
      ca: AUTHORITY,
      requestCert: true,
      rejectUnauthorized: true,
    }),
  ];
  const thread = new Thread();
  const login = { clientCert: CLIENT.cert, clientKey: CLIENT.key };
  const ways: [server: number, options: TransportOptions, fine: boolean][] = [
    [0, { caCerts: [AUTHORITY] }, true],
    [0, { insecure: true }, true],
    [0, {}, false],
    [1, { caCerts: [AUTHORITY], ...login }, true],
    [1, { caCerts: [AUTHORITY] }, false],
  ];
  try {
    for (const [server, options, fine] of ways) {
      const { port, asked } = servers[server]!;
      const url = `https://localhost:${port}/`;
      const plain = await ask(url, undefined, {}, options);
      asked.length = 0;
      const short = await ask(url, thread, {}, options);
      const told = JSON.stringify([options, plain.error, short.error]);
      assertEquals(short.error, plain.error, told);
      assertEquals(short.bytes, plain.bytes);
      assertEquals(short.error === undefined, fine, told);
      assertEquals(asked.length, fine ? 1 : 0);
    }
  } finally {
    thread.close();
    for (const server of servers) await server.close();
  }
});

test("a server that speaks another protocol behind TLS is left to fetch", async () => {
  const asked: string[] = [];
  const server = createSecureServer(SERVER, (request, response) => {
    asked.push(request.url);
    response.end("over HTTP/2");
  });
  server.on("sessionError", () => {});
  server.listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const thread = new Thread();
  const options = { caCerts: [AUTHORITY] };
  try {
    const url = `https://localhost:${port}/`;
    const plain = await ask(url, undefined, {}, options);
    const short = await ask(url, thread, {}, options);
    assertEquals(short.error, plain.error);
    assertEquals(words(short), words(plain));
  } finally {
    thread.close();
    server.close();
  }
});
