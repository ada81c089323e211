/** The secrets that are known, taken out of texts that may hold them. */

import type { Credential, CredentialProvider, Fetch } from "../image/types.ts";
import { MASK } from "../redact/address.ts";
import { cleanText, neutralize } from "../redact/clean.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";

/** Less than this would be found in words that are no secret. */
const SHORTEST = 4;
/** Up to this length, a secret may be a part of a longer word by chance. */
const SHORT = 8;
/** From this length on, a part of a secret that was cut is known by its end. */
const LONG = 16;
/** How much of it is enough to know it. */
const PART = 12;

/**
 * Words that this program says of itself: to mask one would tell that it is a
 * password, and spoil what is said.
 */
const OWN = new Set(
  ("addresses amd64 arch arm64 archive authorization basic bearer blob cache " +
    "cannot certificate clock config content daemon digest docker docker-pull " +
    "error folder hint host http https image index json latest layer layers " +
    "library limit linux local login manifest message mirror name network " +
    "note null oauth2 output password platform platforms port problem proxy " +
    "pull quay ranges reason reference registry retry root saved server " +
    "service speed status step storage system test time token true type user " +
    "username verify version warning windows").split(" "),
);

/** All forms that a secret may take in a text. */
function formsOf(secret: string): string[] {
  const whole = wellFormed(secret);
  const encoded = encodeURIComponent(whole);
  // A message with JSON in it is itself a part of JSON.
  const json = [secret];
  for (let i = 0; i < 4; i++) {
    json.push(JSON.stringify(json.at(-1)).slice(1, -1));
  }
  const plain = [...json, whole];
  plain.push(...plain.map((text) => cleanText(text, text.length + 1)));
  return [
    ...plain,
    ...plain.map(neutralize),
    encoded,
    encoded.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    // What a parser of URLs leaves as it is.
    encodeURI(whole),
    new URL(`http://x:${encoded}@h/`).password,
    new URLSearchParams({ "": whole }).toString().slice(1),
    secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;").replaceAll('"', "&quot;"),
    encodeBase64(whole),
  ];
}

/** The text without half a character pair, which is no text to encode. */
function wellFormed(text: string): string {
  return text.replace(
    /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    "\ufffd",
  );
}

/** Knows the secrets of one run, and takes them out of what is shown. */
export class Secrets {
  readonly #known = new Set<string>();
  readonly #open = new Set<string>();
  #forms: string[] | undefined;

  /** Learns a secret, in all forms that it may take in a text. */
  learn(secret: string | null | undefined): void {
    if (!secret || secret.length < SHORTEST || this.#known.has(secret)) return;
    this.#known.add(secret);
    this.#forms = undefined;
  }

  /** Learns what a login holds. */
  learnCredential(credential: Credential): void {
    if (credential.kind === "basic") {
      const { username, password } = credential;
      this.learn(password);
      this.learn(encodeBase64(wellFormed(`${username}:${password}`)));
    } else this.learn(credential.token);
  }

  /** Learns the login in what a person typed as an address, however broken. */
  learnAddress(text: string): void {
    const [, login] = /^(?:[a-z][a-z0-9+.-]*:\/\/)?([^]*)@/i.exec(text) ?? [];
    if (login === undefined) return;
    const [user = ""] = login.split(":", 1);
    const password = login.slice(user.length + 1);
    for (const part of [login, user, password]) {
      this.learn(part);
      this.learn(decoded(part));
    }
  }

  /**
   * Learns a text that the user has shown themselves, such as the image's
   * name: what stands in it is not masked, since that would tell.
   */
  allow(text: string | undefined): void {
    if (!text) return;
    this.#open.add(text);
    this.#forms = undefined;
  }

  /** Learns the login or token of a request, and those in its form. */
  learnSent(authorization: string | null | undefined, form: unknown): void {
    const [, scheme, value = ""] = /^(\S+) +(.+)$/.exec(authorization ?? "") ??
      [];
    this.learn(value);
    if (scheme?.toLowerCase() === "basic") {
      const login = decodeBase64(value, { fatal: false }) ?? "";
      this.learn(login);
      this.learn(login.slice(login.indexOf(":") + 1));
    }
    if (typeof form === "string") {
      const fields = new URLSearchParams(form);
      this.learn(fields.get("refresh_token"));
      this.learn(fields.get("password"));
    }
  }

  /** A `fetch` that learns every secret that it sends. */
  watch(fetch: Fetch): Fetch {
    return (url, init) => {
      const headers = new Headers(init?.headers);
      this.learnSent(headers.get("authorization"), init?.body);
      return fetch(url, init);
    };
  }

  /** A provider of logins that learns those that it gives. */
  watchCredentials(provider: CredentialProvider): CredentialProvider {
    return async (registry, repository) => {
      const found = await provider(registry, repository);
      if (found) this.learnCredential(found.credential);
      return found;
    };
  }

  /** The text with a mark in place of every secret in it. */
  mask(text: string): string {
    const found: Span[] = [];
    for (const form of this.#forms ??= this.#allForms()) {
      find(text, form, found);
    }
    if (found.length === 0) return text;
    // One may be a part of another, or begin within it.
    found.sort((a, b) => a.start - b.start);
    let clean = "";
    let from = 0;
    for (const { start, end } of found) {
      if (end <= from) continue;
      if (start >= from) clean += text.slice(from, start) + MASK;
      from = end;
    }
    return clean + text.slice(from);
  }

  /** The same value, with all its texts made clean; by default, masked. */
  scrub<T>(value: T, clean = (text: string) => this.mask(text)): T {
    if (typeof value === "string") return clean(value) as T;
    if (Array.isArray(value)) {
      return value.map((each) => this.scrub(each, clean)) as T;
    }
    if (value === null || typeof value !== "object") return value;
    // What JSON writes as a text has no fields, as a time.
    if ("toJSON" in value && typeof value.toJSON === "function") {
      return this.scrub(value.toJSON(), clean);
    }
    return Object.fromEntries(
      Object.entries(value).map((
        [name, each],
      ) => [name, this.scrub(each, clean)]),
    ) as T;
  }

  #allForms(): string[] {
    const forms = new Set<string>();
    for (const secret of this.#known) {
      if (this.#isOpen(secret)) continue;
      for (const form of formsOf(secret)) {
        if (form.length >= SHORTEST) forms.add(form);
      }
    }
    return [...forms];
  }

  #isOpen(secret: string): boolean {
    if (OWN.has(secret.toLowerCase())) return true;
    for (const text of this.#open) if (text.includes(secret)) return true;
    return false;
  }
}

/** Where in a text a secret stands. */
interface Span {
  start: number;
  end: number;
}

/** Finds a form of a secret; a long one also where it was cut. */
function find(text: string, form: string, spans: Span[]): void {
  if (form.length >= LONG) return findCut(text, form, spans);
  for (const start of positions(text, form)) {
    const end = start + form.length;
    // A short one counts where it is no part of a longer word.
    const inside = form.length < SHORT &&
      (joins(text[start - 1], form[0]) || joins(form.at(-1), text[end]));
    if (!inside) spans.push({ start, end });
  }
}

function findCut(text: string, form: string, spans: Span[]): void {
  for (const start of positions(text, form.slice(0, PART))) {
    let end = start + PART;
    let next = PART;
    while (next < form.length && text[end] === form[next]) end++, next++;
    spans.push({ start, end });
  }
  for (const at of positions(text, form.slice(-PART))) {
    let start = at;
    let next = form.length - PART - 1;
    while (next >= 0 && start > 0 && text[start - 1] === form[next]) {
      start--;
      next--;
    }
    spans.push({ start, end: at + PART });
  }
}

function* positions(text: string, part: string): Iterable<number> {
  for (let at = -1; (at = text.indexOf(part, at + 1)) >= 0;) yield at;
}

const WORD = /[\p{L}\p{N}_]/u;

function joins(left: string | undefined, right: string | undefined): boolean {
  return left !== undefined && right !== undefined && WORD.test(left) &&
    WORD.test(right);
}

/**
 * Text with its `%` signs taken as in addresses, and left as they are where
 * they mean nothing: a password may hold a bare one.
 *
 * @param text The text.
 * @returns The text that is meant.
 */
export function decoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (codes) => {
    try {
      return decodeURIComponent(codes);
    } catch {
      return codes;
    }
  });
}
