/** How the network is reached: proxies, certificates, and a log of requests. */

import { readFile } from "node:fs/promises";
import { StorageError } from "../lib/errors.ts";
import {
  environmentNamesProxy,
  proxyFromEnvironment,
} from "../lib/registry/proxy.ts";
import { createTransport, type Transport } from "../lib/registry/transport.ts";
import type { Fetch } from "../lib/types.ts";
import { UsageError } from "./arguments.ts";
import type { Environment } from "./environment.ts";
import type { PullCommandOptions } from "./options.ts";
import { neutralize, redactAddresses } from "./text.ts";

/** The network as the options and the environment want it. */
export async function openNetwork(
  { caCerts, insecure }: Pick<PullCommandOptions, "caCerts" | "insecure">,
  env: Environment,
): Promise<Transport> {
  const files = env.SSL_CERT_FILE ? [env.SSL_CERT_FILE, ...caCerts] : caCerts;
  return createTransport({
    caCerts: await Promise.all(files.map(readCertificates)),
    insecure,
    proxy: proxyFromEnvironment(env),
    ambientProxy: environmentNamesProxy(env),
  });
}

async function readCertificates(path: string): Promise<string> {
  let text;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code = "EIO" } = error as NodeJS.ErrnoException;
    throw new StorageError("read", path, code, { cause: error });
  }
  if (!text.includes("-----BEGIN CERTIFICATE-----")) {
    throw new UsageError(
      `Cannot use ${JSON.stringify(path)}: there is no PEM certificate in it`,
    );
  }
  return text;
}

/**
 * Tells of every request: method, address without secrets, range, status and
 * time. Headers and bodies stay untold.
 */
export function logRequests(fetch: Fetch, log: (text: string) => void): Fetch {
  return async (url, init = {}) => {
    const { method = "GET", headers } = init;
    const range = new Headers(headers).get("range");
    const what = neutralize(
      redactAddresses(`${method} ${url}${range ? ` ${range}` : ""}`),
    );
    const started = performance.now();
    const took = () => `${Math.round(performance.now() - started)} ms`;
    try {
      const response = await fetch(url, init);
      log(`${what} → ${response.status}, ${took()}`);
      return response;
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      log(`${what} → ${neutralize(redactAddresses(words))}, ${took()}`);
      throw error;
    }
  };
}
