/** How images go on: to registries, to a daemon, in another compression. */

import { join } from "node:path";
import { orasCopy, regctlImage, skopeoCopy } from "./peer_commands.ts";
import {
  ARCHIVE,
  type Job,
  type OwnCommand,
  peer,
  quoted,
  reference,
  type Row,
  shell,
  type Tools,
} from "./rows.ts";

const SAVED = "saved";

/** Where the archive lies that is pushed. */
function saved(job: Job): string {
  return join(job.shared, `${SAVED}.tar`);
}

/** What is prepared for those that push: an archive of the case's image. */
export function save({ command }: OwnCommand, job: Job): string[][] {
  const quiet = ["--quiet", "--no-cache"];
  return [[...command, ...quiet, "--output", saved(job), reference(job)]];
}

function target(job: Job, name: string): string {
  return `${job.target}/pushed/${name}:latest`;
}

/** Those that push what was saved. */
export function pushRows(tools: Tools, commands: OwnCommand[]): Row[] {
  const push = ({ command }: OwnCommand, job: Job) => [[
    ...command,
    "push",
    "--quiet",
    "--no-cache",
    saved(job),
    target(job, "own"),
  ]];
  const empty = { target: "empty" } as const;
  return [
    peer(tools, ["crane"], {
      ...empty,
      name: "crane push",
      commands: (job, { crane = "" }) => [
        [crane, "push", "--insecure", saved(job), target(job, "crane")],
      ],
    }),
    peer(tools, ["oras"], {
      ...empty,
      name: "oras copy",
      keep: [SAVED],
      setUp: (job) => [orasCopy(
        tools.programs.oras ?? "",
        ["plain-http", reference(job)],
        ["oci-layout", `${SAVED}:latest`],
      )],
      commands: (job, { oras = "" }) => [orasCopy(
        oras,
        ["oci-layout", `${SAVED}:latest`],
        ["plain-http", target(job, "oras")],
      )],
    }),
    peer(tools, ["regctl"], {
      ...empty,
      name: "regctl image import",
      commands: (job, { regctl = "" }) => [[
        ...regctlImage(regctl, "plain", job.target),
        "import",
        target(job, "regctl"),
        saved(job),
      ]],
    }),
    peer(tools, ["skopeo"], {
      ...empty,
      name: "skopeo copy",
      keep: [SAVED],
      setUp: (job) => [skopeoCopy(
        tools.programs.skopeo ?? "",
        `docker://${reference(job)}`,
        `oci:${SAVED}:latest`,
      )],
      commands: (job, { skopeo = "" }) => [skopeoCopy(
        skopeo,
        `oci:${SAVED}:latest`,
        `docker://${target(job, "skopeo")}`,
      )],
    }),
    ...commands.flatMap((own): Row[] => [
      {
        ...empty,
        name: `${own.label}, push`,
        commands: (job) => push(own, job),
      },
      {
        target: "filled",
        keep: [],
        name: `${own.label}, the same again`,
        commands: (job) => push(own, job),
      },
    ]),
  ];
}

/** Those that copy from one registry to another. */
export function copyRows(tools: Tools, commands: OwnCommand[]): Row[] {
  const empty = { target: "empty" } as const;
  return [
    peer(tools, ["crane"], {
      ...empty,
      name: "crane copy",
      commands: (job, { crane = "" }) => [
        [crane, "copy", "--insecure", reference(job), target(job, "crane")],
      ],
    }),
    peer(tools, ["oras"], {
      ...empty,
      name: "oras copy",
      commands: (job, { oras = "" }) => [orasCopy(
        oras,
        ["plain-http", reference(job)],
        ["plain-http", target(job, "oras")],
      )],
    }),
    peer(tools, ["regctl"], {
      ...empty,
      name: "regctl image copy",
      commands: (job, { regctl = "" }) => [[
        ...regctlImage(regctl, "plain", job.host, job.target),
        "copy",
        reference(job),
        target(job, "regctl"),
      ]],
    }),
    peer(tools, ["skopeo"], {
      ...empty,
      name: "skopeo copy",
      commands: (job, { skopeo = "" }) => [skopeoCopy(
        skopeo,
        `docker://${reference(job)}`,
        `docker://${target(job, "skopeo")}`,
      )],
    }),
    ...commands.map(({ label, command }): Row => ({
      ...empty,
      name: `${label}, copy`,
      commands: (job) => [[
        ...command,
        "copy",
        "--quiet",
        "--no-cache",
        `docker://${reference(job)}`,
        `docker://${target(job, "own")}`,
      ]],
    })),
  ];
}

/** Those that bring an image into Docker, by a file and without one. */
export function loadRows(tools: Tools, { label, command }: OwnCommand): Row[] {
  const { docker = "", bash } = tools.programs;
  const load = (
    job: Job,
    ...args: string[]
  ) => [docker, "--host", job.daemon, "load", "--quiet", ...args];
  const pull = (
    job: Job,
    ...args: string[]
  ) => [...command, "--quiet", "--no-cache", ...args, reference(job)];
  const row = (row: Pick<Row, "name" | "commands">, ...needs: string[]) =>
    peer(tools, ["bash", "docker", "dockerd", ...needs], {
      ...row,
      daemon: true,
      before: ({ daemon }) => [shell(
        bash,
        `${quoted([docker, "--host", daemon])} image prune --all --force`,
      )],
    });
  return [
    row({
      name: "crane pull + docker load",
      commands: (job) => [
        [
          tools.programs.crane ?? "",
          "pull",
          "--insecure",
          reference(job),
          ARCHIVE,
        ],
        load(job, "--input", ARCHIVE),
      ],
    }, "crane"),
    row({
      name: `${label}, -o x.tar + docker load`,
      commands: (job) => [
        pull(job, "--output", ARCHIVE),
        load(job, "--input", ARCHIVE),
      ],
    }),
    row({
      name: `${label}, -o - into docker load`,
      commands: (job) => [shell(
        bash,
        `${quoted(pull(job, "--output", "-"))} | ${quoted(load(job))}`,
      )],
    }),
    row({
      name: `${label}, --load`,
      commands: (job) => [pull(job, "--load-to", job.daemon)],
    }),
  ];
}

/** Those that compress layers anew, with zstd. */
export function compressRows(tools: Tools, commands: OwnCommand[]): Row[] {
  return [
    peer(tools, ["skopeo"], {
      name: "skopeo copy --dest-compress-format zstd",
      commands: (job, { skopeo = "" }) => [skopeoCopy(
        skopeo,
        `docker://${reference(job)}`,
        "oci:layout:latest",
        "--dest-compress-format",
        "zstd",
      )],
    }),
    ...commands.map(({ label, command }): Row => ({
      name: `${label}, --layers zstd`,
      commands: (job) => [[
        ...command,
        "--quiet",
        "--no-cache",
        "--layers",
        "zstd",
        "--format",
        "oci",
        "--output",
        join(job.folder, "layout"),
        reference(job),
      ]],
    })),
  ];
}
