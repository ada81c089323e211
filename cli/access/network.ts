/** How the network is reached: proxies, certificates, and whom to trust. */

import { explainError } from "../messages/errors.ts";
import { DockerPullError } from "../../lib/image/errors.ts";
import { registryHost } from "../../lib/image/reference.ts";
import {
  environmentNamesProxy,
  proxyFromEnvironment,
} from "../../lib/net/proxy.ts";
import {
  createTransport,
  type Transport,
  type TransportOptions,
} from "../../lib/net/transport.ts";
import type { AllTlsOptions, TlsOptions } from "../../lib/net/tls_settings.ts";
import { UsageError } from "../options/arguments.ts";
import {
  type CertificatePlaces,
  hostKey,
  readCertificateFolders,
  readClientCertificate,
  readPem,
} from "./certificates.ts";
import type { NetworkOptions } from "../options/shared_options.ts";
import { isUntrusted, systemCertificates } from "./trust_store.ts";

/** What the network depends on besides the options. */
export interface NetworkPlaces extends CertificatePlaces {
  /** The registries that are asked. */
  registries: readonly string[];
  /**
   * Those that may be asked in its place, as hosts.
   *
   * @default {[]}
   */
  mirrors?: string[];
  /** Takes a sentence that the user should see. */
  warn: (message: string) => void;
}

/** The network, and what is trusted there. */
export interface Network extends Transport {
  /** Which certificates are trusted, the system's included. */
  tls(): Promise<AllTlsOptions>;
  /** The token servers that are sent a login whatever speaks against it. */
  trustedRealms: string[];
}

/**
 * The network as options, environment and the folders `certs.d` want it.
 *
 * @throws {UsageError} A file holds no certificate.
 * @throws {StorageError} A file that the options name cannot be read.
 */
export async function openNetwork(
  options: NetworkOptions,
  places: NetworkPlaces,
): Promise<Network> {
  const { env, os, registries, mirrors = [], warn } = places;
  const insecure = Array.isArray(options.insecure)
    // The name of Docker Hub is not that of its API.
    ? options.insecure.map((host) => host.replace(/^[^:[]+/, registryHost))
    : options.insecure;
  if (insecure !== false) {
    const of = insecure === true ? "" : ` of ${insecure.join(" and ")}`;
    warn(
      `the certificate${of} is not verified; anyone on the way can read and ` +
        "change what is sent",
    );
  }
  const caCerts = await Promise.all(
    options.caCerts.map((path) => readPem(path, "certificate")),
  );
  const given = await readClientCertificate(options);
  const hosts: Record<string, TlsOptions> = {};
  for (const name of new Set([...registries, ...mirrors])) {
    const own = await readCertificateFolders(places, name, warn);
    hosts[hostKey(name)] = own;
  }
  const [registry, ...others] = registries;
  const main = hosts[hostKey(registry!)] ??= {};
  // Where the registry sends its clients for tokens and blobs, Docker trusts
  // the registry's authorities too. Its certificate is shown to nobody else.
  // Of several, none vouches for what the others say.
  if (others.length === 0) {
    caCerts.push(...main.caCerts ?? []);
    delete main.caCerts;
    Object.assign(main, given);
  }

  const settings: TransportOptions = {
    caCerts,
    insecure,
    hosts,
    proxy: proxyFromEnvironment(env),
    ambientProxy: environmentNamesProxy(env),
  };
  const load = () => systemCertificates(env, warn, os);
  return {
    ...withSystemTrust(settings, load),
    trustedRealms: Array.isArray(insecure) ? insecure : [],
    async tls() {
      return { caCerts: [...caCerts, ...await load()], insecure };
    },
  };
}

/**
 * A transport that goes on with the system's certificates where an issuer is
 * unknown without them.
 */
export function withSystemTrust(
  settings: TransportOptions,
  load: () => Promise<string[]>,
): Transport {
  const first = create(settings);
  const needy = new Set<string>();
  let trusting: Promise<Transport | undefined> | undefined;
  let opened: Transport | undefined;
  let closed = false;
  async function open(): Promise<Transport | undefined> {
    const more = await load();
    if (more.length === 0 || closed) return undefined;
    const caCerts = [...settings.caCerts ?? [], ...more];
    return opened = create({ ...settings, caCerts });
  }
  return {
    async fetch(address, init) {
      const { host } = new URL(address);
      if (needy.has(host)) return await (await trusting)!.fetch(address, init);
      try {
        return await first.fetch(address, init);
      } catch (error) {
        if (init?.signal?.aborted || !isUntrusted(error)) throw error;
        trusting ??= open();
        const second = await trusting;
        if (!second) throw error;
        // Nothing had been sent: the handshake came first.
        const response = await second.fetch(address, init);
        needy.add(host);
        return response;
      }
    },
    close() {
      closed = true;
      first.close();
      opened?.close();
    },
  };
}

function create(settings: TransportOptions): Transport {
  try {
    return createTransport(settings);
  } catch (error) {
    if (!(error instanceof DockerPullError)) throw error;
    throw new UsageError(explainError(error).sentence, { cause: error });
  }
}
