/** Storage that speaks plain HTTP behind a registry that speaks https. */

import { NetworkError } from "../image/errors.ts";
import type { OnEvent } from "../image/events.ts";
import { isLinkLocal } from "../net/address.ts";
import { redactUrl } from "../redact/address.ts";

/** Decides whether an address may be asked by plain HTTP, and throws if not. */
export type CheckPlain = (url: URL) => void;

/**
 * Lets content come by plain HTTP that is known by its digest: nobody on the
 * way can change it, and no login is sent there. It is warned of once.
 *
 * @param registry The registry's name, for the warning.
 * @param onEvent Takes the warning.
 * @returns What is asked for each address.
 */
export function plainStorage(registry: string, onEvent?: OnEvent): CheckPlain {
  let told = false;
  return (url) => {
    if (isLinkLocal(url.hostname)) {
      throw new NetworkError(redactUrl(url), "other", "link-local");
    }
    if (told) return;
    told = true;
    onEvent?.({
      type: "warning",
      warning: { code: "plain-storage", registry, host: url.host },
    });
  };
}
