/** Says aloud what is given up where certificates are not verified. */

/**
 * The warning of hosts whose certificates are not verified.
 *
 * @param insecure Which; `true` for all.
 */
export function insecureWarning(insecure: true | readonly string[]): string {
  const of = insecure === true ? "" : ` of ${insecure.join(" and ")}`;
  return `the certificate${of} is not verified; anyone on the way can read ` +
    "and change what is sent";
}
