/** The arguments of the benchmark. */

import { parseArgs } from "@std/cli/parse-args";
import { which } from "./measure.ts";
import type { OwnCommand, Programs } from "./rows.ts";

/** The help text. */
export const HELP =
  `Runs docker-pull beside its peers and says how they compare.

Usage: bench/main.ts [OPTIONS]

  --cases LIST        Which cases, separated by commas: loopback, one-layer,
                      skewed, small, serve, memory, huge, start (default all)
  --runs N            Runs of each row (default 5)
  --quick             Small images and one run, to see that it works
  --command LABEL=COMMAND
                      A way to start docker-pull, split at spaces; may be given
                      more than once, and the first must reach the targets
                      (default: cli.ts in the runtime that runs this)
  --program NAME=PATH Where a program is that is not on PATH: curl, crane,
                      skopeo, regctl, oras, podman, docker, docker-registry;
                      or docker_pull.py; NAME= leaves one out
  --docker-host URL   A docker daemon for docker pull and save
  --work-dir DIR      Where images and files go, kept for the next time
                      (default a temporary folder, removed at the end)
  --results DIR       Where RESULTS.md, results.json and results.svg go
                      (default bench/ for all cases at full size, else nowhere)
  --json              Print JSON and not tables
  -h, --help          Show this help
`;

/** What the benchmark is to do. */
export interface Options {
  /** Ids of cases, or all. */
  cases?: string[];
  /** Runs of each row. */
  runs: number;
  /** Whether it is only to see that it works. */
  quick: boolean;
  /** Ways to start docker-pull, or the default. */
  commands: OwnCommand[];
  /** The programs that are installed. */
  programs: Programs;
  /** Where images and files go. */
  workDir?: string;
  /** Where results go. */
  results?: string;
  /** Whether to print JSON. */
  json: boolean;
  /** Whether to print the help and do nothing. */
  help: boolean;
}

const PROGRAMS = [
  "curl",
  "crane",
  "skopeo",
  "regctl",
  "oras",
  "podman",
  "docker",
  "docker-registry",
];

function split(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new Error(`Cannot read "${text}": it is not NAME=VALUE`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Reads the arguments. */
export function readOptions(args: string[]): Options {
  const flags = parseArgs(args, {
    boolean: ["quick", "json", "help"],
    string: [
      "cases",
      "runs",
      "command",
      "program",
      "docker-host",
      "work-dir",
      "results",
    ],
    collect: ["command", "program"],
    alias: { h: "help" },
    unknown: (arg: string) => {
      throw new Error(`Cannot read "${arg}": there is no such option`);
    },
  });
  const texts = (value: unknown) => [value ?? []].flat().map(String);
  const quick = Boolean(flags.quick);
  const runs = Number(flags.runs ?? (quick ? 1 : 5));
  if (!Number.isInteger(runs) || runs < 1) {
    throw new Error(`Cannot run "${flags.runs}" times`);
  }
  const given = Object.fromEntries(texts(flags.program).map(split));
  const programs: Record<string, string> = {};
  for (const name of PROGRAMS) {
    const path = given[name] === "" ? undefined : which(given[name] ?? name);
    if (path) programs[name] = path;
  }
  if (given["docker_pull.py"]) {
    programs["docker_pull.py"] = given["docker_pull.py"];
  }
  if (flags["docker-host"]) programs["docker-host"] = flags["docker-host"];
  return {
    cases: flags.cases?.split(","),
    runs,
    quick,
    commands: texts(flags.command).map(split).map(([label, command]) => ({
      label,
      command: command.split(" "),
    })),
    programs,
    workDir: flags["work-dir"],
    results: flags.results,
    json: Boolean(flags.json),
    help: Boolean(flags.help),
  };
}
