/** Which daemon is meant where none is named: as the `docker` command finds it. */

import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { posix, win32 } from "node:path";
import { readSettings } from "../disk/plain_file.ts";
import { DaemonError, StorageError } from "../image/errors.ts";
import type { TlsSettings } from "../net/tunnel.ts";
import type { DaemonAddress } from "./address.ts";
import { asObject } from "./answer.ts";

/** What the default depends on. */
export interface DefaultDaemonSettings {
  /** The environment's variables. */
  env: Record<string, string | undefined>;
  /** The user's home. */
  home?: string;
  /** The user's number, where there is such a thing. */
  uid?: number;
  /** The operating system, as `process.platform` or `Deno.build.os` spell it. */
  platform: string;
}

/** The context that is no context, but the default. */
const NO_CONTEXT = "default";
const PIPES = [
  "npipe:////./pipe/docker_engine",
  "npipe:////./pipe/podman-machine-default",
];

/**
 * Finds the daemon: `DOCKER_HOST`, with `DOCKER_TLS_VERIFY` and
 * `DOCKER_CERT_PATH`; `DOCKER_CONTEXT`, or the context that `docker context use`
 * has chosen; Docker's own socket; Podman's.
 *
 * @throws {DaemonError} With the code `absent`, or `no-context`.
 * @throws {StorageError} If a file of a context cannot be read.
 */
export async function defaultDaemon(
  settings: DefaultDaemonSettings,
): Promise<DaemonAddress> {
  const { env } = settings;
  if (env.DOCKER_HOST) return await ofHost(env.DOCKER_HOST, settings);
  const context = env.DOCKER_CONTEXT || await currentContext(settings);
  if (context && context !== NO_CONTEXT) {
    return await ofContext(context, settings);
  }
  for (const url of usualPlaces(settings)) {
    if (await isThere(url)) return { url };
  }
  throw new DaemonError("Docker", { code: "absent" });
}

/**
 * A daemon by its address, secured as the environment says where it is one of
 * `tcp:`.
 *
 * @throws {StorageError} If a certificate cannot be read.
 */
export async function ofHost(
  url: string,
  settings: DefaultDaemonSettings,
): Promise<DaemonAddress> {
  const { env } = settings;
  if (!/^tcp:/i.test(url) || !env.DOCKER_TLS_VERIFY) return { url };
  const folder = env.DOCKER_CERT_PATH || configFolder(settings);
  if (folder === undefined) return { url, tls: {} };
  return { url, tls: await readTls(folder, settings) };
}

/** The sockets that are looked for, Docker's before Podman's. */
export function usualPlaces(settings: DefaultDaemonSettings): string[] {
  const { env, home, uid, platform } = settings;
  if (platform.startsWith("win")) return PIPES;
  const runtime = env.XDG_RUNTIME_DIR ||
    (uid === undefined ? undefined : `/run/user/${uid}`);
  return [
    "/var/run/docker.sock",
    home && `${home}/.docker/run/docker.sock`,
    runtime && `${runtime}/docker.sock`,
    runtime && uid !== 0 && `${runtime}/podman/podman.sock`,
    "/run/podman/podman.sock",
  ].flatMap((path) => path ? [`unix://${path}`] : []);
}

async function isThere(url: string): Promise<boolean> {
  // A pipe of Windows is looked at as a file is.
  const path = url.replace(/^[a-z]+:\/\//, "");
  return await stat(path).then(() => true, (error) =>
    // It is there, and its folder is another user's.
    (error as { code?: string }).code === "EACCES");
}

function configFolder(
  { env, home, platform }: DefaultDaemonSettings,
): string | undefined {
  const { join } = platform.startsWith("win") ? win32 : posix;
  return env.DOCKER_CONFIG || (home && join(home, ".docker"));
}

async function currentContext(
  settings: DefaultDaemonSettings,
): Promise<string | undefined> {
  const folder = configFolder(settings);
  if (folder === undefined) return undefined;
  const { join } = settings.platform.startsWith("win") ? win32 : posix;
  const config = await readJson(join(folder, "config.json"));
  const { currentContext } = asObject(config);
  return typeof currentContext === "string" ? currentContext : undefined;
}

/** A context of the `docker` command, which keeps each in folders of its own. */
async function ofContext(
  context: string,
  settings: DefaultDaemonSettings,
): Promise<DaemonAddress> {
  const { join } = settings.platform.startsWith("win") ? win32 : posix;
  const id = createHash("sha256").update(context).digest("hex");
  const folder = join(configFolder(settings) ?? "", "contexts");
  const meta = asObject(await readJson(join(folder, "meta", id, "meta.json")));
  const docker = asObject(asObject(meta.Endpoints).docker);
  const { Host: url, SkipTLSVerify: careless } = docker;
  if (typeof url !== "string" || url === "") {
    throw new DaemonError("Docker", { code: "no-context", context });
  }
  const certificates = join(folder, "tls", id, "docker");
  const secured = /^tcp:/i.test(url) &&
    await stat(certificates).then(() => true, () => false);
  if (!secured && careless !== true) return { url };
  const tls = secured ? await readTls(certificates, settings) : {};
  if (careless === true) tls.rejectUnauthorized = false;
  return { url, tls };
}

/** The certificates in a folder, of which none has to be there. */
async function readTls(
  folder: string,
  { platform }: DefaultDaemonSettings,
): Promise<TlsSettings> {
  const { join } = platform.startsWith("win") ? win32 : posix;
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "cert.pem", "key.pem"].map((name) => read(join(folder, name))),
  );
  const tls: TlsSettings = {};
  if (ca !== undefined) tls.ca = [ca];
  if (cert !== undefined && key !== undefined) {
    Object.assign(tls, { cert, key });
  }
  return tls;
}

/** A file's text; nothing where there is none. */
async function read(path: string): Promise<string | undefined> {
  try {
    return await readSettings(path);
  } catch (error) {
    if (error instanceof StorageError && error.code === "ENOENT") return;
    throw error;
  }
}

async function readJson(path: string): Promise<unknown> {
  const text = await read(path);
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch (cause) {
    throw new StorageError("use", path, "malformed", { cause });
  }
}
