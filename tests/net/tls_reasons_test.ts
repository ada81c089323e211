/** Why TLS fails, as data, by real handshakes in this runtime. */

import { assertEquals, assertRejects } from "@std/assert";
import { NetworkError } from "../../lib/image/errors.ts";
import type { PlainNetworkCode } from "../../lib/image/problems.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { HttpClient } from "../../lib/net/http.ts";
import { createNodeFetch } from "../../lib/net/node_fetch.ts";
import { Repository } from "../../lib/registry/repository.ts";
import { createTransport } from "../../lib/net/transport.ts";
import { Thread } from "../../lib/transfer/thread.ts";
import type { Fetch } from "../../lib/image/types.ts";
import { test } from "../harness.ts";
import {
  AUTHORITY,
  ELSEWHERE,
  EXPIRED,
  FUTURE,
  type KeyPair,
  SECOND_AUTHORITY,
  SELF_SIGNED,
  SERVER,
} from "./certificates.ts";
import { serve } from "./loopback.ts";

const caCerts = [AUTHORITY, SECOND_AUTHORITY];

/** What a request fails with by the runtime's own way, node's and a thread's. */
async function reasons(
  tls: Parameters<typeof serve>[1],
  trusted: string[] = caCerts,
): Promise<unknown[]> {
  const server = await serve((_, response) => void response.end("hello"), tls);
  const transport = createTransport({ caCerts: trusted });
  const node = createNodeFetch({ tls: () => ({ ca: trusted }) });
  const thread = new Thread();
  const told: unknown[] = [];
  const ways: Fetch[] = [
    transport.fetch,
    node.fetch,
    (url, init) => transport.fetch(url, { ...init, thread }),
  ];
  try {
    for (const fetch of ways) {
      const http = new HttpClient({ fetch, timeout: 10_000 });
      const ask = async () => {
        const url = `https://localhost:${server.port}/`;
        await http.read(await http.send(url), 100, "page");
      };
      let error = await assertRejects(ask, NetworkError);
      // The end of a connection may overtake the alert that says why.
      for (let i = 0; i < 5 && error.kind === "reset"; i++) {
        error = await assertRejects(ask, NetworkError);
      }
      told.push(`${error.kind} ${error.code}`);
    }
  } finally {
    transport.close();
    node.close();
    thread.close();
    await server.close();
  }
  return told;
}

const OF_TIME = new Set<PlainNetworkCode>(["expired", "not-yet-valid"]);

for (
  const [reason, keys, trusted] of [
    ["unknown-authority", SERVER, [SECOND_AUTHORITY]],
    ["self-signed", SELF_SIGNED, [AUTHORITY]],
    ["expired", EXPIRED, caCerts],
    ["not-yet-valid", FUTURE, caCerts],
    ["other-host", ELSEWHERE, caCerts],
    ["no-tls", undefined, caCerts],
  ] as [PlainNetworkCode, KeyPair | undefined, string[]][]
) {
  test(`a TLS handshake fails with the reason ${reason}`, async () => {
    const told = `tls ${reason}`;
    // Deno's node:tls names one reason for all that its verifier refuses.
    const vague = "Deno" in globalThis && OF_TIME.has(reason);
    const byNode = vague ? "tls unknown-authority" : told;
    assertEquals(await reasons(keys, trusted), [told, byNode, told]);
  });
}

for (
  const [version, reason] of [
    // OpenSSL's alert of old says no more than that the handshake has failed.
    [
      "TLSv1.2",
      "Deno" in globalThis ? "client-certificate" : "handshake-refused",
    ],
    ["TLSv1.3", "client-certificate"],
  ] as const
) {
  test(`a client certificate that is wanted over ${version} is told of as that`, async () => {
    const told = await reasons({
      ...SERVER,
      ca: AUTHORITY,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: version,
      maxVersion: version,
    });
    // On a busy machine, the end overtakes the alert again and again.
    const alerts = told.filter((each) => each !== "reset undefined");
    assertEquals(alerts, alerts.map(() => `tls ${reason}`));
  });
}

test("plain HTTP to a port that speaks TLS is told of as that", async () => {
  const server = await serve((_, response) => void response.end(""), SERVER);
  const transport = createTransport();
  const registry = `localhost:${server.port}`;
  const repository = new Repository(parseReference(`${registry}/a`), {
    fetch: transport.fetch,
    plainHttp: true,
    retries: 0,
  });
  try {
    const error = await assertRejects(
      () => repository.fetchManifest("1"),
      NetworkError,
    );
    assertEquals([error.kind, error.code], ["tls", "tls-port"]);
  } finally {
    transport.close();
    await server.close();
  }
});
