/** How a repository with mirrors is asked, and one mirror of it. */

import {
  CALL,
  FLAG,
  LIST,
  pickOptions,
  type Rules,
} from "../../image/options.ts";
import type { CredentialProvider } from "../../image/types.ts";
import type { Reference } from "../../image/reference.ts";
import type { Mirror, MirrorAddress } from "./url.ts";
import { Repository, type RepositoryOptions } from "../repository.ts";
import { SESSION_RULES } from "../session.ts";

/** Whom a registry's images are had from, and with what trust. */
export interface RegistryAccess {
  /** Looks up logins; without it, everything is asked for without one. */
  credentials?: CredentialProvider;
  /**
   * Whether to talk to the registry by plain HTTP, in which logins can be read
   * by anyone on the way.
   *
   * @default {undefined} https, but for this machine's own addresses, where
   * the first request finds out.
   */
  plainHttp?: boolean;
  /**
   * Token servers, as `host` or `host:port`, that a login is sent to though
   * they speak plain HTTP or are at a private address.
   *
   * @default {[]}
   */
  trustedRealms?: readonly string[];
  /**
   * Other hosts to pull from, by registry, which are asked first; those of
   * other registries are left out. What they send counts only when its digest
   * is right.
   *
   * @default {[]}
   */
  mirrors?: readonly Mirror[];
  /**
   * Whether mirrors are believed about what a tag names. Without it, the
   * registry itself is asked first, and they only where it does not answer.
   *
   * @default {false}
   */
  trustMirrors?: boolean;
}

/** How a repository with mirrors is asked. */
export interface MirrorOptions
  extends RepositoryOptions, Pick<RegistryAccess, "mirrors" | "trustMirrors"> {}

/** What those options may be. */
export const ACCESS_RULES: Rules<RegistryAccess> = {
  credentials: CALL,
  plainHttp: FLAG,
  trustedRealms: LIST,
  mirrors: LIST,
  trustMirrors: FLAG,
};

/** What those options may be. */
export const MIRROR_RULES: Rules<MirrorOptions> = {
  ...ACCESS_RULES,
  ...SESSION_RULES,
};

/**
 * The registry's own repository, without its mirrors.
 *
 * @param reference Which registry and repository.
 * @param options How to ask; those about mirrors are left out.
 * @returns The repository.
 */
export function openOrigin(
  reference: Reference,
  options: MirrorOptions,
): Repository {
  return new Repository(
    reference,
    pickOptions<RepositoryOptions>(options, SESSION_RULES),
  );
}

/**
 * A repository as a mirror of its registry serves it.
 *
 * @param address The mirror's address.
 * @param reference Which registry and repository.
 * @param options How to ask.
 * @returns The repository there.
 */
export function openMirror(
  { endpoint, host, prefix }: MirrorAddress,
  { registry, repository }: Reference,
  options: RepositoryOptions,
): Repository {
  const path = prefix ? `${prefix}/${repository}` : repository;
  return openOrigin({ registry: host, repository: path }, {
    ...options,
    endpoint,
    namespace: registry,
    onEvent(event) {
      const limit = event.type === "warning" &&
        event.warning.code === "rate-limit";
      // What a mirror has left of its own quota is not the user's affair.
      if (!limit) options.onEvent?.(event);
    },
  });
}
