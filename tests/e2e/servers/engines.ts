/** The programs that take an archive: a Docker daemon of the tests', and Podman. */

import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { cleanEnvironment } from "../../fixtures/command.ts";
import { type Daemon, findProgram, startDaemon } from "./daemon.ts";

/** Runs a program to its end and gives what it wrote; fails when it does. */
export function runTool(command: string[], cwd: string): string {
  const [program, ...args] = command;
  const { status, stdout, stderr, error } = spawnSync(
    findProgram(program) ?? program,
    args,
    {
      cwd,
      env: cleanEnvironment(dirname(cwd)),
      encoding: "utf8",
      maxBuffer: 1 << 26,
    },
  );
  if (status === 0) return stdout;
  throw new Error(`${command.join(" ")}: ${error ?? stderr}`);
}

/** An engine that loads archives. */
export interface Engine {
  /** Runs its command line; gives what that wrote. */
  run(...args: string[]): string;
  /** Ends it. */
  stop(): Promise<void>;
}

/** Starts a Docker daemon with everything below one folder. Wants root. */
export async function startDockerd(folder: string): Promise<Engine> {
  mkdirSync(folder, { recursive: true });
  const socket = `unix://${join(folder, "docker.sock")}`;
  const run = (...args: string[]) =>
    runTool(["docker", "-H", socket, ...args], folder);
  const daemon: Daemon = await startDaemon([
    "dockerd",
    ..."--iptables=false --ip-masq=false --bridge=none".split(" "),
    "--storage-driver=vfs",
    `--data-root=${join(folder, "data")}`,
    `--exec-root=${join(folder, "exec")}`,
    `--pidfile=${join(folder, "pid")}`,
    `--host=${socket}`,
  ], {
    logFile: join(folder, "log"),
    ready: () => run("version", "--format", "{{.Server.Version}}") !== "",
  });
  return { run, stop: daemon.stop };
}

/** Podman needs no daemon, only a folder of its own. Wants root. */
export function makePodman(folder: string): Engine {
  mkdirSync(folder, { recursive: true });
  const run = (...args: string[]) =>
    runTool([
      "podman",
      "--storage-driver=vfs",
      `--root=${join(folder, "root")}`,
      `--runroot=${join(folder, "run")}`,
      `--tmpdir=${join(folder, "tmp")}`,
      "--events-backend=none",
      "--cgroup-manager=cgroupfs",
      ...args,
    ], folder);
  return { run, stop: () => Promise.resolve() };
}
