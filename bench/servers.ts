/** Starts the servers of the benchmark, each in a process of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
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

/** What ends a process, and waits for that. */
export function stopper(child: ChildProcess): () => Promise<void> {
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
