/** Which certificates count for which host. */

import process from "node:process";
import { InvalidSettingError } from "../image/errors.ts";
import type { TlsSettings } from "./tunnel.ts";

/** How TLS connections are secured. */
export interface TlsOptions {
  /** Certificates to trust besides the runtime's own, each text in PEM. */
  caCerts?: string[];
  /**
   * Whether an invalid certificate is accepted.
   *
   * @default {false}
   */
  insecure?: boolean;
  /** The client's certificate, with the chain that belongs to it, in PEM. */
  clientCert?: string;
  /** The client certificate's private key, in PEM. */
  clientKey?: string;
}

/** How TLS connections are secured, to all hosts and to single ones. */
export interface AllTlsOptions extends Omit<TlsOptions, "insecure"> {
  /**
   * Whether invalid certificates are accepted: of all hosts, of none, or of
   * those listed, as `host` or `host:port`.
   *
   * @default {false}
   */
  insecure?: boolean | string[];
  /**
   * More for single hosts, by `host` or `host:port`: what Docker keeps in
   * `/etc/docker/certs.d`. A client certificate belongs here, so that no
   * other host that asks for one learns of it.
   */
  hosts?: Record<string, TlsOptions>;
}

/** The settings for one host; the same object for the same settings. */
export interface HostSettings {
  /** Certificates to trust besides the runtime's own. */
  caCerts: string[];
  /** Whether an invalid certificate is accepted. */
  insecure: boolean;
  /** The same as `node:tls` takes it. */
  node: TlsSettings;
}

/**
 * Sorts out which settings are for which host.
 *
 * @param options All settings.
 * @returns What says a host's settings.
 * @throws {InvalidSettingError} If a text is no PEM.
 */
export function tlsSettings(
  options: AllTlsOptions,
): (url: URL) => HostSettings {
  const { caCerts = [], insecure = false, clientCert, clientKey, hosts = {} } =
    options;
  const listed = new Set(Array.isArray(insecure) ? insecure : []);
  const common: TlsOptions = { caCerts, clientCert, clientKey };
  const cache = new Map<string, HostSettings>();
  // Read once, so that a wrong file is told of before anything is sent.
  for (const each of [common, ...Object.values(hosts)]) checkPem(each);

  function find(url: URL): HostSettings {
    const port = url.port || (url.protocol === "https:" ? "443" : "80");
    const names = [`${url.hostname}:${port}`, url.hostname];
    const name = names.find((name) => Object.hasOwn(hosts, name));
    const careless = insecure === true ||
      names.some((name) => listed.has(name));
    const key = `${careless} ${name ?? ""}`;
    const known = cache.get(key) ??
      combine(common, name === undefined ? {} : hosts[name]!, careless);
    cache.set(key, known);
    return known;
  }

  const byHost = new Map<string, HostSettings>();
  return (url) => {
    const key = `${url.protocol}${url.host}`;
    const known = byHost.get(key) ?? find(url);
    byHost.set(key, known);
    return known;
  };
}

function combine(
  common: TlsOptions,
  own: TlsOptions,
  careless: boolean,
): HostSettings {
  const caCerts = [...common.caCerts ?? [], ...own.caCerts ?? []];
  const insecure = careless || own.insecure === true;
  const withCert = own.clientCert === undefined ? common : own;
  const node: TlsSettings = {};
  // A list replaces the runtime's own certificates, so those come with it.
  if (caCerts.length > 0) node.ca = [...defaultCertificates(), ...caCerts];
  if (withCert.clientCert !== undefined) {
    node.cert = withCert.clientCert;
    node.key = withCert.clientKey;
  }
  if (insecure) node.rejectUnauthorized = false;
  return { caCerts, insecure, node };
}

function defaultCertificates(): readonly string[] {
  // Few need it, and it takes a while to load.
  const tls = process.getBuiltinModule("node:tls");
  const { getCACertificates } = tls as {
    getCACertificates?: (kind: "default") => string[];
  };
  return getCACertificates?.("default") ?? tls.rootCertificates;
}

function checkPem({ caCerts = [], clientCert, clientKey }: TlsOptions): void {
  const check = (
    text: string,
    kind: RegExp,
    setting: InvalidSettingError["setting"],
  ) => {
    if (!kind.test(text)) {
      throw new InvalidSettingError(setting, { code: "no-pem" });
    }
  };
  for (const text of caCerts) {
    check(text, /-----BEGIN (?:TRUSTED )?CERTIFICATE-----/, "ca-certificate");
  }
  if ((clientCert === undefined) !== (clientKey === undefined)) {
    throw new InvalidSettingError("client-certificate", { code: "half-pair" });
  }
  if (clientCert !== undefined) {
    check(clientCert, /-----BEGIN CERTIFICATE-----/, "client-certificate");
    check(clientKey!, /-----BEGIN [A-Z ]*PRIVATE KEY-----/, "client-key");
  }
}
