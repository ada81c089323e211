/** What registries, token servers and storages say when they refuse. */

import { defined } from "../image/defined.ts";
import type { RegistryErrorDetail } from "../image/errors.ts";
import { cleanText } from "../redact/clean.ts";

/** As many as anyone reads. */
const MAX_ERRORS = 10;
/** How deep errors may be wrapped into others. */
const MAX_DEPTH = 8;
/** The most characters of a `detail`, which is free-form. */
const MAX_DETAIL = 2_000;

type Fields = Record<string, unknown>;

/**
 * Reads the body of a refusal: the distribution-spec's errors, other JSON
 * that names a reason, S3's and Azure's XML, plain text. A page of HTML gives
 * its title.
 *
 * @param text The body.
 * @returns The reasons, fit for a terminal; none where there are no words.
 *
 * @see {@link https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes}
 */
export function parseErrorBody(text: string): RegistryErrorDetail[] {
  const start = text.slice(0, 100).trimStart();
  if (start === "") return [];
  if (/^[{["]/.test(start)) {
    try {
      return fromJson(JSON.parse(text)).slice(0, MAX_ERRORS);
    } catch {
      // Then it is text that looks like JSON.
    }
  }
  if (start.startsWith("<")) return fromMarkup(text.slice(0, 20_000));
  return [{ code: "", message: cleanText(text, 300) }];
}

function fromJson(value: unknown, depth = 0): RegistryErrorDetail[] {
  if (depth > MAX_DEPTH) return [];
  if (typeof value === "string") return [{ code: "", message: words(value) }];
  if (Array.isArray(value)) {
    return value.slice(0, MAX_ERRORS).flatMap((each) =>
      fromJson(each, depth + 1)
    );
  }
  if (value === null || typeof value !== "object") return [];
  const fields = value as Fields;
  if (Array.isArray(fields.errors)) {
    const listed = fromJson(fields.errors, depth + 1);
    if (listed.length > 0) return listed;
  }
  const { error } = fields;
  if (error !== null && typeof error === "object") {
    return fromJson(error, depth + 1);
  }
  const message = [
    fields.message,
    fields.error_description,
    fields.details,
    fields.detail,
    fields.title,
    fields.reason,
  ].find((each) => typeof each === "string" && each !== "");
  const code = [fields.code, error].find((each) =>
    typeof each === "string" || typeof each === "number"
  );
  if (message === undefined && code === undefined) return [];
  const detail = keptDetail(fields.detail);
  return [defined({
    code: words(code ?? "", 100),
    message: words(message ?? ""),
    detail: detail === message ? undefined : detail,
  })];
}

function words(value: unknown, limit = 500): string {
  return cleanText(String(value), limit);
}

/** The detail without control characters, or nothing where it is large. */
function keptDetail(value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  const text = JSON.stringify(value);
  if (text.length > MAX_DETAIL) return undefined;
  return JSON.parse(
    text,
    (_key, each) => typeof each === "string" ? words(each) : each,
  );
}

function fromMarkup(text: string): RegistryErrorDetail[] {
  const find = (name: string) => {
    const start = text.search(new RegExp(`<${name}[\\s>]`, "i"));
    if (start < 0) return "";
    const open = text.indexOf(">", start);
    const end = text.indexOf("<", open);
    return open < 0 || end < 0 ? "" : words(text.slice(open + 1, end), 300);
  };
  const code = find("Code");
  const message = find("Message") || find("title");
  return code || message ? [{ code, message }] : [];
}
