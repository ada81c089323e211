/** What Docker's config.json and Podman's auth.json have in common. */

import { randomUUID } from "node:crypto";
import type { LoginProblem } from "../image/events.ts";
import type { Credential } from "../image/types.ts";
import { storageError } from "../disk/io.ts";
import { openSettings } from "../disk/plain_file.ts";
import { InvalidDocumentError, StorageError } from "../image/errors.ts";
import { decodeBase64 } from "../net/base64.ts";

/** More than a file of logins can sensibly have, in bytes. */
export const AUTH_FILE_LIMIT = 4 * 1024 * 1024;

/** The parts of a file that have to do with logins. Maps, so that no key means more than itself. */
export interface AuthFile {
  /** The entries, unchecked, in the order of the file. */
  auths: Map<string, unknown>;
  /** The helper of single registries; an empty name is "none". */
  credHelpers: Map<string, string>;
  /** The helper of all other registries. */
  credsStore?: string;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads the text of a file of logins. An empty text is an empty file.
 *
 * The error never has the parser's own words, which quote the text.
 *
 * @throws {InvalidDocumentError} If it is no JSON object.
 */
export function parseAuthFile(
  text: string,
  source: string,
  options: {
    /**
     * Whether it is a `.dockercfg`, which is the `auths` and nothing else.
     *
     * @default {false}
     */
    legacy?: boolean;
  } = {},
): AuthFile {
  const { legacy = false } = options;
  let document: unknown = {};
  if (text.trim() !== "") {
    try {
      document = JSON.parse(text);
    } catch {
      throw new InvalidDocumentError(source, { code: "invalid-json" });
    }
  }
  if (!isObject(document)) {
    throw new InvalidDocumentError(source, { code: "not-json-object" });
  }
  const own = (name: string) =>
    !legacy && Object.hasOwn(document, name) ? document[name] : undefined;
  const auths = legacy ? document : own("auths") ?? {};
  const credHelpers = own("credHelpers") ?? {};
  if (!isObject(auths) || !isObject(credHelpers)) {
    throw new InvalidDocumentError(
      source,
      {
        code: "member-no-object",
        field: isObject(auths) ? "credHelpers" : "auths",
      },
    );
  }
  const credsStore = own("credsStore");
  return {
    auths: new Map(Object.entries(auths)),
    credHelpers: new Map(
      Object.entries(credHelpers).filter((entry): entry is [string, string] =>
        typeof entry[1] === "string"
      ),
    ),
    credsStore: typeof credsStore === "string" ? credsStore : undefined,
  };
}

/**
 * The text of a file of logins, without a byte order mark; nothing if there
 * is no such file.
 *
 * @throws {InvalidDocumentError} If it has more than {@linkcode AUTH_FILE_LIMIT} bytes.
 * @throws {StorageError} If it cannot be read.
 */
export async function readAuthFile(
  path: string,
  source: string,
): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  try {
    const file = await openSettings(path);
    try {
      const buffer = new Uint8Array(64 * 1024);
      while (true) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
        if (bytesRead === 0) return text + decoder.decode();
        size += bytesRead;
        if (size > AUTH_FILE_LIMIT) break;
        text += decoder.decode(buffer.subarray(0, bytesRead), { stream: true });
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code, words } = storageError("read", source, error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    // By the name that the user knows it by.
    throw new StorageError("read", source, code, { words, cause: error });
  }
  throw new InvalidDocumentError(
    source,
    { code: "too-large", limit: AUTH_FILE_LIMIT },
  );
}

/** A text of JSON, or a number. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

/**
 * Changes the entries of a file of logins. All else keeps its order and its
 * meaning, to the last digit of a number, and the file its indentation.
 *
 * @param text The file, which {@linkcode parseAuthFile} has understood.
 * @param change Changes the entries in place.
 * @returns The new text; the same where there is no change.
 */
export function changeAuths(
  text: string,
  change: (auths: Map<string, unknown>) => void,
): string {
  const mark = randomUUID();
  const document = JSON.parse(
    text.trim() === ""
      ? "{}"
      : text.replace(TOKEN, (t) => t[0] === '"' ? t : `"${mark}${t}"`),
  );
  const before = JSON.stringify(document);
  // A map, so that no key means more than itself.
  const auths = new Map(Object.entries(document.auths ?? {}));
  change(auths);
  if (auths.size > 0 || document.auths) {
    document.auths = Object.fromEntries(auths);
  }
  if (JSON.stringify(document) === before) return text;
  const indentation = /[\r\n]([ \t]+)\S/.exec(text)?.[1] ??
    (before === "{}" ? "\t" : "");
  return JSON.stringify(document, null, indentation)
    .replaceAll(new RegExp(`"${mark}([^"]*)"`, "g"), "$1") +
    /\n?$/.exec(text)![0];
}

/** A login as `auth` has it. The password may have been padded with NULs. */
function decodeAuth(auth: string): [string, string] | undefined {
  const text = decodeBase64(auth);
  const colon = text?.indexOf(":") ?? -1;
  return text === undefined || colon < 1 ? undefined : [
    text.slice(0, colon),
    text.slice(colon + 1).replace(/^\0+|\0+$/g, ""),
  ];
}

/**
 * The login of an entry of `auths`. An entry without one gives nothing:
 * Docker writes `{}` for a registry whose login a helper keeps. One that
 * cannot be understood gives what is wrong with it.
 */
export function readAuthEntry(
  entry: unknown,
): { credential?: Credential; problem?: LoginProblem } {
  if (!isObject(entry)) return { problem: "no-object" };
  const field = (name: string): string => {
    const value = Object.hasOwn(entry, name) ? entry[name] : undefined;
    return typeof value === "string" ? value : "";
  };
  const registryToken = field("registrytoken");
  if (registryToken) {
    // It goes into a header as it is.
    return /^[\x21-\x7e]+$/.test(registryToken)
      ? { credential: { kind: "registry-token", token: registryToken } }
      : { problem: "bad-token" };
  }
  const auth = field("auth");
  const decoded = auth ? decodeAuth(auth) : undefined;
  const [username, password] = decoded ??
    [field("username"), field("password")];
  const token = field("identitytoken");
  if (token) {
    return {
      credential: {
        kind: "identity-token",
        token,
        username: username || undefined,
      },
    };
  }
  if (auth && !decoded) {
    return { problem: "bad-auth" };
  }
  if (username) return { credential: { kind: "basic", username, password } };
  return password ? { problem: "no-user" } : {};
}
