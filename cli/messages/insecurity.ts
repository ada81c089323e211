/** Says aloud what is given up where certificates are not verified. */

import type { NetworkOptions } from "../options/network_options.ts";

/** The token servers that are sent a login whatever speaks against it. */
export function trustedRealms(
  { insecure }: Pick<NetworkOptions, "insecure">,
): string[] {
  return Array.isArray(insecure) ? insecure : [];
}

/** Warns of hosts whose certificates are not verified. */
export function warnOfInsecurity(
  { insecure }: Pick<NetworkOptions, "insecure">,
  warn: (message: string) => void,
): void {
  if (insecure === false) return;
  const of = insecure === true ? "" : ` of ${insecure.join(" and ")}`;
  warn(
    `the certificate${of} is not verified; anyone on the way can read and ` +
      "change what is sent",
  );
}
