/** A Docker daemon of the benchmark's own, which runs no containers. */

import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { runQuietly } from "./measure.ts";
import { stopper } from "./servers.ts";

/** A daemon that runs. */
export interface Daemon {
  /** Where it listens: `unix://…`. */
  address: string;
  /** Ends it and removes what it had. */
  stop(): Promise<void>;
}

/** Starts it, with all that it has in a folder. */
export async function startDaemon(
  dockerd: string,
  docker: string,
  folder: string,
): Promise<Daemon> {
  await mkdir(folder, { recursive: true });
  // A socket's path may have a hundred characters.
  const short = await mkdtemp(join(tmpdir(), "bench-"));
  const address = `unix://${join(short, "s")}`;
  const log = openSync(join(folder, "log"), "w");
  const child = spawn(dockerd, [
    "--iptables=false",
    "--ip-masq=false",
    "--bridge=none",
    "--data-root",
    join(folder, "data"),
    "--exec-root",
    join(short, "e"),
    "--pidfile",
    join(short, "p"),
    "--host",
    address,
  ], {
    stdio: ["ignore", "ignore", log],
    // Those of its containerd, where that lies beside it.
    env: {
      ...process.env,
      PATH: `${dirname(dockerd)}${delimiter}${process.env.PATH}`,
    },
  });
  closeSync(log);
  const end = stopper(child);
  const stop = async () => {
    await end();
    for (const path of [short, folder]) {
      await rm(path, { recursive: true, force: true });
    }
  };
  for (let attempt = 0;; attempt++) {
    const problem = await runQuietly(
      [docker, "--host", address, "version"],
      folder,
    ).then(() => undefined, (error: Error) => error.message);
    if (problem === undefined) return { address, stop };
    if (attempt === 100 || child.exitCode !== null) {
      await stop();
      throw new Error(`Cannot start ${dockerd}: ${problem}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
