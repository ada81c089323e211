/**
 * Addresses without the logins and signatures in them.
 *
 * Two kinds are told apart. What a program made is taken apart as a URL. What
 * a person typed may be broken by the very password in it: there, all that
 * stands before the last `@` counts as the login.
 */

/** What stands in the place of a secret. */
export const MASK = "•••";

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
/** The end of an image's name that is no host, though an `@` stands before. */
const DIGEST =
  /@(?:sha\d{3}:[^@/]*|[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-f]{32,})$/i;

/**
 * An address without user, password, query and fragment, any of which may be
 * a secret, as in a signed URL.
 *
 * @param url The address, as a program made it.
 * @returns Such as `https://storage.example/blob?…`.
 */
export function redactUrl(url: string | URL): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return redactAddress(String(url));
  }
  const { protocol, host, pathname, search } = parsed;
  return `${protocol}//${host}${pathname}${search && "?…"}`;
}

/** The most characters of a digest, its algorithm included. */
const LONGEST_DIGEST = 200;

/** An address or a reference that a person typed, taken apart. */
interface Typed {
  scheme: string;
  /** All before the last `@` that is not a digest's; empty without one. */
  login: string;
  rest: string;
}

function takeApart(text: string): Typed {
  const scheme = SCHEME.exec(text)?.[0] ?? "";
  const end = text.slice(-LONGEST_DIGEST);
  const found = DIGEST.exec(end);
  const digest = text.length - (found ? end.length - found.index : 0);
  const at = text.lastIndexOf("@", digest - 1);
  const login = text.slice(scheme.length, at);
  const after = text.slice(at + 1, digest);
  // As in alpine@3.18, which somebody has typed for a tag.
  const harmless = !scheme && !login.includes(":") && !after.includes("/");
  return at <= scheme.length || harmless
    ? { scheme, login: "", rest: text.slice(scheme.length) }
    : { scheme, login, rest: text.slice(at + 1) };
}

/**
 * Whether a login stands in what a person typed as an address or reference.
 *
 * @param text What was typed, such as `user:secret@host/image`.
 * @returns Whether a part of it must not be shown.
 */
export function holdsLogin(text: string): boolean {
  return takeApart(text).login !== "";
}

/**
 * What a person typed as an address or reference, without what may be secret
 * in it, however malformed it is.
 *
 * @param text What was typed, such as `http://user:se#cret@proxy:3128`.
 * @returns Such as `http://•••@proxy:3128`.
 */
export function redactAddress(text: string): string {
  const { scheme, login, rest } = takeApart(text);
  return scheme + (login && `${MASK}@`) + rest.replace(/[?#][^]*$/, "?…");
}

/** Words that stand before a colon and are no user. */
const NO_USER = /^(?:npm|jsr|node|file|data|blob):/i;

/**
 * Text without what is secret in the addresses that stand in it.
 *
 * @param text The text.
 * @returns The text with user, password and query taken out of each address.
 */
export function redactText(text: string): string {
  return text
    // A quoted one may hold anything.
    .replace(
      /"((?:[a-z][a-z0-9+.-]{0,30}:\/\/|[^\s"\\/:@.][^\s"\\/:@]{0,200}:)(?:[^"\\]|\\.){0,4000}@(?:[^"\\]|\\.){0,4000})"/gi,
      (whole, inside) => /^file:/i.test(inside) ? whole : `"${redact(inside)}"`,
    )
    // A scheme is not looked for from each letter of a long word to its end.
    .replace(/[a-z][a-z0-9+.-]{0,63}:\/\/[^\s"'<>()]+/gi, (found) => {
      if (/^file:/i.test(found)) return found;
      // What ends a clause is no part of the address.
      let end = found.length;
      while (".,:;".includes(found[end - 1]!)) end--;
      const address = found.slice(0, end);
      return redact(address) + found.slice(end);
    })
    .replace(
      /(?<![^\s("'=,])[^\s:@/"'()=,]{1,200}:[^\s"'()]{1,500}@(?!sha\d{3}:)(?=[\p{L}\p{N}[])/gu,
      (found) => NO_USER.test(found) ? found : `${MASK}@`,
    );
}

function redact(address: string): string {
  if (!isSound(address)) return redactAddress(address);
  const clean = redactUrl(address);
  return clean === `${address}/` ? address : clean;
}

/** Whether an address means to a parser of URLs what it means to a person. */
function isSound(text: string): boolean {
  if (!SCHEME.test(text) || !URL.canParse(text)) return false;
  const { username, password, host } = new URL(text);
  const { login } = takeApart(text);
  return login === "" || username + password !== "" &&
      !/[/?#\\]/.test(login) ||
    (/:\d+$/.test(host) && /^[^/]*\//.test(login));
}
