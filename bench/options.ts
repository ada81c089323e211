/** The arguments of the benchmark. */

import { parseArgs } from "@std/cli/parse-args";
import process from "node:process";
import { which } from "./measure.ts";
import type { OwnCommand, Programs } from "./rows.ts";

/** The help text. */
export const HELP =
  `Runs docker-pull beside its peers and says how they compare.

Usage: bench/main.ts [OPTIONS]

  --cases LIST        Which cases or groups of them, separated by commas
                      (default all): see --list
  --rows LIST         Only rows whose names contain one of these texts; nothing
                      is written then unless --results says where
  --list              Show the groups, cases and rows, and what cannot run here
  --runs N            Runs of each row (default 5)
  --quick             Small images and one run, to see that it works
  --runtimes          Measure Node and Bun with dist/docker-pull.mjs and the
                      executable in dist/, too, in the cases about the program's
                      own work
  --command LABEL=COMMAND
                      A way to start docker-pull, split at spaces; may be given
                      more than once, and the first must reach the targets
                      (default: cli.ts in the runtime that runs this)
  --program NAME=PATH Where a program is that is not on PATH: curl, crane,
                      skopeo, regctl, oras, podman, docker, dockerd,
                      docker-registry, cc, bash; or docker_pull.py; NAME= leaves
                      one out. BENCH_PROGRAMS in the environment has several,
                      separated by spaces
  --docker-host URL   A docker daemon for docker pull and save
  --work-dir DIR      Where images and files go, kept for the next time
                      (default a temporary folder, removed at the end)
  --results DIR       Where RESULTS.md, results.json and the pictures go, after
                      each case; cases that were not run stay as they are
                      (default bench/ for all cases at full size, else nowhere)
  --resume            Leave out cases whose results are there already
  --json              Print JSON and not tables
  -h, --help          Show this help
`;

/** What the benchmark is to do. */
export interface Options {
  /** Ids of cases or names of groups, or all. */
  cases?: string[];
  /** Parts of rows' names, or all. */
  rows?: string[];
  /** Whether to show what there is, and do nothing. */
  list: boolean;
  /** Runs of each row. */
  runs: number;
  /** Whether it is only to see that it works. */
  quick: boolean;
  /** Whether the other runtimes and the executable are measured, too. */
  runtimes: boolean;
  /** Ways to start docker-pull, or the default. */
  commands: OwnCommand[];
  /** The programs that are installed. */
  programs: Programs;
  /** Where images and files go. */
  workDir?: string;
  /** Where results go. */
  results?: string;
  /** Whether to leave out what is there. */
  resume: boolean;
  /** Whether to print JSON. */
  json: boolean;
  /** Whether to print the help and do nothing. */
  help: boolean;
}

/** The programs of others that rows are of, and what builds those in C. */
export const PROGRAMS: readonly string[] = [
  "curl",
  "crane",
  "skopeo",
  "regctl",
  "oras",
  "podman",
  "docker",
  "dockerd",
  "docker-registry",
  "cc",
  "bash",
];

function split(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new Error(`Cannot read "${text}": it is not NAME=VALUE`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** The programs there are: as they are given, or on PATH. */
function findPrograms(given: Record<string, string>): Record<string, string> {
  const programs: Record<string, string> = {};
  for (const name of PROGRAMS) {
    const path = given[name] === "" ? undefined : which(given[name] ?? name);
    if (path) programs[name] = path;
    else if (given[name]) {
      throw new Error(`Cannot find ${name}: there is no ${given[name]}`);
    }
  }
  const unknown = Object.keys(given)
    .find((name) => ![...PROGRAMS, "docker_pull.py"].includes(name));
  if (unknown) throw new Error(`Cannot use "${unknown}": no row is of that`);
  if (given["docker_pull.py"]) {
    programs["docker_pull.py"] = given["docker_pull.py"];
  }
  return programs;
}

/** Reads the arguments. */
export function readOptions(
  args: string[],
  env: Record<string, string | undefined> = process.env,
): Options {
  const flags = parseArgs(args, {
    boolean: ["quick", "json", "help", "list", "resume", "runtimes"],
    string: [
      "cases",
      "rows",
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
  const programs = findPrograms(Object.fromEntries(
    [
      ...env.BENCH_PROGRAMS?.split(/\s+/).filter(Boolean) ?? [],
      ...texts(flags.program),
    ].map(split),
  ));
  if (flags["docker-host"]) programs["docker-host"] = flags["docker-host"];
  return {
    cases: flags.cases?.split(","),
    rows: flags.rows?.split(","),
    list: Boolean(flags.list),
    runs,
    quick,
    runtimes: Boolean(flags.runtimes),
    commands: texts(flags.command).map(split).map(([label, command]) => ({
      label,
      command: command.split(" "),
    })),
    programs,
    workDir: flags["work-dir"],
    results: flags.results,
    resume: Boolean(flags.resume),
    json: Boolean(flags.json),
    help: Boolean(flags.help),
  };
}
