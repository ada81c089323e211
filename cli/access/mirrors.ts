/**
 * Which mirrors stand in for a registry: as the options say, else
 * `DOCKER_PULL_MIRRORS`, else, for Docker Hub, the files that configure
 * Docker itself.
 *
 * @see {@link https://docs.docker.com/docker-hub/image-library/mirror/}
 */

import { posix, win32 } from "node:path";
import { readSettings } from "../../lib/disk/plain_file.ts";
import { InvalidSettingError, StorageError } from "../../lib/image/errors.ts";
import { canonicalRegistry, DOCKER_HUB } from "../../lib/image/reference.ts";
import { type Mirror, parseMirrorUrl } from "../../lib/registry/mirrors/url.ts";
import { UsageError } from "../options/arguments.ts";
import { type CertificatePlaces, settingsFolders } from "./certificates.ts";
import { settingSentence } from "../messages/reasons.ts";
import { explainStorage } from "../messages/storage_errors.ts";

/**
 * Reads `HOST=URL[,URL]`.
 *
 * @param source What the user knows it by.
 * @throws {UsageError} It is none.
 */
export function parseMirror(text: string, source: string): Mirror {
  const [, host = "", list = ""] = /^([^=/]+)=(.+)$/.exec(text) ?? [];
  const refuse = (reason: string) => new UsageError(`${source}: ${reason}`);
  // Before it is taken apart at signs that a password may have.
  if (text.includes("@")) {
    throw refuse("a login cannot be part of a mirror's address");
  }
  if (!host || !list) {
    throw refuse(
      `a mirror is written HOST=URL, as in docker.io=https://mirror.example, ` +
        "and this is not",
    );
  }
  const name = `https://${host}/`;
  if (!URL.canParse(name) || /[?#@]/.test(host)) {
    throw refuse(`${JSON.stringify(host)} is no host`);
  }
  const url = new URL(name);
  const hub = canonicalRegistry(url.hostname) === DOCKER_HUB;
  // A default port that was written is part of a reference's host.
  const port = /:(\d+)$/.exec(host)?.[0] ?? "";
  return {
    registry: hub ? DOCKER_HUB : url.hostname + port,
    urls: list.split(",").filter(Boolean).map((text) =>
      mirrorUrl(text, refuse)
    ),
  };
}

/** The address of a mirror, as it was written. */
function mirrorUrl(
  text: string,
  refuse: (reason: string) => UsageError,
): string {
  try {
    parseMirrorUrl(text);
    return text;
  } catch (error) {
    if (!(error instanceof InvalidSettingError)) throw error;
    throw refuse(settingSentence(error));
  }
}

/** The files that configure Docker, the user's own first. */
export function daemonFiles(places: CertificatePlaces): string[] {
  const [{ join }, shared] = places.os === "win32"
    ? [win32, "config"]
    : [posix, ""];
  return settingsFolders(places, ["docker"]).map((folder) =>
    join(folder, folder.endsWith(".docker") ? "" : shared, "daemon.json")
  );
}

/** The `registry-mirrors` of those files; what is wrong in them is told. */
async function daemonMirrors(
  places: CertificatePlaces,
  warn: (message: string) => void,
): Promise<string[]> {
  const urls: string[] = [];
  for (const path of daemonFiles(places)) {
    try {
      urls.push(...parseDaemonFile(await readSettings(path), path));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (["ENOENT", "ENOTDIR", "EACCES", "EPERM"].includes(code ?? "")) {
        continue; // not there, or not meant for this user
      }
      // Deno's own word for what it was not permitted to read.
      const { cause } = error as Error;
      if (cause instanceof Error && cause.name === "NotCapable") continue;
      const { sentence } = error instanceof StorageError
        ? explainStorage(error)
        : { sentence: message };
      warn(`${sentence}, so no mirrors are taken from there`);
    }
  }
  return [...new Set(urls)];
}

function parseDaemonFile(text: string, path: string): string[] {
  const fail = (reason: string) =>
    new UsageError(`Cannot use ${JSON.stringify(path)}: ${reason}`);
  if (text.trim() === "") return [];
  let document: unknown;
  try {
    document = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    throw fail("it is not valid JSON");
  }
  const mirrors = typeof document === "object" && document !== null &&
      Object.hasOwn(document, "registry-mirrors")
    ? (document as { "registry-mirrors": unknown })["registry-mirrors"]
    : [];
  if (!Array.isArray(mirrors) || mirrors.some((m) => typeof m !== "string")) {
    throw fail('its "registry-mirrors" is not a list of addresses');
  }
  return mirrors.map((url) => mirrorUrl(url, fail));
}

/** The mirrors of `DOCKER_PULL_MIRRORS`. */
function readVariable(text: string): Mirror[] {
  const source = "DOCKER_PULL_MIRRORS";
  // A password with a space in it must not come apart.
  const words = text.includes("@") ? [text] : text.split(/[\s;]+/);
  return words.filter(Boolean).map((word) => parseMirror(word, source));
}

/**
 * The mirrors of a registry. The first source that names the registry is the
 * only one that counts.
 *
 * @param registry The registry's name, as in a reference.
 * @param given `--mirror`, or `false` for `--no-mirrors`.
 * @param warn Takes a sentence that the user should see.
 * @throws {UsageError} `DOCKER_PULL_MIRRORS` makes no sense.
 */
export async function findMirrors(
  registry: string,
  given: readonly Mirror[] | false,
  places: CertificatePlaces,
  warn: (message: string) => void,
): Promise<Mirror | undefined> {
  if (given === false) return undefined;
  const variable = readVariable(places.env.DOCKER_PULL_MIRRORS ?? "");
  for (const lists of [given, variable]) {
    const urls = lists.filter((list) => list.registry === registry)
      .flatMap((list) => list.urls);
    if (urls.length > 0) return { registry, urls: [...new Set(urls)] };
  }
  if (registry !== DOCKER_HUB) return undefined;
  const urls = await daemonMirrors(places, warn);
  return urls.length > 0 ? { registry, urls } : undefined;
}
