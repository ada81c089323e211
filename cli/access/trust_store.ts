/**
 * The certificate authorities that this system trusts. Every runtime brings
 * its own list of the public ones and leaves out those that the owner of the
 * machine has added. They are looked for only once a certificate's issuer is
 * unknown, so that nobody else waits for it.
 */

import type { StorageError } from "../../lib/image/errors.ts";
import { readdir } from "node:fs/promises";
import { posix, win32 } from "node:path";
import { openPlain, readSettings } from "../../lib/disk/plain_file.ts";
import { describeFailure } from "../../lib/net/network_error.ts";
import type { Environment } from "../options/environment.ts";

/** Where distributions keep all certificates in one file. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Arch, Gentoo
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL
  "/etc/pki/tls/certs/ca-bundle.crt", // older ones of these
  "/etc/ssl/ca-bundle.pem", // SUSE
  "/etc/ssl/cert.pem", // Alpine, macOS, FreeBSD
  "/usr/local/share/certs/ca-root-nss.crt", // FreeBSD
];
const CERTIFICATE =
  /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g;

/** The most files of one folder that are looked at. */
const MOST_FILES = 4096;
/** The largest file that is read, in bytes: all authorities together take less. */
const LARGEST = 1024 * 1024;
/** The most that is read of all folders, in bytes. */
const MOST_BYTES = 32 * 1024 * 1024;

/** Whether a request failed because nobody known has signed a certificate. */
export function isUntrusted(error: unknown): boolean {
  const { code } = describeFailure(error).problem;
  return code === "unknown-authority" || code === "self-signed";
}

/**
 * The certificates of the system, or of `SSL_CERT_FILE`, that the runtime
 * does not know by itself; with those of `SSL_CERT_DIR`, as in Go.
 *
 * @param warn Takes a sentence that the user should see.
 * @param os The operating system, as `process.platform`.
 */
export async function systemCertificates(
  env: Environment,
  warn: (message: string) => void,
  os = "",
): Promise<string[]> {
  const { SSL_CERT_FILE: named, SSL_CERT_DIR: folders } = env;
  const unusable = (name: string, path: string, why: string) =>
    warn(`Cannot use ${name} ${JSON.stringify(path)}: ${why}`);
  let all: string[] = [];
  if (named) {
    try {
      all = certificates(await readSettings(named));
      if (all.length === 0) {
        throw new Error("there is no PEM certificate in it");
      }
    } catch (error) {
      const { code, words, message } = error as StorageError;
      unusable("SSL_CERT_FILE", named, words ?? code ?? message);
    }
  } else if (!env.DENO_TLS_CA_STORE) all = await systemStore();
  if (folders) {
    const texts = await readFolders(
      folders,
      os,
      (folder, code) => unusable("SSL_CERT_DIR", folder, code),
    );
    all = [...all, ...texts.flatMap(certificates)];
  }
  const tls = await loadTls();
  const known = new Set(tls.rootCertificates.map(essence));
  return [...new Map(all.map((text) => [essence(text), text]))]
    .flatMap(([key, text]) => known.has(key) ? [] : [text]);
}

/** It takes a while, and few need it. */
async function loadTls() {
  return (await import("node:tls")).default;
}

async function systemStore(): Promise<string[]> {
  const { getCACertificates } = await loadTls() as {
    getCACertificates?: (kind: "system") => string[];
  };
  try {
    const found = getCACertificates?.("system") ?? [];
    if (found.length > 0) return found;
  } catch {
    // Not everywhere, and not permitted everywhere.
  }
  for (const path of BUNDLES) {
    try {
      const found = certificates(await readSettings(path));
      if (found.length > 0) return found;
    } catch {
      // Another distribution's.
    }
  }
  return [];
}

/**
 * Reads the texts of all files in the folders of `SSL_CERT_DIR`: PEM files,
 * which OpenSSL names by a hash, as links to the files themselves. As in Go,
 * all are read, whatever they are called. What is no file of moderate size is
 * passed over: other things lie there, too.
 *
 * @param list The folders, as the variable has them.
 * @param os The operating system, as `process.platform`.
 * @param unreadable Is told of a folder that cannot be read, with its code.
 */
async function readFolders(
  list: string,
  os: string,
  unreadable: (folder: string, code: string) => void,
): Promise<string[]> {
  const { join, delimiter } = os === "win32" ? win32 : posix;
  const texts: string[] = [];
  let left = MOST_BYTES;
  for (const folder of new Set(list.split(delimiter).filter(Boolean))) {
    let names: string[];
    try {
      names = await readdir(folder);
    } catch (error) {
      unreadable(folder, (error as NodeJS.ErrnoException).code ?? "EIO");
      continue;
    }
    for (const name of names.sort().slice(0, MOST_FILES)) {
      const text = await readSmall(join(folder, name), Math.min(left, LARGEST));
      if (text === undefined) continue;
      left -= text.length;
      texts.push(text);
    }
  }
  return texts;
}

async function readSmall(
  path: string,
  most: number,
): Promise<string | undefined> {
  try {
    const { handle, status } = await openPlain(path, { follow: true });
    try {
      if (status.size > most) return undefined;
      return await handle.readFile("utf8");
    } finally {
      await handle.close();
    }
  } catch {
    // A link to nowhere, a pipe, or not meant for this user.
    return undefined;
  }
}

function certificates(text: string): string[] {
  return text.match(CERTIFICATE) ?? [];
}

/** A certificate without what two files write differently. */
function essence(text: string): string {
  return text.replace(/-----[^-]+-----|\s/g, "");
}
