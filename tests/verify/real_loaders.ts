/**
 * The programs themselves. Of some there may be a second, newer one: the
 * variables name it, else it has a name of its own on the PATH. Debian has
 * Docker 20.10, containerd 1.6 and skopeo 1.9.
 */

import { mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { LoaderName } from "../../lib/verify/report.ts";
import { missing, missingRoot } from "../e2e/servers/daemon.ts";
import {
  type DockerdOptions,
  type Engine,
  makePodman,
  NEW_CONTAINERD,
  NEW_DOCKERD,
  runTool,
  startContainerd,
  startDockerd,
} from "../e2e/servers/engines.ts";
import type { KindFile } from "./kinds.ts";

/** A program that takes images. */
export interface RealLoader {
  /** The program, for the test's name. */
  title: string;
  /** What it is called by `verify`. */
  name: LoaderName;
  /** Why it cannot be asked here. */
  skip: string | false;
  /** Whether it takes a folder. */
  folders?: boolean;
  /** Starts it. */
  start(folder: string): Promise<StartedLoader>;
}

/** One that is up. */
export interface StartedLoader {
  /** Its version, as `20.10.24`. */
  version: string;
  /** Takes a file and looks the image up; throws if it cannot do either. */
  take(path: string, file: KindFile): void;
  /** Ends it. */
  stop(): Promise<void>;
}

const { env } = process;
const NEW_CTR = env.DOCKER_PULL_CTR ?? "ctr2";
const NEW_SKOPEO = env.DOCKER_PULL_SKOPEO ?? "skopeo-new";

function versionIn(text: string): string {
  return /\d+\.\d+(\.\d+)?/.exec(text)?.[0] ?? "0";
}

function docker(
  name: "docker-classic" | "docker-containerd",
  options: DockerdOptions,
): RealLoader {
  const { program = "dockerd", containerd = "containerd" } = options;
  return {
    title: `${program}, ${options.store} store`,
    name,
    skip: missing("docker") || missingRoot(program, containerd),
    async start(folder) {
      const { run, stop } = await startDockerd(folder, options);
      return {
        version: versionIn(run("version", "--format", "{{.Server.Version}}")),
        take(path, { name: wanted, id }) {
          // By a digest alone the classic store finds nothing.
          const byId = wanted === undefined ||
            name === "docker-classic" && wanted.includes("@");
          const told = run("load", "-i", path);
          if (/error/i.test(told)) throw new Error(told);
          // The store of containerd names images by their manifests.
          const image = !byId
            ? wanted
            : name === "docker-classic"
            ? id
            : /sha256:[0-9a-f]{64}/.exec(told)![0];
          run("image", "inspect", image);
          run("create", "--network=none", image, "/bin/true");
        },
        stop,
      };
    },
  };
}

function containerd(program: string, client: string): RealLoader {
  return {
    title: program,
    name: "containerd",
    skip: missingRoot(program, client),
    async start(folder) {
      const { run, stop } = await startContainerd(folder, program, client);
      return {
        version: versionIn(run("version").split("Server")[1]!),
        take(path, { name }) {
          try {
            run("images", "import", path);
            const [, ...lines] = run("images", "check").trim().split("\n");
            const line = lines.find((line) =>
              name === undefined || line.startsWith(`${name} `)
            );
            if (!line) throw new Error("the image is not there");
            if (!line.includes(" complete ")) throw new Error(line);
          } finally {
            // One that is broken spoils the list of all.
            const names = run("images", "list", "-q").trim().split("\n");
            if (names[0]) run("images", "remove", ...names);
          }
        },
        stop,
      };
    },
  };
}

const podman: RealLoader = {
  title: "podman",
  name: "podman",
  skip: missingRoot("podman"),
  folders: true,
  start(folder) {
    const engine: Engine = makePodman(folder);
    return Promise.resolve({
      version: versionIn(engine.run("--version")),
      take(path, { id, name }) {
        engine.run("load", "-q", "-i", path);
        // A folder's image is called after the folder.
        const named = path.endsWith(".d")
          ? undefined
          // A short name is made into one of localhost.
          : name?.replace(/^docker\.io\//, "");
        engine.run("image", "inspect", named ?? id.split(":")[1]!);
      },
      stop: () => Promise.resolve(),
    });
  },
};

function skopeo(
  program: string,
  transport: "docker-archive" | "oci-archive",
): RealLoader {
  const oci = transport === "oci-archive";
  return {
    title: `${program}, ${transport}:`,
    name: oci ? "skopeo-oci" : "skopeo-docker-archive",
    skip: missing(program),
    folders: oci,
    start(folder) {
      mkdirSync(folder, { recursive: true });
      return Promise.resolve({
        version: versionIn(runTool([program, "--version"], folder)),
        take(path) {
          const to = mkdtempSync(join(folder, "copy-"));
          const from = path.endsWith(".d") ? "oci" : transport;
          runTool([
            program,
            "--insecure-policy",
            "copy",
            "-q",
            `${from}:${path}`,
            `dir:${to}`,
          ], folder);
          if (!readdirSync(to).includes("manifest.json")) throw new Error(to);
        },
        stop: () => Promise.resolve(),
      });
    },
  };
}

/** All that are known, the missing ones with the reason. */
export const REAL_LOADERS: RealLoader[] = [
  docker("docker-classic", { store: "classic" }),
  docker("docker-classic", {
    program: NEW_DOCKERD,
    containerd: NEW_CONTAINERD,
    store: "classic",
  }),
  docker("docker-containerd", {
    program: NEW_DOCKERD,
    containerd: NEW_CONTAINERD,
    store: "containerd",
  }),
  containerd("containerd", "ctr"),
  containerd(NEW_CONTAINERD, NEW_CTR),
  podman,
  ...["skopeo", NEW_SKOPEO].flatMap((program) => [
    skopeo(program, "docker-archive"),
    skopeo(program, "oci-archive"),
  ]),
];
