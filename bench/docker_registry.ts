/** Starts the reference registry, which counts itself what it does. */

import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import process from "node:process";
import {
  type Counts,
  freePort,
  type Link,
  type Server,
  stopper,
} from "./servers.ts";

async function registryCounts(debug: string): Promise<Counts> {
  const response = await fetch(`http://${debug}/metrics`);
  return readMetrics(await response.text());
}

/** Reads what the reference registry counts. */
export function readMetrics(text: string): Counts {
  const counts = { bytes: 0, requests: 0, received: 0 };
  for (const line of text.split("\n")) {
    const [, name, value] = /^(\w+)\S* (\S+)$/.exec(line) ?? [];
    if (name === "registry_http_response_size_bytes_sum") {
      counts.bytes += Number(value);
    } else if (name === "registry_http_request_size_bytes_sum") {
      counts.received += Number(value);
    } else if (name === "registry_http_requests_total") {
      counts.requests += Number(value);
    }
  }
  return counts;
}

/** What makes a registry a secure one. */
export interface Security {
  /** Where tokens are to be had, any of which will do; or none are wanted. */
  realm?: string;
  /** The path of a certificate. */
  certificate: string;
  /** The path of its key. */
  key: string;
}

async function isUp(host: string): Promise<boolean> {
  try {
    await openAndClose(host);
    return true;
  } catch {
    return false;
  }
}

function openAndClose(host: string): Promise<void> {
  const [hostname, port] = host.split(":");
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
  });
}

/** How the reference registry is started. */
export interface RegistryOptions {
  /** The program. */
  program: string;
  /** Where its files are. */
  folder: string;
  /** What its configuration is called, beside its files. */
  name: string;
  /** TLS and tokens. */
  security?: Security;
  /** The program that makes a link, and what that is like. */
  link?: Link & { program: string };
}

/** The network of the next link, of those that are set aside for them. */
let network = process.pid % 64;

/**
 * Starts the reference registry on files in a folder. Its own metrics count
 * the bytes, so that nothing stands between it and the clients.
 */
export async function startRegistry(options: RegistryOptions): Promise<Server> {
  const { program, folder, name, security, link } = options;
  network = (network + 1) % 64;
  const address = link ? `198.18.0.${4 * network + 2}` : "127.0.0.1";
  const host = `${address}:${await freePort()}`;
  const debug = `${address}:${await freePort()}`;
  await mkdir(folder, { recursive: true });
  const config = join(folder, `${name}.json`);
  await writeFile(
    config,
    JSON.stringify({
      version: 0.1,
      log: { level: "error", accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: folder } },
      http: {
        addr: host,
        debug: { addr: debug, prometheus: { enabled: true } },
        ...security && {
          tls: { certificate: security.certificate, key: security.key },
        },
      },
      ...security?.realm && {
        auth: { silly: { realm: security.realm, service: "bench" } },
      },
    }),
  );
  const [command = "", ...args] = [
    ...link
      ? [
        link.program,
        network,
        link.rate,
        link.latency / 2,
        Math.round(link.loss * 1e6),
        link.control,
      ].map(String)
      : [],
    program,
    "serve",
    config,
  ];
  const child = spawn(command, args, {
    stdio: "ignore",
    env: registryEnvironment(),
  });
  const stop = stopper(child);
  for (let attempt = 0; !await isUp(host); attempt++) {
    if (attempt === 100 || child.exitCode !== null) {
      await stop();
      throw new Error(`Cannot start ${program}: it does not listen`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { host, counts: () => registryCounts(debug), pid: child.pid, stop };
}

/** Variables that begin with REGISTRY_ would change its configuration. */
function registryEnvironment(): Record<string, string | undefined> {
  const env = Object.entries(process.env)
    .filter(([name]) => !name.startsWith("REGISTRY_"));
  return { ...Object.fromEntries(env), OTEL_TRACES_EXPORTER: "none" };
}
