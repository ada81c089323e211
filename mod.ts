/**
 * Pulls container images from their registries into archives that
 * `docker load` takes, without a Docker daemon. Run as the main module, it is
 * the command: `deno run -A jsr:@x/docker-pull nginx:latest`.
 *
 * @example Pull an image into a file
 * ```ts ignore
 * import { pull } from "@x/docker-pull";
 *
 * const { path } = await pull("nginx:latest", { platform: "linux/arm64" });
 * console.log(`docker load -i ${path}`);
 * ```
 *
 * @example Follow the progress
 * ```ts ignore
 * import { pull } from "@x/docker-pull";
 *
 * await pull("nginx:latest", {
 *   onEvent(event) {
 *     if (event.type === "planned") console.log(event.layers.length, "layers");
 *     if (event.type === "blob-progress") {
 *       const { descriptor, received } = event;
 *       console.log(descriptor.digest, received, "of", descriptor.size);
 *     }
 *   },
 * });
 * ```
 *
 * @example Log in, and tell what went wrong
 * ```ts ignore
 * import { DockerPullError, givenCredential, pull } from "@x/docker-pull";
 *
 * const login = { kind: "basic", username: "me", password: "secret" } as const;
 * try {
 *   await pull("ghcr.io/owner/app:1.2", {
 *     credentials: givenCredential("ghcr.io", login, "my settings"),
 *   });
 * } catch (error) {
 *   if (!(error instanceof DockerPullError)) throw error;
 *   console.log("Cannot pull it:", error.message);
 * }
 * ```
 *
 * @example Stream an image to an HTTP response
 * ```ts ignore
 * import { archiveStream } from "@x/docker-pull";
 *
 * Deno.serve(() => new Response(archiveStream("nginx:latest")));
 * ```
 *
 * @example List tags, copy, push, load
 * ```ts ignore
 * import { copy, listTags, load, push } from "@x/docker-pull";
 *
 * const { tags } = await listTags("nginx", { filter: "1.2?" });
 * await copy(`nginx:${tags[0]?.tag}`, "oci:layout", { platform: "all" });
 * await push("oci:layout", "registry.test:5000/mirror/");
 * await load("nginx:latest", { daemon: "ssh://me@server" });
 * ```
 *
 * @example Give up after a while
 * ```ts ignore
 * import { pull } from "@x/docker-pull";
 *
 * await pull("nginx:latest", { signal: AbortSignal.timeout(60_000) });
 * ```
 *
 * @example Read an image's manifest and one of its blobs
 * ```ts ignore
 * import {
 *   createTransport,
 *   openRepository,
 *   parseIndex,
 *   parseManifest,
 *   parsePlatform,
 *   parseReference,
 *   selectPlatform,
 * } from "@x/docker-pull";
 *
 * const transport = createTransport();
 * const { fetch } = transport;
 * const repository = openRepository(parseReference("nginx:latest"), { fetch });
 * const index = parseIndex(await repository.fetchManifest("latest"));
 * const choice = selectPlatform(
 *   index.manifests,
 *   parsePlatform("linux/amd64"),
 * );
 * const manifest = parseManifest(
 *   await repository.fetchManifest(choice.descriptor),
 * );
 * const config = await repository.fetchSmallBlob(manifest.config);
 * console.log(new TextDecoder().decode(config.bytes));
 * transport.close();
 * ```
 *
 * @module
 */

// A file that a star stands for is public as a whole.
export { pull, pullImages } from "./lib/copy/pull.ts";
export type {
  PulledImage,
  PullFailure,
  PullImagesResult,
  PullResult,
  PullStatistics,
} from "./lib/copy/pull_result.ts";
export * from "./lib/copy/archive_stream.ts";
export * from "./lib/copy/load.ts";
export type { DaemonInfo } from "./lib/daemon/daemon.ts";
export type { DaemonAddress } from "./lib/daemon/address.ts";
export {
  defaultDaemon,
  type DefaultDaemonSettings,
} from "./lib/daemon/default_daemon.ts";
export type { TlsSettings } from "./lib/net/tunnel.ts";
export type { Format, Layers } from "./lib/copy/forms.ts";
export type { LoadingProgram } from "./lib/copy/loaders.ts";
export type { LayerForm } from "./lib/copy/transforms/layer_types.ts";
export type { Compression } from "./lib/compression/compression.ts";
export type {
  Accept,
  OfferedImage,
  Platforms,
  PullImagesOptions,
  PullOptions,
  PullRequest,
} from "./lib/copy/pull_options.ts";
export {
  type CopiedImages,
  copy,
  type CopyImagesOptions,
  type Loaded,
} from "./lib/copy/copy_places.ts";
export { push, type PushResult } from "./lib/copy/push.ts";
export type {
  PushAccess,
  RegistryPlace,
} from "./lib/copy/places/open_registry.ts";
export type { Pushed } from "./lib/copy/targets/registry_blobs.ts";
export {
  importFiles,
  type ImportOptions,
} from "./lib/copy/import/import_files.ts";
export type {
  ImportedImage,
  ImportResult,
} from "./lib/copy/import/import_result.ts";
export { listCache } from "./lib/cache/list.ts";
export * from "./lib/cache/prune.ts";
export * from "./lib/cache/remove.ts";
export * from "./lib/cache/verify.ts";
export type { CacheOptions } from "./lib/cache/options.ts";
export type {
  CacheAmount,
  CacheContents,
  CachedBlob,
  CachedImage,
} from "./lib/cache/contents.ts";
export {
  type LocalKind,
  type LocalPlace,
  parsePlace,
  type Place,
  type PlaceImage,
} from "./lib/copy/places/places.ts";
export * from "./lib/image/errors.ts";
export type * from "./lib/image/problems.ts";
export type { ReferrerEntry } from "./lib/image/referrer.ts";
export type * from "./lib/image/events.ts";
export type {
  BlobBody,
  Credential,
  CredentialProvider,
  Descriptor,
  Document,
  Fetch,
  Fetcher,
  FetchInit,
  FileRegion,
  FoundCredential,
  ImageConfig,
  Index,
  Manifest,
  Platform,
  RangeOptions,
  Resolver,
} from "./lib/image/types.ts";
export {
  familiarName,
  formatReference,
  imageName,
  parseReference,
  type Reference,
} from "./lib/image/reference.ts";
export {
  formatPlatform,
  parsePlatform,
  type PlatformChoice,
  selectPlatform,
} from "./lib/image/platform.ts";
export {
  parseConfig,
  parseIndex,
  parseManifest,
} from "./lib/image/manifest.ts";
export type { HeldImage } from "./lib/image/held_image.ts";
export { type ImageSource } from "./lib/image/image_source.ts";
export {
  type Mirror,
  type MirrorAddress,
  type MirrorOptions,
  openRepository,
  type RegistryAccess,
} from "./lib/registry/mirrors/mirrors.ts";
export * from "./lib/registry/repository.ts";
export { verifiedBody } from "./lib/image/verified_body.ts";
export type { SessionOptions } from "./lib/registry/session.ts";
export type { Lookup } from "./lib/registry/auth/realm.ts";
export { toNetworkError } from "./lib/net/network_error.ts";
export { isRetryable, retryDelay } from "./lib/net/retry.ts";
export type { ExchangeRecord, HttpOptions } from "./lib/net/http_options.ts";
export type { RetryPolicy } from "./lib/net/retry_policy.ts";
export type { TransferPolicy } from "./lib/transfer/policy.ts";
export type { PlainHttp } from "./lib/registry/endpoint.ts";
export {
  createTransport,
  type Transport,
  type TransportOptions,
} from "./lib/net/transport.ts";
export type { AllTlsOptions, TlsOptions } from "./lib/net/tls_settings.ts";
export { credentialChain, givenCredential } from "./lib/credentials/chain.ts";
export {
  defaultCredentials,
  type DefaultCredentialSettings,
} from "./lib/credentials/default_chain.ts";
export * from "./lib/credentials/default_paths.ts";
export {
  type AuthFileOptions,
  authJsonFile,
  type AuthJsonOptions,
  dockerConfigFile,
  dockerConfigText,
} from "./lib/credentials/auth_file_provider.ts";
export * from "./lib/credentials/save.ts";
export type { HelperOptions } from "./lib/credentials/helper.ts";
export type {
  HelperOutcome,
  HelperRun,
  RunHelper,
} from "./lib/credentials/helper_process.ts";
export * from "./lib/lists/lists.ts";
export type * from "./lib/image/locked_image.ts";
export {
  formatLock,
  type Lock,
  type LockRequestOptions,
  lockRequests,
} from "./lib/locks/lock.ts";
export {
  lockImages,
  type LockOptions,
  type LockResult,
} from "./lib/locks/lock_images.ts";
export { readLock, type ReadLockOptions } from "./lib/locks/read_lock.ts";
export {
  type BaseOptions,
  type BaseSource,
  readBase,
  readBaseSource,
} from "./lib/locks/base.ts";
export { readBaseText } from "./lib/locks/base_text.ts";
export type {
  Base,
  BaseImage,
  BaseLayer,
  Delta,
  DeltaBase,
  FoundBy,
  LeftOutLayer,
} from "./lib/image/delta.ts";
export * from "./lib/locks/diff.ts";
export { diffImages } from "./lib/locks/diff_images.ts";
export {
  type DiffOptions,
  type DiffSide,
  readSide,
} from "./lib/locks/sides.ts";
export { archiveName } from "./lib/archive/name.ts";
export * from "./lib/doctor/doctor.ts";
export { serve } from "./lib/serve/serve.ts";
export type { ServeOptions } from "./lib/serve/site.ts";
export type { ServeProblem } from "./lib/serve/catalog.ts";
export {
  listen,
  type Listener,
  type ListenOptions,
} from "./lib/serve/listen.ts";
export type { RequestRecord } from "./lib/serve/request_record.ts";
export { ListenError } from "./lib/serve/listen_error.ts";
export { inspectImage, type InspectOptions } from "./lib/look/inspect.ts";
export type * from "./lib/look/report.ts";
export type {
  HistoryStep,
  ImageDetails,
  ImageSettings,
} from "./lib/look/settings.ts";
export * from "./lib/look/plan.ts";
export type { HostRequests } from "./lib/look/request_count.ts";
export type { DiskNeed } from "./lib/look/disk_needs.ts";
export type { RateLimit } from "./lib/registry/rate_limit.ts";
export type { LookOptions } from "./lib/look/access.ts";
export type { PlaceAccess } from "./lib/look/looked_place.ts";
export * from "./lib/look/tags.ts";
export * from "./lib/proofs/require.ts";
export type { ReadFile } from "./lib/proofs/policy.ts";
export type {
  NamedText,
  SignatureTrust,
} from "./lib/proofs/signature_options.ts";
export type { VerifiedSignature } from "./lib/proofs/examine.ts";
export type {
  Evidence,
  SignatureKind,
  Signer,
  Unchecked,
} from "./lib/proofs/trust.ts";
export * from "./lib/proofs/verify_signatures.ts";
export * from "./lib/verify/against.ts";
export { verifyImage, type VerifyOptions } from "./lib/verify/verify.ts";
export type * from "./lib/verify/report.ts";

if (import.meta.main) await import("./cli.ts");
