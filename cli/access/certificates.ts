/**
 * Certificates from files: those that the options name, and those that Docker
 * and Podman keep by host in their folders `certs.d`.
 *
 * @see {@link https://docs.docker.com/engine/security/certificates/}
 */

import { readdir } from "node:fs/promises";
import { posix, win32 } from "node:path";
import { readSettings } from "../../lib/disk/plain_file.ts";
import { StorageError } from "../../lib/image/errors.ts";
import { registryHost } from "../../lib/image/reference.ts";
import type { TlsOptions } from "../../lib/net/tls_settings.ts";
import { UsageError } from "../options/arguments.ts";
import type { Environment } from "../options/environment.ts";
import type { NetworkOptions } from "../options/shared_options.ts";
import { explainStorage } from "../messages/storage_errors.ts";

const CERTIFICATE = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----/;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** Where the folders `certs.d` are. */
export interface CertificatePlaces {
  /** The environment. */
  env: Environment;
  /** The operating system, as `process.platform`. */
  os: string;
  /** The user's home, if there is any. */
  home?: string;
  /**
   * The folder of the system's settings.
   *
   * @default {"/etc"}
   */
  etc?: string;
}

/** A host's name in an address, with its port: what settings are found by. */
export function hostKey(registry: string): string {
  const url = new URL(`https://${registryHost(registry)}/`);
  return `${url.hostname}:${url.port || "443"}`;
}

/**
 * The file's text.
 *
 * @throws {StorageError} It cannot be read.
 * @throws {UsageError} There is no PEM of that kind in it.
 */
export async function readPem(
  path: string,
  kind: "certificate" | "private key",
): Promise<string> {
  return checkPem(await readSettings(path), path, kind);
}

function checkPem(
  text: string,
  path: string,
  kind: "certificate" | "private key",
): string {
  const pattern = kind === "certificate" ? CERTIFICATE : PRIVATE_KEY;
  const refuse = (reason: string) =>
    new UsageError(`Cannot use ${JSON.stringify(path)}: ${reason}`);
  if (!pattern.test(text)) throw refuse(`there is no PEM ${kind} in it`);
  if (
    kind === "private key" &&
    /-----BEGIN ENCRYPTED |Proc-Type: 4,ENCRYPTED/.test(text)
  ) throw refuse("the private key in it is encrypted");
  return text;
}

/** The client certificate that the options name. */
export async function readClientCertificate(
  { clientCert, clientKey = clientCert }: NetworkOptions,
): Promise<Pick<TlsOptions, "clientCert" | "clientKey">> {
  if (clientCert === undefined || clientKey === undefined) return {};
  const text = await readSettings(clientCert);
  const certificate = checkPem(text, clientCert, "certificate");
  if (clientKey !== clientCert) {
    const key = await readPem(clientKey, "private key");
    return { clientCert: certificate, clientKey: key };
  }
  if (!PRIVATE_KEY.test(text)) {
    throw new UsageError(
      `Option --client-cert needs --client-key FILE: there is no private ` +
        `key in ${JSON.stringify(clientCert)}`,
    );
  }
  const key = checkPem(text, clientCert, "private key");
  return { clientCert: certificate, clientKey: key };
}

/**
 * The folders of the settings of Docker or Podman, the user's own first.
 *
 * @param programs What they are called there: `docker` or `containers`.
 */
export function settingsFolders(
  { env, os, home, etc = "/etc" }: CertificatePlaces,
  programs: readonly string[],
): string[] {
  const { join } = os === "win32" ? win32 : posix;
  const own = home ? [join(home, ".docker")] : [];
  if (os === "win32") {
    return [...own, join(env.ProgramData ?? "C:\\ProgramData", "docker")];
  }
  const config = env.XDG_CONFIG_HOME ?? (home && join(home, ".config"));
  const below = (folder: string | undefined) =>
    folder ? programs.map((program) => join(folder, program)) : [];
  return [...below(config), ...own, ...below(etc)];
}

/** The folders that hold one folder for each host, the user's own first. */
export function certificateFolders(places: CertificatePlaces): string[] {
  const { join } = places.os === "win32" ? win32 : posix;
  return settingsFolders(places, ["containers", "docker"])
    .map((folder) => join(folder, "certs.d"));
}

/**
 * Reads what the folders `certs.d` have for a registry: every `.crt` is an
 * authority to trust, and a `.cert` with the `.key` of the same name the
 * certificate to show.
 *
 * What cannot be used is left out, since nothing is less safe without it.
 *
 * @param registry The registry's name, as in a reference.
 * @param warn Takes a sentence that the user should see.
 */
export async function readCertificateFolders(
  places: CertificatePlaces,
  registry: string,
  warn: (message: string) => void,
): Promise<TlsOptions> {
  const { join } = places.os === "win32" ? win32 : posix;
  const host = registryHost(registry);
  const names = new Set([registry, host]);
  if (!/:\d+$/.test(host)) names.add(`${host}:443`);
  const options: TlsOptions = {};
  for (const folder of certificateFolders(places)) {
    for (const name of names) {
      // There, no file's name can have a colon; Docker just leaves it out.
      const plain = places.os === "win32" ? name.replaceAll(":", "") : name;
      await addFolder(join(folder, plain), options, join, warn);
    }
  }
  return options;
}

async function addFolder(
  folder: string,
  options: TlsOptions,
  join: (...parts: string[]) => string,
  warn: (problem: string) => void,
): Promise<void> {
  const names = (await list(folder)).sort();
  const read = async (name: string, kind: "certificate" | "private key") => {
    try {
      return await readPem(join(folder, name), kind);
    } catch (error) {
      const { sentence } = error instanceof StorageError
        ? explainStorage(error)
        : { sentence: (error as Error).message };
      warn(`${sentence}, so it is not used`);
      return undefined;
    }
  };
  for (const name of names) {
    if (name.endsWith(".crt")) {
      const text = await read(name, "certificate");
      if (text) options.caCerts = [...options.caCerts ?? [], text];
    } else if (name.endsWith(".cert") && !options.clientCert) {
      const clientCert = await read(name, "certificate");
      const clientKey = clientCert &&
        await read(`${name.slice(0, -5)}.key`, "private key");
      if (clientCert && clientKey) {
        Object.assign(options, { clientCert, clientKey });
      }
    }
  }
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    // It need not be there, nor be meant for this user.
    return [];
  }
}
