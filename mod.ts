/**
 * Pulls container images from their registries into archives that
 * `docker load` takes, without a Docker daemon.
 *
 * ```ts ignore
 * import { pull } from "@x/docker-pull";
 *
 * const result = await pull("nginx:latest", { platform: "linux/arm64" });
 * console.log(`docker load -i ${result.path}`);
 * ```
 *
 * Run as the main module, it is the command:
 * `deno run -A jsr:@x/docker-pull nginx:latest`.
 *
 * @module
 */

export { pull, type PullOptions, type PullResult } from "./lib/pull.ts";
export * from "./lib/errors.ts";
export type * from "./lib/events.ts";
export type * from "./lib/types.ts";
export {
  familiarName,
  formatReference,
  parseReference,
  type Reference,
  registryHost,
} from "./lib/reference.ts";
export {
  comparePlatform,
  formatPlatform,
  isAttestation,
  normalizePlatform,
  parsePlatform,
  type PlatformChoice,
  platformFallbacks,
  selectPlatform,
} from "./lib/platform.ts";
export {
  createHasher,
  digestBytes,
  type Hasher,
  parseDigest,
  verifyBytes,
} from "./lib/digest.ts";
export {
  documentMediaType,
  MAX_DOCUMENT_SIZE,
  parseConfig,
  parseIndex,
  parseManifest,
} from "./lib/manifest.ts";
export {
  Repository,
  type RepositoryOptions,
} from "./lib/registry/repository.ts";
export {
  createTransport,
  type Transport,
  type TransportOptions,
} from "./lib/registry/transport.ts";
export { type IngestOptions, LayoutStore } from "./lib/store/layout_store.ts";
export { StoreEntry } from "./lib/store/store_entry.ts";
export { StoreIngest } from "./lib/store/store_ingest.ts";
export {
  ArchiveFile,
  type ArchiveFileOptions,
} from "./lib/archive/archive_file.ts";
export { archiveName } from "./lib/archive/name.ts";
export {
  type ArchiveContent,
  type ArchivePlan,
  planArchive,
  type PlannedBlob,
  type PlannedPiece,
} from "./lib/archive/plan.ts";
export {
  type BlobOutcome,
  type BlobTarget,
  type BlobTask,
  transferBlobs,
  type TransferOptions,
} from "./lib/transfer/transfer.ts";

if (import.meta.main) await import("./cli.ts");
