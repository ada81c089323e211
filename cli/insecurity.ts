/** Says aloud what is given up where certificates are not verified. */

import type { NetworkOptions } from "./network_options.ts";

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
