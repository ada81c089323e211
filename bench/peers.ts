/** How others pull the same image. */

import { join } from "node:path";
import {
  orasCopy,
  regctlImage,
  skopeoCopy,
  type Way,
} from "./peer_commands.ts";
import { ARCHIVE, type Job, peer, reference, type Row } from "./rows.ts";
import type { Tools } from "./rows.ts";

/** What curl is to fetch the blobs with. */
interface CurlOptions {
  /** What the row is called. */
  name?: string;
  /** Transfers at a time. */
  connections: number;
  /** So many bytes a request, or each blob whole. */
  piece?: number;
}

/**
 * The floor: every blob to a file, so many at a time, with nobody looking at
 * the bytes. `--parallel-immediate` keeps it from waiting whether the first
 * connection could carry them all.
 */
export function curlRow(tools: Tools, options: CurlOptions): Row {
  const { name = "curl", connections, piece = Infinity } = options;
  return peer(tools, ["curl"], {
    name,
    commands: ({ host, repository, blobs }, { curl = "" }) => {
      const parts = blobs.flatMap(({ digest, size }, index) =>
        pieces(size, piece).map((range, part) => [
          ...range ? ["--range", range] : [],
          "--output",
          `${index}-${part}.blob`,
          `http://${host}/v2/${repository}/blobs/${digest}`,
        ])
      );
      return [[
        curl,
        "--parallel",
        "--parallel-immediate",
        "--parallel-max",
        String(connections),
        ...parts.flatMap((part, index) => [
          ...index ? ["--next"] : [],
          "--silent",
          "--fail",
          ...part,
        ]),
      ]];
    },
  });
}

/** The ranges of pieces of at most so many bytes; `undefined` for all of it. */
export function pieces(size: number, piece: number): (string | undefined)[] {
  if (size <= piece) return [undefined];
  const count = Math.ceil(size / piece);
  return Array.from({ length: count }, (_, index) => {
    const end = Math.min(size, (index + 1) * piece);
    return `${index * piece}-${end - 1}`;
  });
}

/** What it costs in C: three threads, SHA-256, and so many files. */
export function floorRow(tools: Tools, files: 1 | 2): Row {
  return peer(tools, ["floor"], {
    name: files === 1 ? "C floor" : "C floor, two files",
    commands: ({ host, repository, blobs }, { floor = "" }) => [[
      floor,
      ...host.split(":"),
      repository,
      "3",
      String(files),
      ...blobs.map(({ digest, size }) => `${digest}=${size}`),
    ]],
  });
}

/**
 * So many clients that each fetch every blob, or those of so many bytes at
 * most, and look at none of it.
 */
export function crowdRow(
  tools: Tools,
  clients: number,
  row: Pick<Row, "name" | "served">,
  most = Infinity,
): Row {
  return peer(tools, ["curl"], {
    ...row,
    ofServer: true,
    commands: ({ host, repository, blobs }, { curl = "" }) => [[
      curl,
      "--silent",
      "--fail",
      "--parallel",
      "--parallel-immediate",
      "--parallel-max",
      String(clients),
      ...blobs.filter(({ size }) => size <= most).flatMap(({ digest }) =>
        Array.from({ length: clients }, () => [
          "--output",
          "/dev/null",
          `http://${host}/v2/${repository}/blobs/${digest}`,
        ]).flat()
      ),
    ]],
  });
}

/** Those that bring an image as fast as they can, in the order of the table. */
export function rivalRows(tools: Tools, way: Way = "plain"): Row[] {
  const rest = way === "tls" ? { secure: way } as const : {};
  return [
    peer(tools, ["crane"], {
      ...rest,
      name: "crane pull",
      commands: (job, { crane = "" }) => [
        [crane, "pull", "--insecure", reference(job), ARCHIVE],
      ],
    }),
    peer(tools, ["oras"], {
      ...rest,
      name: "oras copy (layout)",
      commands: (job, { oras = "" }) => [orasCopy(
        oras,
        [way === "tls" ? "insecure" : "plain-http", reference(job)],
        ["oci-layout", "layout:latest"],
      )],
    }),
    peer(tools, ["regctl"], {
      ...rest,
      name: "regctl image export",
      commands: (job, { regctl = "" }) => [[
        ...regctlImage(regctl, way, job.host),
        "export",
        reference(job),
        ARCHIVE,
      ]],
    }),
    { ...skopeoRow(tools, "layout", () => "oci:layout:latest"), ...rest },
  ];
}

function skopeoRow(
  tools: Tools,
  what: string,
  to: (job: Job) => string,
): Row {
  return peer(tools, ["skopeo"], {
    name: `skopeo copy (${what})`,
    commands: (job, { skopeo = "" }) => [
      skopeoCopy(skopeo, `docker://${reference(job)}`, to(job)),
    ],
  });
}

/** The others: they unpack, or are there only where they are asked for. */
export function otherRows(tools: Tools): Row[] {
  const { programs } = tools;
  const host = programs["docker-host"];
  return [
    skopeoRow(
      tools,
      "archive",
      (job) => `docker-archive:${ARCHIVE}:${job.repository}:latest`,
    ),
    skopeoRow(tools, "OCI archive", () => `oci-archive:${ARCHIVE}:latest`),
    podmanRow(tools),
    ...host ? [dockerRow(tools, host)] : [],
    ...programs["docker_pull.py"]
      ? [peer(tools, ["docker_pull.py"], {
        name: "docker_pull.py",
        secure: "tokens",
        commands: (job, programs) => [
          ["python3", programs["docker_pull.py"] ?? "", reference(job)],
        ],
      })]
      : [],
  ];
}

function podmanRow(tools: Tools): Row {
  const podman = ({ folder }: Job) => [
    tools.programs.podman ?? "",
    "--root",
    join(folder, "root"),
    "--runroot",
    join(folder, "run"),
  ];
  return peer(tools, ["podman"], {
    name: "podman pull + save",
    maxRuns: 2,
    commands: (job) => [
      [...podman(job), "pull", "--quiet", "--tls-verify=false", reference(job)],
      [...podman(job), "save", "--quiet", "-o", ARCHIVE, reference(job)],
    ],
    cleanUp: (job) => [[...podman(job), "rmi", "--all", "--force"]],
  });
}

/** The daemon does the work, so the client's processor time tells nothing. */
function dockerRow(tools: Tools, host: string): Row {
  const docker = [tools.programs.docker ?? "", "--host", host];
  return peer(tools, ["docker"], {
    name: "docker pull + save",
    commands: (job) => [
      [...docker, "pull", "--quiet", reference(job)],
      [...docker, "save", "--output", ARCHIVE, reference(job)],
    ],
    cleanUp: (job) => [[...docker, "rmi", "--force", reference(job)]],
  });
}
