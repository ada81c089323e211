/** Keeps the servers that the cases share, started when first needed. */

import { join } from "node:path";
import type { Case } from "./cases.ts";
import { runQuietly } from "./measure.ts";
import { type PushedImage, pushImage } from "./push.ts";
import type { Programs } from "./rows.ts";
import { isZeros, type Stage } from "./run.ts";
import { startSecureRegistry } from "./secure_registry.ts";
import {
  type Server,
  startRegistry,
  startServing,
  startZeroRegistry,
} from "./servers.ts";

/** A stage that is to be closed, and that may lack something. */
export interface OwnedStage extends Stage {
  /** Why a case cannot run here, if so. */
  reasonToSkip(benchCase: Case): string | undefined;
  /** Ends the servers. */
  close(): Promise<void>;
}

/** What a stage is opened with. */
export interface StageOptions extends Pick<Stage, "folder" | "runs"> {
  /** The programs that are installed. */
  programs: Programs;
}

async function readZeros(
  host: string,
  repository: string,
): Promise<PushedImage> {
  const response = await fetch(
    `http://${host}/v2/${repository}/manifests/latest`,
  );
  const { config, layers } = await response.json();
  const blobs: { digest: string; size: number }[] = [config, ...layers];
  const size = blobs.reduce((sum, blob) => sum + blob.size, 0);
  return { repository, blobs, size };
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

/** Makes a stage; its servers start when a case asks for them. */
export function openStage(options: StageOptions): OwnedStage {
  const { folder, runs, programs } = options;
  let registry: Promise<Server> | undefined;
  let secure: Promise<Server> | undefined;
  let zeros: Promise<Server> | undefined;
  const others: Promise<Server>[] = [];
  const log = (message: string) => console.error(message);
  const dockerRegistry = programs["docker-registry"] ?? "docker-registry";
  return {
    folder,
    runs,
    log,
    async provide(image) {
      if (isZeros(image)) {
        const server = await (zeros ??= startZeroRegistry());
        const repository = `zeros/${image.layers}x${Math.round(image.size)}`;
        return { server, image: await readZeros(server.host, repository) };
      }
      const server = await (registry ??= startRegistry(
        dockerRegistry,
        join(folder, "registry"),
      ));
      log(`  pushing ${image.name}, unless it is there`);
      return { server, image: await pushImage(`http://${server.host}`, image) };
    },
    secure() {
      return secure ??= startSecureRegistry(
        dockerRegistry,
        join(folder, "registry"),
      );
    },
    async served(command, { server, image }) {
      const archive = join(folder, `served-${others.length}.tar`);
      const name = `${server.host}/${image.repository}:latest`;
      const args = ["--quiet", "--no-cache", "--output", archive, name];
      await runQuietly([...command, ...args], folder);
      const serving = startServing(command, archive);
      others.push(serving);
      return await serving;
    },
    async load(archive, image) {
      if (!programs.skopeo) return "skopeo is not installed";
      return await loadWithSkopeo(
        programs.skopeo,
        archive,
        image,
        await zeros!,
      );
    },
    reasonToSkip({ image }) {
      return image && !isZeros(image) && !programs["docker-registry"]
        ? "docker-registry is not installed"
        : undefined;
    },
    async close() {
      for (const server of [secure, registry, zeros, ...others]) {
        await (await server?.catch(() => undefined))?.stop();
      }
    },
  };
}
