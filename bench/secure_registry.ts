/**
 * The same images over TLS, and behind tokens for a peer that speaks nothing
 * else: docker_pull.py. It looks at neither the certificate nor the token.
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { runQuietly, which } from "./measure.ts";
import { startRegistry } from "./docker_registry.ts";
import type { Server } from "./servers.ts";

/** Makes a certificate of no authority for this machine. */
async function makeCertificate(
  folder: string,
): Promise<{ certificate: string; key: string }> {
  const openssl = which("openssl");
  if (!openssl) {
    throw new Error("Cannot make a certificate: there is no openssl");
  }
  const certificate = join(folder, "certificate.pem");
  const key = join(folder, "key.pem");
  await runQuietly([
    openssl,
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=127.0.0.1",
    "-addext",
    "subjectAltName=IP:127.0.0.1",
    "-out",
    certificate,
    "-keyout",
    key,
  ], folder);
  return { certificate, key };
}

/** Starts it on the folder of a registry, whose images it shows. */
export async function startTlsRegistry(
  program: string,
  folder: string,
): Promise<Server> {
  const security = await makeCertificate(folder);
  return await startRegistry({ program, folder, name: "tls", security });
}

/** The same, and with tokens. */
export async function startTokenRegistry(
  program: string,
  folder: string,
): Promise<Server> {
  const certificates = await makeCertificate(folder);
  const tokens = createServer((_request, response) => {
    response.end(JSON.stringify({ token: "any" }));
  });
  await new Promise<void>((resolve) =>
    tokens.listen(0, "127.0.0.1", () => resolve())
  );
  const { port } = tokens.address() as AddressInfo;
  const realm = `http://127.0.0.1:${port}/token`;
  const stopTokens = () =>
    new Promise<void>((resolve) => tokens.close(() => resolve()));
  try {
    const security = { ...certificates, realm };
    const server = await startRegistry(
      { program, folder, name: "tokens", security },
    );
    return {
      ...server,
      async stop() {
        await server.stop();
        await stopTokens();
      },
    };
  } catch (error) {
    await stopTokens();
    throw error;
  }
}
