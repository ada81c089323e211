/** Starts the servers of the benchmark, each in a process of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** What a server has done since its start. */
export interface Counts {
  /** Bytes sent to clients. */
  bytes: number;
  /** Requests answered. */
  requests: number;
  /** Connections accepted, where the server can tell. */
  connections?: number;
  /** Bytes of the requests, where the server can tell. */
  received?: number;
}

/** A server that runs. */
export interface Server {
  /** `127.0.0.1:port`, or the address at the end of a link. */
  host: string;
  /** What it has done until now. */
  counts(): Promise<Counts>;
  /** What was pushed to it, where it keeps account of that. */
  uploads?(): Promise<{ digest: string; size: number }[]>;
  /** Its process, where its own cost is to be known. */
  pid?: number;
  /** Ends it. */
  stop(): Promise<void>;
}

/** A port of loopback that is free at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function stopper(child: ChildProcess): () => Promise<void> {
  const ended = new Promise<void>((resolve) =>
    child.once("exit", () => resolve())
  );
  return async () => {
    if (child.exitCode === null) child.kill("SIGTERM");
    await ended;
  };
}

/** Runs a script of this folder in the runtime that runs this one. */
export function runtimeCommand(
  script: string,
): [program: string, ...args: string[]] {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return "Deno" in globalThis
    ? [process.execPath, "run", "-A", "--no-config", path]
    : [process.execPath, path];
}

/** Starts a script that prints its port as its first line and counts at `/`. */
async function startScript(script: string, args: string[]): Promise<Server> {
  const { port, control, stop } = await startPorts(
    [...runtimeCommand(script), ...args],
  );
  return {
    host: `127.0.0.1:${port}`,
    counts: async () =>
      await (await fetch(`http://127.0.0.1:${control}/`)).json(),
    uploads: async () =>
      await (await fetch(`http://127.0.0.1:${control}/uploads`)).json(),
    stop,
  };
}

/** Starts what prints `{"port","control"}` as its first line. */
async function startPorts(
  [command = "", ...args]: string[],
): Promise<{ port: number; control: number; stop(): Promise<void> }> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  const stop = stopper(child);
  const line = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      if (text.includes("\n")) resolve(text);
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      reject(new Error(`Cannot start ${command}: exit code ${code}`));
    });
  });
  return { ...JSON.parse(line), stop };
}

/** What a slow line is like. */
export interface Line {
  /** Bytes a second of one connection, and of many together some 100 MB/s. */
  rate?: number;
  /** Milliseconds from a request to the first byte of its answer. */
  latency?: number;
  /** Bytes a second of one connection, in place of those, by the kernel. */
  pace?: number;
  /** A link to a network of its own, in place of all of them. */
  link?: Link;
}

/** What a link between two networks is like. */
export interface Link {
  /** Bytes a second. */
  rate: number;
  /** Milliseconds there and back. */
  latency: number;
  /** Of all packets, how many are lost on the way. */
  loss: number;
  /** The congestion control at the far end, such as `reno`. */
  control: string;
}

/** Starts a proxy that makes a server as slow as a line. */
export function startProxy(target: string, line: Line): Promise<Server> {
  return startScript("throttle_proxy.ts", [
    target,
    String(line.rate ?? 0),
    String(line.latency ?? 0),
  ]);
}

/**
 * Starts a proxy of the kernel's: it counts connections, and the server behind
 * it the rest.
 */
export async function startPace(
  program: string,
  server: Server,
  rate: number,
): Promise<Server> {
  const { port, control, stop } = await startPorts(
    [program, ...server.host.split(":"), String(rate)],
  );
  return {
    host: `127.0.0.1:${port}`,
    async counts() {
      const response = await fetch(`http://127.0.0.1:${control}/`);
      return { ...await server.counts(), ...await response.json() };
    },
    stop,
  };
}

/** Starts a registry of images whose layers are zeros and stored nowhere. */
export function startZeroRegistry(): Promise<Server> {
  return startScript("zero_registry.ts", []);
}

/** Starts docker-pull as a server of an archive; its log is what is counted. */
export async function startServing(
  [program = "", ...args]: string[],
  archive: string,
): Promise<Server> {
  const listen = ["serve", "--listen", "127.0.0.1:0", archive];
  const child = spawn(program, [...args, ...listen], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = stopper(child);
  const counts = { bytes: 0, requests: 0 };
  let rest = "";
  child.stderr.on("data", (chunk) => {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [, bytes] = / \d{3} (\d+) \d+ms /.exec(line) ?? [];
      if (bytes === undefined) continue;
      counts.requests++;
      counts.bytes += Number(bytes);
    }
  });
  const host = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      const [, found] = / at http:\/\/(\S+)\n/.exec(text += chunk) ?? [];
      if (found) resolve(found);
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      reject(new Error(`Cannot serve ${archive}: exit code ${code}`));
    });
  });
  return {
    host,
    counts: () => Promise.resolve({ ...counts }),
    pid: child.pid,
    stop,
  };
}

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
