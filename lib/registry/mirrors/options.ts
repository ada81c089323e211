/** How a repository with mirrors is asked, and one mirror of it. */

import { FLAG, LIST, pickOptions, type Rules } from "../../image/options.ts";
import type { Reference } from "../../image/reference.ts";
import type { Mirror, MirrorAddress } from "./url.ts";
import { Repository, type RepositoryOptions } from "../repository.ts";
import { SESSION_RULES } from "../session.ts";

/** How a repository with mirrors is asked. */
export interface MirrorOptions extends RepositoryOptions {
  /** The mirrors, of whatever registries; those of others are left out. */
  mirrors?: readonly Mirror[];
  /**
   * Whether mirrors are believed about what a tag names. Without it, the
   * registry itself is asked first, and they only where it does not answer.
   *
   * @default {false}
   */
  trustMirrors?: boolean;
}

/** What those options may be. */
export const MIRROR_RULES: Rules<MirrorOptions> = {
  ...SESSION_RULES,
  mirrors: LIST,
  trustMirrors: FLAG,
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
