/**
 * The certificate authorities that this system trusts. Every runtime brings
 * its own list of the public ones and leaves out those that the owner of the
 * machine has added. They are looked for only once a certificate's issuer is
 * unknown, so that nobody else waits for it.
 */

import { readSettings } from "../../lib/disk/plain_file.ts";
import { describeFailure } from "../../lib/net/network_error.ts";
import { readFolders } from "./certificate_folders.ts";
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

/** Whether a request failed because nobody known has signed a certificate. */
export function isUntrusted(error: unknown): boolean {
  const { reason } = describeFailure(error);
  return reason === "unknown-authority" || reason === "self-signed";
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
      const { code, message } = error as NodeJS.ErrnoException;
      unusable("SSL_CERT_FILE", named, code ?? message);
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

function certificates(text: string): string[] {
  return text.match(CERTIFICATE) ?? [];
}

/** A certificate without what two files write differently. */
function essence(text: string): string {
  return text.replace(/-----[^-]+-----|\s/g, "");
}
