/** Real servers as background processes that never outlive the tests. */

import { spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import process from "node:process";

/** A server that is up. */
export interface Daemon {
  /** What it has written so far. */
  log(): string;
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
}

/** How to start a server. */
export interface DaemonOptions {
  /** Where its output is kept. */
  logFile: string;
  /** Whether it answers. It may throw as long as it does not. */
  ready: () => boolean | Promise<boolean>;
}

const READY_TIMEOUT = 60_000;
const STOP_TIMEOUT = 15_000;

// The shell is the server's parent: it ends it when the tests' process is gone,
// however that ended. The runtime itself holds no handle that would leak from
// one test to the next.
const SCRIPT = `
log=$1; tests=$2; shift 2
{
  "$@" & server=$!
  echo $server >"$log.pid"
  while kill -0 $tests && kill -0 $server; do sleep 0.2; done 2>/dev/null
  kill $server 2>/dev/null
  wait
} >"$log" 2>&1 </dev/null &
`;

/** The path of a program, also where only root has it on the PATH. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  for (const folder of [...folders, "/usr/sbin", "/sbin"]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

/** Why tests that need these programs cannot run here, if so. */
export function missing(...names: string[]): string | false {
  const absent = names.filter((name) => findProgram(name) === undefined);
  return absent.length > 0 && `no ${absent.join(", ")}`;
}

/** The same for tests that need root, too. */
export function missingRoot(...names: string[]): string | false {
  return process.getuid?.() === 0 ? missing(...names) : "not root";
}

/** A port of the loopback interface that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a server and waits until it answers. */
export async function startDaemon(
  command: [program: string, ...args: string[]],
  options: DaemonOptions,
): Promise<Daemon> {
  const { logFile, ready } = options;
  const [program, ...args] = command;
  const path = findProgram(program) ?? program;
  const parent = `${process.pid}`;
  spawnSync("sh", ["-c", SCRIPT, "sh", logFile, parent, path, ...args], {
    stdio: "ignore",
  });
  const read = (name: string) => {
    try {
      return readFileSync(name, "utf8");
    } catch {
      return "";
    }
  };
  const pid = () => Number(read(`${logFile}.pid`));
  const daemon: Daemon = {
    log: () => read(logFile),
    async stop() {
      if (alive(pid())) process.kill(pid(), "SIGTERM");
      if (await until(() => !alive(pid()), STOP_TIMEOUT)) return;
      process.kill(pid(), "SIGKILL");
    },
  };
  const up = await until(async () => {
    if (pid() > 0 && !alive(pid())) {
      throw new Error(`${program} has ended:\n${daemon.log()}`);
    }
    try {
      return await ready();
    } catch {
      return false;
    }
  }, READY_TIMEOUT);
  if (up) return daemon;
  await daemon.stop();
  throw new Error(`${program} does not answer:\n${daemon.log()}`);
}

/** Asks again until it is so, or the time is up. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeout: number,
): Promise<boolean> {
  const end = Date.now() + timeout;
  while (!(await condition())) {
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

function alive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
