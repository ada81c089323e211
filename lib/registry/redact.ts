/** What is taken out of words and addresses before anyone sees them. */

/**
 * An address without user, password, query and fragment, any of which may be
 * a secret, as in a signed URL.
 *
 * @param url The address.
 * @returns Such as `https://storage.example/blob?…`.
 */
export function redactUrl(url: string | URL): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    const text = String(url).replace(/[?#].*$/s, "?…");
    return cleanText(text.replace(/\/\/[^/]*@/, "//"), 200);
  }
  const { protocol, host, pathname, search } = parsed;
  return `${protocol}//${host}${pathname}${search && "?…"}`;
}

/**
 * Text of a stranger, fit for a terminal: without control characters and
 * marks that turn the direction of writing, and not too long.
 *
 * @param text The text.
 * @param limit The most characters to keep.
 * @returns The text on one line.
 */
export function cleanText(text: string, limit = 500): string {
  // Cut first, so that megabytes are not searched for what is thrown away.
  const clean = text.slice(0, limit * 2)
    // deno-lint-ignore no-control-regex
    .replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, "")
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ")
    .replace(/\p{Cs}/gu, "\ufffd")
    .replace(/ {2,}/g, " ")
    .trim();
  return clean.length > limit ? `${clean.slice(0, limit)}…` : clean;
}

/**
 * Text without what a runtime puts into its messages of the addresses it was
 * given.
 *
 * @param text The text.
 * @returns The text with user, password and query taken out of each address.
 */
export function redactText(text: string): string {
  return cleanText(
    text.slice(0, 4000)
      .replace(/(https?:\/\/)[^\s/?#@"'()]*@/gi, "$1")
      .replace(/(https?:\/\/[^\s?#"'()]*)[?#][^\s"')]*/gi, "$1?…"),
    1000,
  );
}

/** Less than this would be found in words that are no secret. */
const SHORTEST_SECRET = 4;

/**
 * Text of a stranger who repeats what was sent to them, without that.
 *
 * @param text The text.
 * @param secrets What must not stand in it, in plain.
 * @returns The text with a mark in place of each, however it was quoted.
 */
export function maskSecrets(text: string, secrets: Iterable<string>): string {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < SHORTEST_SECRET) continue;
    forms.add(secret);
    forms.add(encodeURIComponent(secret));
    forms.add(JSON.stringify(secret).slice(1, -1));
  }
  let clean = text;
  // The longest first: one may be a part of another.
  for (const form of [...forms].sort((a, b) => b.length - a.length)) {
    clean = clean.replaceAll(form, "•••");
  }
  return clean;
}
