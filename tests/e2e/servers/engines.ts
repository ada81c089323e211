/** The programs that take an archive: a Docker daemon of the tests', and Podman. */

import { spawnSync } from "node:child_process";
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { cleanEnvironment } from "../../fixtures/command.ts";
import { type Daemon, findProgram, startDaemon } from "./daemon.ts";

/** Runs a program to its end and gives what it wrote; fails when it does. */
export function runTool(
  command: [program: string, ...args: string[]],
  cwd: string,
): string {
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

/**
 * A Docker daemon of today and the containerd that it is to start, under names
 * of their own as Debian's are older. Tests that want them are skipped where
 * they are not.
 */
export const NEW_DOCKERD: string = process.env.DOCKER_PULL_DOCKERD ??
  "dockerd29";
/** As {@linkcode NEW_DOCKERD}. */
export const NEW_CONTAINERD: string = process.env.DOCKER_PULL_CONTAINERD ??
  "containerd2";

/** How to start a Docker daemon. */
export interface DockerdOptions {
  /**
   * The daemon's program.
   *
   * @default {"dockerd"}
   */
  program?: string;
  /**
   * A program in the folder of that containerd which the daemon is to start.
   *
   * @default {undefined} The one on the PATH.
   */
  containerd?: string;
  /**
   * Where it keeps images: by a graph driver, or in containerd, as Docker 29
   * does it where it is new.
   *
   * @default {"classic"}
   */
  store?: "classic" | "containerd";
}

/** Starts a Docker daemon with everything below one folder. Wants root. */
export async function startDockerd(
  folder: string,
  options: DockerdOptions = {},
): Promise<Engine> {
  const { program = "dockerd", containerd, store = "classic" } = options;
  mkdirSync(folder, { recursive: true });
  const socket = `unix://${join(folder, "docker.sock")}`;
  const run = (...args: string[]) =>
    runTool(["docker", "-H", socket, ...args], folder);
  const config = join(folder, "daemon.json");
  writeFileSync(
    config,
    JSON.stringify({
      features: { "containerd-snapshotter": store === "containerd" },
      ...(store === "classic" && { "storage-driver": "vfs" }),
    }),
  );
  const own = containerd && findProgram(containerd);
  const path = [...(own ? [dirname(realpathSync(own))] : []), process.env.PATH];
  const daemon: Daemon = await startDaemon([
    "env",
    `PATH=${path.join(delimiter)}`,
    findProgram(program) ?? program,
    `--config-file=${config}`,
    ..."--iptables=false --ip-masq=false --bridge=none".split(" "),
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

/** Starts containerd alone, with everything below one folder. Wants root. */
export async function startContainerd(
  folder: string,
  program: string,
  client: string,
): Promise<Engine> {
  mkdirSync(folder, { recursive: true });
  const socket = join(folder, "socket");
  const config = join(folder, "config.toml");
  writeFileSync(
    config,
    [
      "version = 2",
      `root = "${join(folder, "root")}"`,
      `state = "${join(folder, "state")}"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
      "[grpc]",
      `address = "${socket}"`,
      "[ttrpc]",
      `address = "${join(folder, "ttrpc")}"`,
      "",
    ].join("\n"),
  );
  const run = (...args: string[]) =>
    runTool([client, "-a", socket, "-n", "tests", ...args], folder);
  const daemon = await startDaemon([program, "-c", config], {
    logFile: join(folder, "log"),
    ready: () => run("version").includes("Server"),
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
