/** Programs that take images, and what they say of what they have taken. */

import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as zlib from "node:zlib";
import { compressionOf } from "../../lib/compression/compression.ts";
import { missing, missingRoot } from "../e2e/servers/daemon.ts";
import {
  type DockerdOptions,
  makePodman,
  NEW_CONTAINERD,
  NEW_DOCKERD,
  runTool,
  startContainerd,
  startDockerd,
} from "../e2e/servers/engines.ts";
import type { Column, MatrixFile } from "./kinds.ts";

/** A program that takes images. */
export interface MatrixLoader {
  /** The program and its version, as the table has it. */
  title: string;
  /** Why it cannot be asked here. */
  skip: string | false;
  /** The forms that it is meant for. */
  takes: (column: Column) => boolean;
  start(folder: string): Promise<{
    /**
     * Takes a file, and holds what came against what should be there: name, ID,
     * platform, root file system.
     */
    take(file: MatrixFile): void;
    stop(): Promise<void>;
  }>;
}

const isFile = ({ format }: Column) => format !== "oci";
const HOST = "linux/amd64";

function docker(title: string, options: DockerdOptions): MatrixLoader {
  const { program = "dockerd", containerd = "containerd" } = options;
  return {
    title,
    skip: missing("docker") || missingRoot(program, containerd),
    takes: isFile,
    async start(folder) {
      const { run, stop } = await startDockerd(folder, options);
      return {
        take({ path, names, id, diffIds }) {
          const told = run("load", "-i", path);
          if (/error/i.test(told)) throw new Error(told);
          const found = names.length
            ? names
            : [/sha256:[0-9a-f]{64}/.exec(told)![0]];
          try {
            for (const name of found) {
              const [image] = JSON.parse(run("image", "inspect", name));
              assertEquals(image.RootFS.Layers ?? [], diffIds, name);
              assertEquals(`${image.Os}/${image.Architecture}`, HOST);
              // The store of containerd calls images by their manifests.
              if (options.store !== "containerd") assertEquals(image.Id, id);
            }
          } finally {
            run("image", "rm", "-f", ...found);
          }
        },
        stop,
      };
    },
  };
}

function containerd(
  title: string,
  program: string,
  client: string,
): MatrixLoader {
  return {
    title,
    skip: missingRoot(program, client),
    takes: isFile,
    async start(folder) {
      const { run, stop } = await startContainerd(folder, program, client);
      const json = (digest: string) =>
        JSON.parse(run("content", "get", digest));
      return {
        take({ path, names, id, diffIds }) {
          const base = ["--base-name", "docker.io/x/y", "--digests"];
          try {
            run("images", "import", ...(names.length ? [] : base), path);
            const lines = run("images", "list").trim().split("\n").slice(1);
            const listed = lines.map((line) => line.split(/\s+/));
            const wanted = names.length
              ? names
              : listed.slice(0, 1).map(([name]) => name!);
            assertEquals(wanted.length > 0, true, "nothing is there");
            for (const name of wanted) {
              const line = listed.find(([each]) => each === name);
              assertEquals(line?.[0], name);
              let document = json(line![2]!);
              if (document.manifests) {
                const child = document.manifests.find((
                  { platform }: { platform?: { architecture: string } },
                ) => platform?.architecture === "amd64");
                document = json(child.digest);
              }
              assertEquals(document.config.digest, id);
            }
            const chain = diffIds.reduce(
              (chain, diffId) =>
                chain === "" ? diffId : sha256(`${chain} ${diffId}`),
              "",
            );
            assertEquals(run("snapshots", "list").includes(chain), true);
          } finally {
            const names = run("images", "list", "-q").trim().split("\n");
            if (names[0]) run("images", "remove", "--sync", ...names);
          }
        },
        stop,
      };
    },
  };
}

const podman: MatrixLoader = {
  title: "Podman 4.3",
  skip: missingRoot("podman"),
  takes: () => true,
  start(folder) {
    const { run } = makePodman(folder);
    return Promise.resolve({
      take({ path, names, id, diffIds }) {
        const told = run("load", "-q", "-i", path);
        try {
          // A folder's image is called after the folder.
          const found = names.length && !path.endsWith("/") && isTar(path)
            ? names
            : [id.slice(7)];
          for (const name of found) {
            const [image] = JSON.parse(run("image", "inspect", name));
            assertEquals([`sha256:${image.Id}`, told !== ""], [id, true]);
            assertEquals(image.RootFS.Layers ?? [], diffIds);
            assertEquals(`${image.Os}/${image.Architecture}`, HOST);
          }
        } finally {
          run("rmi", "-f", "-a");
        }
      },
      stop: () => Promise.resolve(),
    });
  },
};

const isTar = (path: string) => !/-oci-(?:as-is|plain|gzip|zstd)$/.test(path);

function skopeo(
  version: string,
  program: string,
  transport: "docker-archive" | "oci-archive" | "oci",
): MatrixLoader {
  return {
    title: `skopeo ${version} ${transport}:`,
    skip: missing(program),
    takes: ({ format }) => (transport === "oci") === (format === "oci"),
    start(folder) {
      mkdirSync(folder, { recursive: true });
      return Promise.resolve({
        take({ path, names, id, diffIds }) {
          const to = mkdtempSync(join(folder, "copy-"));
          // One of several is chosen by its name: the full one in a layout.
          const chosen = names.length < 2
            ? ""
            : transport === "docker-archive"
            ? `:${names[0]}`
            : transport === "oci"
            ? `:${names[0]}`
            : `:${names[0]!.split(":").at(-1)}`;
          const from = `${transport}:${path}${chosen}`;
          const all = [program, "--insecure-policy", "copy", "-q", from];
          try {
            runTool([all[0]!, ...all.slice(1), `dir:${to}`], folder);
            assertEquals(inDirectory(to), { id, diffIds });
          } finally {
            rmSync(to, { recursive: true, force: true });
          }
        },
        stop: () => Promise.resolve(),
      });
    },
  };
}

/** The image that skopeo has copied to a `dir:`. */
function inDirectory(folder: string) {
  const manifest = JSON.parse(
    readFileSync(join(folder, "manifest.json"), "utf8"),
  );
  return {
    id: manifest.config.digest,
    diffIds: contentsOf(manifest.layers, folder),
  };
}

/** The digests of layers as they are expanded, which lie in a folder. */
function contentsOf(layers: { digest: string }[], folder: string): string[] {
  return layers.map(({ digest }) => {
    if (!digest) throw new Error("a layer is lost");
    const bytes = readFileSync(join(folder, digest.split(":")[1]!));
    const kind = compressionOf(bytes);
    return sha256(
      kind === "gzip"
        ? zlib.gunzipSync(bytes)
        : kind === "zstd"
        ? zlib.zstdDecompressSync(bytes)
        : bytes,
    );
  });
}

const crane: MatrixLoader = {
  title: "crane 0.21",
  skip: missing("crane"),
  takes: isFile,
  start(folder) {
    mkdirSync(folder, { recursive: true });
    return Promise.resolve({
      take({ path }) {
        // It expands all layers, and holds them against the configuration.
        runTool(["crane", "validate", "--tarball", path], folder);
      },
      stop: () => Promise.resolve(),
    });
  },
};

const regctl: MatrixLoader = {
  title: "regctl 0.11",
  skip: missing("regctl"),
  takes: isFile,
  start(folder) {
    mkdirSync(folder, { recursive: true });
    return Promise.resolve({
      take({ path, names, id, diffIds }) {
        const layout = mkdtempSync(join(folder, "import-"));
        const to = `ocidir://${layout}:it`;
        const [name = ""] = names;
        // In a layout by its tag, in an archive of Docker in full.
        const tag = path.includes("docker-legacy")
          ? name
          : name.split(":").at(-1)!;
        const chosen = names.length > 1 ? ["--name", tag] : [];
        runTool(["regctl", "image", "import", ...chosen, to, path], folder);
        const config = runTool(
          [
            "regctl",
            "image",
            "config",
            "-p",
            HOST,
            to,
            "--format",
            "{{jsonPretty .}}",
          ],
          folder,
        );
        const manifest = JSON.parse(runTool(
          ["regctl", "manifest", "get", "-p", HOST, to, "--format", "raw-body"],
          folder,
        ));
        assertEquals(manifest.config.digest, id);
        assertEquals(JSON.parse(config).rootfs.diff_ids ?? [], diffIds);
        const blobs = join(layout, "blobs/sha256");
        assertEquals(contentsOf(manifest.layers, blobs), diffIds);
      },
      stop: () => Promise.resolve(),
    });
  },
};

function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** All of them, the missing ones with the reason. */
export const MATRIX_LOADERS: readonly MatrixLoader[] = [
  docker("Docker 20.10", { store: "classic" }),
  docker("Docker 29, classic store", {
    program: NEW_DOCKERD,
    containerd: NEW_CONTAINERD,
    store: "classic",
  }),
  docker("Docker 29, containerd's store", {
    program: NEW_DOCKERD,
    containerd: NEW_CONTAINERD,
    store: "containerd",
  }),
  containerd("ctr 1.6", "containerd", "ctr"),
  containerd("ctr 2", NEW_CONTAINERD, "ctr2"),
  podman,
  ...(["docker-archive", "oci-archive", "oci"] as const).flatMap((
    transport,
  ) => [
    skopeo("1.9", "skopeo", transport),
    skopeo("1.22", "skopeo-new", transport),
  ]),
  crane,
  regctl,
];
