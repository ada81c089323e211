/** What runs side by side: the peers, and docker-pull in its several states. */

import { join } from "node:path";
import type { Blob } from "./push.ts";

/** What a row is to fetch, and where it may write. */
export interface Job {
  /** `127.0.0.1:port` of the registry, or of the proxy before it. */
  host: string;
  /** The image's repository; its tag is `latest`. */
  repository: string;
  /** Its config and layers. */
  blobs: Blob[];
  /** A folder of its own. */
  folder: string;
}

/** One line of a table. */
export interface Row {
  /** What it is called there. */
  name: string;
  /** The commands of one run, one after the other. */
  commands(job: Job): string[][];
  /** What is there before the run: nothing, an earlier run's cache, or all. */
  keep?: "cache" | "everything";
  /** What to tidy up with before the folder is removed. */
  cleanUp?(job: Job): string[][];
  /** The archive to verify at the end. */
  archive?: string;
  /** Whether it speaks to nothing but registries with TLS and tokens. */
  secure?: boolean;
  /** Images of other sizes than the case's. */
  zeros?: Zeros;
  /** How docker-pull is started, where it serves the image. */
  served?: string[];
}

/** An image of the registry of zeros. */
export interface Zeros {
  /** How many layers. */
  layers: number;
  /** Bytes of each. */
  size: number;
}

/** The programs to use, by name: a path, or a docker host. */
export type Programs = Readonly<Record<string, string>>;

/** What the row is called that does nothing but start. */
export const EMPTY_SCRIPT = "an empty script";

const ARCHIVE = "out.tar";

function reference({ host, repository }: Job): string {
  return `${host}/${repository}:latest`;
}

/**
 * The floor: every blob to a file, three at a time, with nobody looking at
 * the bytes. `--parallel-immediate` keeps it from waiting whether the first
 * connection could carry them all.
 */
function curl(program: string): Row {
  return {
    name: "curl",
    commands: ({ host, repository, blobs }) => [[
      program,
      "--silent",
      "--fail",
      "--parallel",
      "--parallel-immediate",
      "--parallel-max",
      "3",
      ...blobs.flatMap(({ digest }, index) => [
        "--output",
        `${index}.blob`,
        `http://${host}/v2/${repository}/blobs/${digest}`,
      ]),
    ]],
  };
}

/** So many clients that each fetch every blob, and look at none of it. */
export function crowdRow(program: string, clients: number): Row {
  return {
    name: `docker-registry to ${clients} clients`,
    commands: ({ host, repository, blobs }) => [[
      program,
      "--silent",
      "--fail",
      "--parallel",
      "--parallel-immediate",
      "--parallel-max",
      String(clients),
      ...blobs.flatMap(({ digest }) =>
        Array.from({ length: clients }, () => [
          "--output",
          "/dev/null",
          `http://${host}/v2/${repository}/blobs/${digest}`,
        ]).flat()
      ),
    ]],
  };
}

/** The peers that are installed, in the order of the table. */
export function peerRows(programs: Programs): Row[] {
  const { crane, skopeo, regctl, oras, podman } = programs;
  const script = programs["docker_pull.py"];
  const rows: (Row | undefined | "")[] = [
    programs.curl && curl(programs.curl),
    crane && {
      name: "crane pull",
      commands: (job) => [[
        crane,
        "pull",
        "--insecure",
        reference(job),
        ARCHIVE,
      ]],
    },
    skopeo && {
      name: "skopeo copy (layout)",
      commands: (job) => [[
        skopeo,
        "copy",
        "--quiet",
        "--src-tls-verify=false",
        `docker://${reference(job)}`,
        "oci:layout:latest",
      ]],
    },
    skopeo && {
      name: "skopeo copy (archive)",
      commands: (job) => [[
        skopeo,
        "copy",
        "--quiet",
        "--src-tls-verify=false",
        `docker://${reference(job)}`,
        `docker-archive:${ARCHIVE}:${job.repository}:latest`,
      ]],
    },
    skopeo && {
      name: "skopeo copy (OCI archive)",
      commands: (job) => [[
        skopeo,
        "--insecure-policy",
        "copy",
        "--quiet",
        "--src-tls-verify=false",
        `docker://${reference(job)}`,
        `oci-archive:${ARCHIVE}:latest`,
      ]],
    },
    regctl && {
      name: "regctl image export",
      commands: (job) => [[
        regctl,
        "--host",
        `reg=${job.host},tls=disabled`,
        "image",
        "export",
        reference(job),
        ARCHIVE,
      ]],
    },
    oras && {
      name: "oras copy (layout)",
      commands: (job) => [[
        oras,
        "copy",
        "--from-plain-http",
        reference(job),
        "--to-oci-layout",
        "layout:latest",
      ]],
    },
    podman && podmanRow(podman),
    programs["docker-host"] && dockerRow(
      programs.docker ?? "docker",
      programs["docker-host"],
    ),
    script && {
      name: "docker_pull.py",
      secure: true,
      commands: (job) => [["python3", script, reference(job)]],
    },
  ];
  return rows.filter((row) => row !== undefined && row !== "");
}

function podmanRow(program: string): Row {
  const podman = ({ folder }: Job) => [
    program,
    "--root",
    join(folder, "root"),
    "--runroot",
    join(folder, "run"),
  ];
  return {
    name: "podman pull + save",
    commands: (job) => [
      [...podman(job), "pull", "--quiet", "--tls-verify=false", reference(job)],
      [...podman(job), "save", "--quiet", "-o", ARCHIVE, reference(job)],
    ],
    cleanUp: (job) => [[...podman(job), "rmi", "--all", "--force"]],
  };
}

/** The daemon does the work, so the client's processor time tells nothing. */
function dockerRow(program: string, host: string): Row {
  const docker = [program, "--host", host];
  return {
    name: "docker pull + save",
    commands: (job) => [
      [...docker, "pull", "--quiet", reference(job)],
      [...docker, "save", "--output", ARCHIVE, reference(job)],
    ],
    cleanUp: (job) => [[...docker, "rmi", "--force", reference(job)]],
  };
}

/** A way to start docker-pull. */
export interface OwnCommand {
  /** What it is called in the tables. */
  label: string;
  /** The program and its first arguments. */
  command: string[];
}

/** What is particular about a row of docker-pull. */
export interface OwnOptions extends Pick<Row, "keep" | "zeros"> {
  /** What it is called, after the label. */
  name?: string;
  /** Further arguments. */
  args?: string[];
  /** Whether a cache is used. */
  cache?: boolean;
  /** Whether the archive is verified after the last run. */
  verify?: boolean;
}

/** docker-pull, in some state. */
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
      ...cache ? ["--cache-dir", join(job.folder, "cache")] : ["--no-cache"],
      ...args,
      reference(job),
    ]],
    archive: verify ? ARCHIVE : undefined,
  };
}
