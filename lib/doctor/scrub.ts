/**
 * The last gate before a report is shown: every secret that was sent or found
 * while it was made is taken out, wherever a stranger may have put it.
 */

import { cleanText } from "../registry/redact.ts";
import type { Credential, CredentialProvider, Fetch } from "../types.ts";

/** Less than this would be found in words that are no secret. */
const SHORTEST = 4;
const MASK = "•••";

/** Knows the secrets, and takes them out of texts. */
export class Scrubber {
  readonly #secrets: Set<string> = new Set();

  /** Learns a secret, in all forms that it may take in a text. */
  learn(secret: string | null | undefined): void {
    if (!secret || secret.length < SHORTEST) return;
    this.#secrets.add(secret);
    this.#secrets.add(encodeURIComponent(secret));
    this.#secrets.add(JSON.stringify(secret).slice(1, -1));
  }

  /** Learns what a login holds. */
  learnCredential(credential: Credential): void {
    this.learn(
      credential.kind === "basic" ? credential.password : credential.token,
    );
  }

  /** Learns the login to a proxy. */
  learnProxy(address: string): void {
    const { username, password } = new URL(address);
    for (const part of [username, password]) {
      this.learn(part);
      this.learn(decoded(part));
    }
  }

  /** A `fetch` that learns every secret that it sends. */
  watch(fetch: Fetch): Fetch {
    return (url, init) => {
      const header = new Headers(init?.headers).get("authorization") ?? "";
      const [, scheme, value] = /^(\S+) +(.+)$/.exec(header) ?? [];
      this.learn(value);
      if (scheme?.toLowerCase() === "basic") {
        this.learn(password(value!));
      }
      if (typeof init?.body === "string") {
        this.learn(new URLSearchParams(init.body).get("refresh_token"));
      }
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

  /** The same value, without secrets in any of its texts. */
  scrub<T>(value: T): T {
    if (typeof value === "string") return this.#text(value) as T;
    if (Array.isArray(value)) return value.map((each) => this.scrub(each)) as T;
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, this.scrub(each)]),
    ) as T;
  }

  #text(text: string): string {
    // The longest first: one may be a part of another.
    const secrets = [...this.#secrets].sort((a, b) => b.length - a.length);
    let clean = text;
    for (const secret of secrets) clean = clean.replaceAll(secret, MASK);
    return cleanText(clean, 1000);
  }
}

function password(basic: string): string {
  try {
    const bytes = Uint8Array.from(atob(basic), (c) => c.charCodeAt(0));
    const text = new TextDecoder().decode(bytes);
    return text.slice(text.indexOf(":") + 1);
  } catch {
    return "";
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
