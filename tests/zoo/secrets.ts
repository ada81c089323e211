/**
 * The tests' own scanner for secrets: it knows each password, token and signed
 * address that a test uses, and which hosts may see it.
 */

import { Buffer } from "node:buffer";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** A request as it left. */
export interface Sent {
  /** The method. */
  method: string;
  /** The address. */
  url: URL;
  /** The headers. */
  headers: Headers;
  /** The form, where there is one. */
  body: string;
  /** Ends the request, and its answer's body. */
  signal?: AbortSignal;
}

interface Secret {
  label: string;
  hosts: ReadonlySet<string>;
  /** As bytes, one to a character. */
  forms: string[];
}

/** The secrets of a test. */
export class Secrets {
  readonly #known = new Map<string, Secret>();

  /**
   * Learns a secret.
   *
   * @param label What it is called where it is found.
   * @param value The secret.
   * @param hosts Where it may be sent.
   */
  add(label: string, value: string, hosts: Iterable<string>): void {
    const forms = [...formsOf(value)].map(bytesOf);
    this.#known.set(value, { label, hosts: new Set(hosts), forms });
  }

  /** What is found in a text or in bytes, by label. */
  find(content: string | Uint8Array): string[] {
    const bytes = bytesOf(content);
    return [...this.#known.values()]
      .filter(({ forms }) => forms.some((form) => bytes.includes(form)))
      .map(({ label }) => label);
  }

  /** Fails where something that is kept or shown holds a secret. */
  assertClean(where: string, content: unknown): void {
    const found = this.find(
      content instanceof Uint8Array ? content : textOf(content),
    );
    if (found.length > 0) {
      throw new Error(`${where} holds the ${found.join(", the ")}`);
    }
  }

  /** Fails where a file of a folder, or its name, holds a secret. */
  assertCleanFolder(folder: string): void {
    for (const name of readdirSync(folder, { recursive: true }) as string[]) {
      this.assertClean(`the name of ${name}`, name);
      const path = join(folder, name);
      if (statSync(path).isFile()) {
        this.assertClean(
          `the file ${name}`,
          new Uint8Array(readFileSync(path)),
        );
      }
    }
  }

  /** Fails where a secret has been sent to a host that it is not for. */
  assertConfined(requests: Iterable<Sent>): void {
    for (const { method, url, headers, body } of requests) {
      const decoded = headers.get("authorization")?.replace(
        /^Basic (.+)$/,
        (_, base64) => Buffer.from(base64, "base64").toString(),
      );
      const text = bytesOf(
        [url.href, ...headers.values(), decoded, body].join("\n"),
      );
      for (const { label, hosts, forms } of this.#known.values()) {
        if (hosts.has(url.host)) continue;
        if (forms.some((form) => text.includes(form))) {
          throw new Error(
            `the ${label} was sent to ${url.host}: ${method} ${url.pathname}`,
          );
        }
      }
    }
  }
}

/** Text or bytes with one character for each byte, which is fast to search. */
function bytesOf(content: string | Uint8Array): string {
  return typeof content === "string"
    ? Buffer.from(content).toString("latin1")
    : Buffer.from(content.buffer, content.byteOffset, content.byteLength)
      .toString("latin1");
}

/** A secret in all the forms that it may be written in. */
function formsOf(value: string): Set<string> {
  const forms = new Set([
    value,
    encodeURIComponent(value),
    encodeURIComponent(value).toLowerCase(),
    new URLSearchParams({ "": value }).toString().slice(1),
    JSON.stringify(value).slice(1, -1),
    Buffer.from(value).toString("hex"),
  ]);
  const bytes = Buffer.from(value);
  // In base64 it depends on what stands before: three ways, of which the
  // letters at both ends belong to the neighbours as well.
  for (const before of [0, 1, 2]) {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]);
    const end = Math.floor(whole.length * 4 / 3) - 1;
    const inner = whole.toString("base64").slice(before === 0 ? 0 : 4, end);
    if (inner.length < 6) continue;
    forms.add(inner);
    forms.add(inner.replaceAll("+", "-").replaceAll("/", "_"));
    forms.add(encodeURIComponent(inner));
  }
  return forms;
}

/** Everything that a value holds: an error's causes and fields included. */
function textOf(value: unknown, depth = 0): string {
  if (typeof value === "string") return value;
  if (value === null || typeof value !== "object" || depth > 8) {
    return String(value);
  }
  if (value instanceof Map || value instanceof Set) {
    return textOf([...value], depth + 1);
  }
  const parts = Reflect.ownKeys(value).map((key) => {
    const { value: each } = Object.getOwnPropertyDescriptor(value, key)!;
    return `${String(key)} ${textOf(each, depth + 1)}`;
  });
  return value instanceof Error
    ? [value.name, value.message, value.stack, ...parts].join("\n")
    : parts.join("\n");
}
