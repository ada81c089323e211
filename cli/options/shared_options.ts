/** The options that several commands share, in the order of the help. */

import { redactAddress } from "../../lib/redact/address.ts";
import {
  type OptionDefinition,
  type ParsedArguments,
  refuseBoth,
  UsageError,
} from "./arguments.ts";

/** The options that every command has. */
export const COMMON_OPTIONS: readonly OptionDefinition[] = [
  {
    name: "verbose",
    short: "v",
    group: "Messages",
    help: "Show every request and the causes of errors, without secrets",
  },
  { name: "help", short: "h", group: "Messages", help: "Show this help" },
];

/** The option of the commands that end with a report. */
export const JSON_OPTION: OptionDefinition = {
  name: "json",
  group: "Messages",
  help: "Print the report as JSON",
};

/** The login that is given with the command. */
export interface LoginOptions {
  /** `--username`. */
  username?: string;
  /** `--password`. */
  password?: string;
  /** `--password-stdin`. */
  passwordStdin: boolean;
  /** `--authfile`. */
  authfile?: string;
  /**
   * Which options were given, where they are those of one side of a copy.
   *
   * @default {{ username: "--username", password: "--password" }}
   */
  given?: { username: string; password: string };
}

/** The options of a login. */
export const LOGIN_OPTIONS: readonly OptionDefinition[] = [
  {
    name: "username",
    value: "USER",
    group: "Login",
    help: "The user name for the image's registry; asks for the password " +
      "on a terminal",
  },
  {
    name: "password",
    value: "PASSWORD",
    group: "Login",
    help: "The password or token; other users of this machine can see it, " +
      "so better use --password-stdin",
  },
  {
    name: "password-stdin",
    group: "Login",
    help: "Read the password or token from standard input",
  },
  {
    name: "authfile",
    value: "FILE",
    setting: true,
    variable: "REGISTRY_AUTH_FILE",
    group: "Login",
    help: "The file with logins, as Podman has it, in place of Docker's and " +
      "all others",
  },
];

/**
 * What the options of a login mean together.
 *
 * @throws {UsageError} They contradict each other.
 */
export function readLoginOptions(parsed: ParsedArguments): LoginOptions {
  refuseBoth(parsed, "password", "password-stdin");
  return {
    username: parsed.one("username"),
    password: parsed.one("password"),
    passwordStdin: parsed.flags.has("password-stdin"),
    authfile: parsed.one("authfile"),
  };
}

/** How the network is reached. */
export interface NetworkOptions {
  /** `--ca-cert`, as paths. */
  caCerts: string[];
  /** `--client-cert`, as a path. */
  clientCert?: string;
  /** `--client-key`, as a path. */
  clientKey?: string;
  /** `--insecure`, or the hosts of `--insecure-host` as `host` or `host:port`. */
  insecure: boolean | string[];
  /** `--plain-http`. */
  plainHttp: boolean;
}

const group = "Network";

/** The options of the network. */
export const NETWORK_OPTIONS: readonly OptionDefinition[] = [
  {
    name: "ca-cert",
    value: "FILE",
    repeatable: true,
    setting: true,
    group,
    help: "Trust the certificate authorities in this PEM file, too; may be " +
      "given more than once",
  },
  {
    name: "client-cert",
    value: "FILE",
    group,
    help: "The certificate to show to the registry, in PEM",
  },
  {
    name: "client-key",
    value: "FILE",
    group,
    help: "Its private key, where that is not in the same file",
  },
  {
    name: "insecure",
    setting: true,
    group,
    help: "Do not verify the certificates of any host",
  },
  {
    name: "insecure-host",
    value: "HOST[:PORT]",
    repeatable: true,
    setting: true,
    group,
    help: "Do not verify this host's certificate, and let it be a token " +
      "server by plain HTTP or at a private address; may be given more than " +
      "once",
  },
  {
    name: "plain-http",
    setting: true,
    group,
    help: "Use http, not https; loopback hosts are tried that way by " +
      "themselves",
  },
];

/**
 * What the options of the network mean together.
 *
 * @throws {UsageError} They contradict each other, or a host is none.
 */
export function readNetworkOptions(parsed: ParsedArguments): NetworkOptions {
  const { flags, values, one } = parsed;
  const [clientCert, clientKey] = [one("client-cert"), one("client-key")];
  if (clientKey !== undefined && clientCert === undefined) {
    throw new UsageError("Option --client-key needs --client-cert FILE");
  }
  refuseBoth(parsed, "insecure", "insecure-host");
  const hosts = values.get("insecure-host")?.map(parseHost);
  return {
    caCerts: values.get("ca-cert") ?? [],
    clientCert,
    clientKey,
    insecure: hosts ?? flags.has("insecure"),
    plainHttp: flags.has("plain-http"),
  };
}

/** A host as addresses have it: in lower case, and in ASCII. */
function parseHost(text: string): string {
  const [, name = "", port] = /^(\[[^\]]*\]|[^:/?#@]+)(?::(\d{1,5}))?$/
    .exec(text) ?? [];
  const url = `https://${name}/`;
  if (!name || !URL.canParse(url) || Number(port ?? 0) > 65_535) {
    throw new UsageError(
      `Option --insecure-host needs a host as HOST or HOST:PORT, ` +
        `not ${JSON.stringify(redactAddress(text))}`,
    );
  }
  const { hostname } = new URL(url);
  return port === undefined ? hostname : `${hostname}:${Number(port)}`;
}
