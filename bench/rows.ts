/** What runs side by side: a command in some state, and what it needs. */

import { join } from "node:path";
import type { Blob } from "./push.ts";
import type { Zeros } from "./zero_image.ts";

/** What a row is to fetch, and where it may write. */
export interface Job {
  /** `127.0.0.1:port` of the registry, or of the proxy before it. */
  host: string;
  /** The image's repository; its tag is `latest`. */
  repository: string;
  /** All of them, where there are several images. */
  repositories: string[];
  /** Its config and layers. */
  blobs: Blob[];
  /** A folder of its own. */
  folder: string;
  /** A folder of all rows of the case, with what was prepared. */
  shared: string;
  /** `127.0.0.1:port` of a registry to push to, or empty. */
  target: string;
  /** The address of a Docker daemon, or empty. */
  daemon: string;
}

/** Where a row stands in a plot. */
export interface Point {
  /** What grows. */
  x: number;
  /** The line that it belongs to. */
  series: string;
}

/** One line of a table. */
export interface Row {
  /** What it is called there. */
  name: string;
  /** The commands of one run, one after the other. */
  commands(job: Job): string[][];
  /** Why it cannot run here. */
  missing?: string;
  /** What of its folder is there before the run, from an earlier one. */
  keep?: string[] | "everything";
  /** What makes that; by default the commands themselves. */
  setUp?(job: Job): string[][];
  /** What is to be done before each run, unmeasured. */
  before?(job: Job): string[][];
  /** What to tidy up with before the folder is removed. */
  cleanUp?(job: Job): string[][];
  /** The archive to verify at the end. */
  archive?: string;
  /** Whether the registry has TLS, and tokens besides. */
  secure?: "tls" | "tokens";
  /** Images of other sizes than the case's. */
  zeros?: Zeros;
  /** How docker-pull is started, where it serves the image. */
  served?: string[];
  /**
   * Whether CPU and memory are those of the server; its memory is the most of
   * its whole life.
   */
  ofServer?: boolean;
  /** The registry that it pushes to: empty before each run, or never. */
  target?: "empty" | "filled";
  /** Whether it wants a Docker daemon. */
  daemon?: boolean;
  /** At most so many runs. */
  maxRuns?: number;
  /** So many bytes it writes, where that is so much that it may not fit. */
  room?: number;
  /** Where it stands in a plot. */
  point?: Point;
}

/** The programs to use, by name: a path, or a docker host. */
export type Programs = Readonly<Record<string, string>>;

/** What is called for, and why it may not be there. */
export interface Tools {
  /** The programs that there are. */
  programs: Programs;
  /** Why others are not there, where that is known. */
  missing: Readonly<Record<string, string>>;
}

/** What the row is called that does nothing but start. */
export const EMPTY_SCRIPT = "an empty script";

/** What docker-pull and its peers write in their folders. */
export const ARCHIVE = "out.tar";

/** The name of the image. */
export function reference({ host, repository }: Job): string {
  return `${host}/${repository}:latest`;
}

/** Why a row that needs programs cannot run, if so. */
export function lacking(tools: Tools, ...names: string[]): string | undefined {
  const name = names.find((name) => !tools.programs[name]);
  return name && (tools.missing[name] ?? `there is no ${name}`);
}

/** A row of other programs, which are given to its commands by name. */
export function peer(
  tools: Tools,
  needs: string[],
  row: Omit<Row, "commands"> & {
    commands(job: Job, programs: Record<string, string>): string[][];
  },
): Row {
  const { programs } = tools;
  return {
    ...row,
    missing: row.missing ?? lacking(tools, ...needs),
    commands: (job) => row.commands(job, programs),
  };
}

/** A line of the shell, of which every part must succeed. */
export function shell(bash: string | undefined, line: string): string[] {
  return [bash ?? "bash", "-c", `set -e -o pipefail; ${line}`];
}

/** Arguments as the shell wants them. */
export function quoted(args: string[]): string {
  return args.map((arg) => `'${arg.replaceAll("'", `'\\''`)}'`).join(" ");
}

/** A way to start docker-pull. */
export interface OwnCommand {
  /** What it is called in the tables. */
  label: string;
  /** The program and its first arguments. */
  command: string[];
  /** How a script that does nothing is started that way. */
  empty?: string[];
}

/** What is particular about a row of docker-pull. */
export interface OwnOptions
  extends Omit<Row, "name" | "commands" | "missing" | "archive"> {
  /** What it is called, after the label. */
  name?: string;
  /** Further arguments. */
  args?: string[];
  /** Whether a cache is used. */
  cache?: boolean;
  /** Whether the archive is verified after the last run. */
  verify?: boolean;
}

/** docker-pull that pulls, in some state. */
export function ownRow(own: OwnCommand, options: OwnOptions = {}): Row {
  const { name, args = [], cache = false, verify = true, ...rest } = options;
  return {
    ...rest,
    name: name ? `${own.label}, ${name}` : own.label,
    commands: (job) => [[
      ...own.command,
      "--quiet",
      "--output",
      join(job.folder, ARCHIVE),
      ...cacheArgs(cache, job),
      // Only a name of this machine's own is tried by plain HTTP by itself.
      ...job.host.startsWith("127.") ? [] : ["--plain-http"],
      ...args,
      ...job.repositories.map((repository) =>
        reference({ ...job, repository })
      ),
    ]],
    archive: verify ? ARCHIVE : undefined,
  };
}

/** A cache in the row's folder, or none. */
export function cacheArgs(cache: boolean, job: Job): string[] {
  return cache ? ["--cache-dir", join(job.folder, "cache")] : ["--no-cache"];
}
