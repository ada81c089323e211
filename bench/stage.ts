/** Keeps the servers that the cases share, started when first needed. */

import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Case } from "./cases.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { startRegistry } from "./docker_registry.ts";
import { runQuietly } from "./measure.ts";
import { type PushedImage, pushImage } from "./push.ts";
import { lacking, type Tools } from "./rows.ts";
import { startTlsRegistry, startTokenRegistry } from "./secure_registry.ts";
import {
  type Line,
  type Server,
  startPace,
  startProxy,
  startServing,
  startZeroRegistry,
} from "./servers.ts";
import { repositoriesOf, type Zeros } from "./zero_image.ts";

/** A server and the image that it has. */
export interface Provided {
  /** Who has it. */
  server: Server;
  /** The image; of several, the first, with the blobs of all. */
  image: PushedImage;
  /** What they are called. */
  repositories: string[];
}

/** A registry that is pushed to. */
export interface TargetServer extends Server {
  /** Removes all that was pushed to it. */
  empty(): Promise<void>;
}

/** What cases run against. */
export interface Stage {
  /** A folder of the benchmark's own. */
  folder: string;
  /** Runs of each row. */
  runs: number;
  /** The server of an image, and the image, put there if need be. */
  provide(image: NonNullable<Case["image"]>): Promise<Provided>;
  /** A server of the same images over TLS, or also behind tokens. */
  secure(how: "tls" | "tokens"): Promise<Server>;
  /** A server of the same images, at the end of a line. */
  behind(line: Line, server: Server): Promise<Server>;
  /** A registry to push to, of that name. */
  target(name: "empty" | "filled"): Promise<TargetServer>;
  /** The address of a Docker daemon. */
  daemon(): Promise<string>;
  /** A docker-pull of this command that serves an image, out of an archive. */
  served(command: string[], from: Provided): Promise<Server>;
  /** Whether skopeo loads an archive with these blobs. */
  load(archive: string, image: PushedImage): Promise<boolean | string>;
  /** Told of each step. */
  log(message: string): void;
  /** Why a case cannot run here, if so. */
  reasonToSkip(benchCase: Case): string | undefined;
  /** Ends the servers. */
  close(): Promise<void>;
}

/** What a stage is opened with. */
export interface StageOptions extends Pick<Stage, "folder" | "runs"> {
  /** The programs that are installed. */
  tools: Tools;
}

/** Whether an image is one of the registry of zeros. */
export function isZeros(image: NonNullable<Case["image"]>): image is Zeros {
  return "size" in image;
}

async function readZeros(
  host: string,
  repositories: string[],
): Promise<PushedImage> {
  const all = new Map<string, { digest: string; size: number }>();
  for (const repository of repositories) {
    const response = await fetch(
      `http://${host}/v2/${repository}/manifests/latest`,
    );
    const { config, layers } = await response.json();
    for (const blob of [config, ...layers]) all.set(blob.digest, blob);
  }
  const blobs = [...all.values()];
  const size = blobs.reduce((sum, blob) => sum + blob.size, 0);
  return { repository: repositories[0] ?? "", blobs, size };
}

/**
 * Whether skopeo takes an archive apart and finds every layer in it. It
 * pushes them to the registry of zeros, which hashes them and keeps nothing.
 */
async function loadWithSkopeo(
  skopeo: string,
  archive: string,
  image: PushedImage,
  server: Server,
): Promise<boolean> {
  await runQuietly([
    skopeo,
    "--insecure-policy",
    "copy",
    "--quiet",
    "--dest-tls-verify=false",
    "--preserve-digests",
    `docker-archive:${archive}`,
    `docker://${server.host}/sink:latest`,
  ], "/");
  const uploads = await server.uploads!();
  return image.blobs.every(({ digest }) =>
    uploads.some((upload) => upload.digest === digest)
  );
}

/** What is made once for each name, and ended at the end. */
function shared<T extends { stop(): Promise<void> }>(
  make: (name: string) => Promise<T>,
): { get(name?: string): Promise<T>; close(): Promise<void> } {
  const made = new Map<string, Promise<T>>();
  return {
    get(name = "") {
      const found = made.get(name) ?? make(name);
      made.set(name, found);
      return found;
    },
    async close() {
      for (const one of made.values()) {
        await (await one.catch(() => undefined))?.stop();
      }
    },
  };
}

/** Makes a stage; its servers start when a case asks for them. */
export function openStage({ folder, runs, tools }: StageOptions): Stage {
  const { programs } = tools;
  const program = programs["docker-registry"] ?? "docker-registry";
  const files = join(folder, "registry");
  const log = (message: string) => console.error(message);
  const registry = shared(() =>
    startRegistry({ program, folder: files, name: "plain" })
  );
  const secure = shared((how) =>
    how === "tls"
      ? startTlsRegistry(program, files)
      : startTokenRegistry(program, files)
  );
  const zeros = shared(() => startZeroRegistry());
  const targets = shared(async (name): Promise<TargetServer> => {
    const target = join(folder, `target-${name}`);
    const server = await startRegistry({ program, folder: target, name });
    const empty = () =>
      rm(join(target, "docker"), { recursive: true, force: true });
    return {
      ...server,
      empty,
      async stop() {
        await server.stop();
        await rm(target, { recursive: true, force: true });
      },
    };
  });
  const daemon = shared((): Promise<Daemon> =>
    startDaemon(
      programs.dockerd ?? "dockerd",
      programs.docker ?? "docker",
      join(folder, "daemon"),
    )
  );
  const serving: Server[] = [];
  return {
    folder,
    runs,
    log,
    async provide(image) {
      if (isZeros(image)) {
        const server = await zeros.get();
        const repositories = repositoriesOf(image);
        const read = await readZeros(server.host, repositories);
        return { server, image: read, repositories };
      }
      const server = await registry.get();
      log(`  pushing ${image.name}, unless it is there`);
      return {
        server,
        image: await pushImage(`http://${server.host}`, image),
        repositories: [image.name],
      };
    },
    secure: (how) => secure.get(how),
    async behind({ link, pace, ...line }, server) {
      if (link) {
        return await startRegistry({
          program,
          folder: files,
          name: "link",
          link: { ...link, program: programs.link ?? "" },
        });
      }
      return pace
        ? await startPace(programs.pace ?? "", server, pace)
        : await startProxy(server.host, line);
    },
    target: (name) => targets.get(name),
    daemon: async () => (await daemon.get()).address,
    async served(command, { server, image }) {
      const archive = join(folder, `served-${serving.length}.tar`);
      const name = `${server.host}/${image.repository}:latest`;
      const args = ["--quiet", "--no-cache", "--output", archive, name];
      await mkdir(folder, { recursive: true });
      await runQuietly([...command, ...args], folder);
      const started = await startServing(command, archive);
      serving.push({
        ...started,
        async stop() {
          await started.stop();
          await rm(archive, { force: true });
        },
      });
      return started;
    },
    async load(archive, image) {
      if (!programs.skopeo) return "skopeo is not installed";
      return await loadWithSkopeo(
        programs.skopeo,
        archive,
        image,
        await zeros.get(),
      );
    },
    reasonToSkip({ image, line }) {
      return image && !isZeros(image)
        ? lacking(
          tools,
          "docker-registry",
          ...line?.link ? ["link"] : [],
          ...line?.pace ? ["pace"] : [],
        )
        : undefined;
    },
    async close() {
      for (const server of serving) await server.stop();
      for (const one of [daemon, targets, secure, registry, zeros]) {
        await one.close();
      }
    },
  };
}
