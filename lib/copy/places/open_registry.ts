/** Opens places in registries that images go to. */

import { join } from "node:path";
import { defined } from "../../image/defined.ts";
import { PlaceError } from "../../image/errors.ts";
import {
  CALL,
  checkOptions,
  FLAG,
  LIST,
  pickOptions,
  type Rules,
} from "../../image/options.ts";
import { formatReference, type Reference } from "../../image/reference.ts";
import type { CredentialProvider, Fetch } from "../../image/types.ts";
import { SESSION_RULES, type SessionOptions } from "../../registry/session.ts";
import { ChunkSizes } from "../../registry/upload/chunks.ts";
import { PushRepository } from "../../registry/upload/push_repository.ts";
import { UploadRecords } from "../../registry/upload/records.ts";
import type { GraphRoot } from "../engine/graph.ts";
import type { Place } from "./places.ts";
import { type RegistryTarget, registryTarget } from "../targets/registry.ts";

/** How a registry that images go to is reached, where it is not as others are. */
export interface PushAccess {
  /** Looks up its logins. */
  credentials?: CredentialProvider;
  /** Whether to talk to it by plain HTTP. */
  plainHttp?: boolean;
  /** Token servers that a login is sent to by plain HTTP, too. */
  trustedRealms?: readonly string[];
  /** What sends the requests. */
  fetch?: Fetch;
}

/** What those options may be. */
const PUSH_ACCESS_RULES: Rules<PushAccess> = {
  credentials: CALL,
  plainHttp: FLAG,
  trustedRealms: LIST,
  fetch: CALL,
};

/** What a place in a registry is opened with. */
export interface RegistryPlaceOptions extends SessionOptions {
  /** How that registry is reached, in place of what is said for all. */
  pushAccess?: PushAccess;
  /** The folder of the cache, where uploads are remembered. */
  cacheDir?: string | false;
  /** Connections at a time. */
  concurrency?: number;
}

/** A place in a registry. */
export type RegistryPlace = Extract<
  Place,
  { kind: "registry" | "registry-path" }
>;

/** Such a place, open. */
export interface OpenedRegistry {
  /** Writes images there, and tells what was sent. */
  target: RegistryTarget;
  /** What the result calls it. */
  path: string;
  /** The name that the only image gets there. */
  name?: Reference;
}

/** Where uploads are remembered, in the folder of the cache. */
const UPLOADS = "uploads";

/**
 * Opens a place in a registry. Nothing is asked for yet.
 *
 * @param place The name of one image, or a path that several go below.
 */
export function openRegistryPlace(
  place: RegistryPlace,
  options: RegistryPlaceOptions,
): OpenedRegistry {
  const { pushAccess = {}, cacheDir = false, concurrency = 3 } = options;
  checkOptions("push", pushAccess, PUSH_ACCESS_RULES);
  const session = pickOptions<SessionOptions>(
    { ...options, ...defined(pushAccess) },
    SESSION_RULES,
  );
  const records = cacheDir === false
    ? undefined
    : new UploadRecords(join(cacheDir, UPLOADS), options.now);
  const name = place.kind === "registry" ? place.reference : undefined;
  const target = registryTarget({
    place: (root) => placeOf(root, place),
    open: (reference, shared, onEvent) =>
      new PushRepository(reference, { ...session, onEvent }, shared),
    concurrency,
    shared: { records, chunks: new ChunkSizes() },
  });
  const path = place.kind === "registry"
    ? formatReference(place.reference)
    : `${place.registry}/${place.path}`;
  return { target, path, name };
}

/** What a name becomes there. */
function placeOf(
  { reference, top }: GraphRoot,
  place: RegistryPlace,
): Reference {
  if (place.kind === "registry-path") {
    const { registry, path } = place;
    return { ...reference, registry, repository: path + reference.repository };
  }
  const { digest } = place.reference;
  const actual = top.descriptor.digest;
  if (digest !== undefined && digest !== actual) {
    const text = formatReference(place.reference);
    throw new PlaceError(text, { code: "other-digest", digest: actual });
  }
  return place.reference;
}
