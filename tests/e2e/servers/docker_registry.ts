/** The registry of the distribution project, as Debian packages it. */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { request as requestHttps } from "node:https";
import { request as requestHttp } from "node:http";
import { join } from "node:path";
import type { Certificate } from "./certificates.ts";
import { type Daemon, freePort, startDaemon } from "./daemon.ts";

/** How to start a registry. */
export interface DockerRegistryOptions {
  /** Where its folder is made. */
  folder: string;
  /**
   * The address that it listens at, as addresses have it.
   *
   * @default {"127.0.0.1"}
   */
  address?: string;
  /** Serves HTTPS with this. */
  tls?: Certificate;
  /**
   * Over TLS, lets in only who shows a certificate of this authority; the one
   * to show is for the tests' own requests.
   */
  clients?: { authority: Certificate; shown: Certificate };
  /** Asks for one of these passwords, by user name. */
  users?: Record<string, string>;
  /** Asks for a token of this server. */
  token?: { realm: string; service: string; issuer: string; certFile: string };
  /** Passes on what this registry has. */
  proxy?: string;
}

/** A registry that is up. */
export interface DockerRegistry extends Daemon {
  /** Such as `http://127.0.0.1:5000`. */
  url: string;
  /** Such as `127.0.0.1:5000`. */
  host: string;
}

/** Starts a registry on a free port. */
export async function startDockerRegistry(
  options: DockerRegistryOptions,
): Promise<DockerRegistry> {
  const { address = "127.0.0.1", tls, clients, users, token, proxy } = options;
  const folder = mkdtempSync(join(options.folder, "registry-"));
  const host = `${address}:${await freePort()}`;
  const url = `${tls ? "https" : "http"}://${host}`;
  mkdirSync(join(folder, "data"));
  if (users) writeFileSync(join(folder, "htpasswd"), htpasswd(users));
  const config = {
    version: "0.1",
    log: { level: "warn" },
    storage: {
      filesystem: { rootdirectory: join(folder, "data") },
    },
    http: {
      addr: host,
      secret: "tests",
      ...(tls && {
        tls: {
          certificate: tls.certFile,
          key: tls.keyFile,
          ...(clients && { clientcas: [clients.authority.certFile] }),
        },
      }),
    },
    ...(users && {
      auth: { htpasswd: { realm: "tests", path: join(folder, "htpasswd") } },
    }),
    ...(token && {
      auth: {
        token: {
          realm: token.realm,
          service: token.service,
          issuer: token.issuer,
          rootcertbundle: token.certFile,
        },
      },
    }),
    ...(proxy && { proxy: { remoteurl: proxy } }),
  };
  const configFile = join(folder, "config.yml");
  // JSON is YAML, too.
  writeFileSync(configFile, JSON.stringify(config));
  const daemon = await startDaemon(["docker-registry", "serve", configFile], {
    logFile: join(folder, "log"),
    ready: async () =>
      [200, 401].includes(await ping(`${url}/v2/`, clients?.shown)),
  });
  return { ...daemon, url, host };
}

function htpasswd(users: Record<string, string>): string {
  return Object.entries(users).map(([user, password]) =>
    `${spawnSync("htpasswd", ["-Bbn", user, password]).stdout}`.trim()
  ).join("\n");
}

function ping(url: string, shown?: Certificate): Promise<number> {
  const send = url.startsWith("https:") ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    // The certificate is what a test is about; here the port is enough.
    const options = {
      agent: false,
      rejectUnauthorized: false,
      ...(shown && { cert: shown.cert, key: shown.key }),
    };
    const outgoing = send(url, options, (incoming) => {
      incoming.resume();
      incoming.on("end", () => resolve(incoming.statusCode ?? 0));
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}
