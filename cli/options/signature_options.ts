/** The options that say who has to have signed an image. */

import {
  forget,
  type OptionDefinition,
  type ParsedArguments,
  refuseBoth,
  UsageError,
} from "./arguments.ts";

/** Whom to believe, as paths and texts. */
export interface TrustOptions {
  /** `--key`. */
  keys: string[];
  /** `--trusted-root`. */
  trustedRoot?: string;
  /** `--certificate-identity`. */
  identity?: string;
  /** `--certificate-oidc-issuer`. */
  issuer?: string;
  /** `--notation-trust-store`. */
  notationStore?: string;
}

/** What has to be signed before it is pulled. */
export interface RequiredSignature extends TrustOptions {
  /** `--signature-policy`. */
  policy?: string;
}

const group = "Signatures";

/** The options of whom to believe. */
export const TRUST_OPTIONS: readonly OptionDefinition[] = [
  {
    name: "key",
    value: "FILE",
    repeatable: true,
    setting: true,
    group,
    help: "The public key that has to have signed, in PEM, such as " +
      "cosign.pub; may be given more than once",
  },
  {
    name: "trusted-root",
    value: "FILE",
    setting: true,
    group,
    help: "The trusted_root.json of Sigstore, for signatures without a key",
  },
  {
    name: "certificate-identity",
    value: "NAME",
    setting: true,
    group,
    help: "Whom the certificate of such a signature has to name",
  },
  {
    name: "certificate-oidc-issuer",
    value: "URL",
    setting: true,
    group,
    help: "Who has to have vouched for that",
  },
  {
    name: "notation-trust-store",
    value: "FOLDER",
    setting: true,
    group,
    help:
      "The folder of the certificates, in PEM, that notation's signatures " +
      "have to lead to",
  },
];

/** The options of a pull that is to be signed. */
export const REQUIRE_OPTIONS: readonly OptionDefinition[] = [
  {
    name: "require-signature",
    setting: true,
    group,
    help: "Refuse what is not signed before any of its layers is fetched: by " +
      "the options below, or else by containers-policy.json of this machine",
  },
  {
    name: "signature-policy",
    value: "FILE",
    setting: true,
    group,
    help: "The policy, as Podman and skopeo have it, in place of that",
  },
  ...TRUST_OPTIONS,
];

/**
 * What the options of whom to believe mean together.
 *
 * @returns Nothing where none of them is given.
 * @throws {UsageError} They make no sense.
 */
export function readTrustOptions(
  parsed: ParsedArguments,
): TrustOptions | undefined {
  const { values, one, origins } = parsed;
  // Whom the command line names is believed, and nobody besides.
  const isTyped = TRUST_OPTIONS.some(({ name }) =>
    values.has(name) && !origins.has(name)
  );
  if (isTyped) forgetFile(parsed, TRUST_OPTIONS);
  const trust: TrustOptions = {
    keys: [...values.get("key") ?? []],
    trustedRoot: one("trusted-root"),
    identity: one("certificate-identity"),
    issuer: one("certificate-oidc-issuer"),
    notationStore: one("notation-trust-store"),
  };
  const { keys, trustedRoot, identity, issuer, notationStore } = trust;
  const keyless = [trustedRoot, identity, issuer];
  const given = keyless.filter((each) => each !== undefined).length;
  if (given !== 0 && given !== 3) {
    throw new UsageError(
      "Options --trusted-root, --certificate-identity and " +
        "--certificate-oidc-issuer belong together",
    );
  }
  return keys.length > 0 || given > 0 || notationStore !== undefined
    ? trust
    : undefined;
}

/**
 * What has to be signed before it is pulled.
 *
 * @returns Nothing where nothing has to.
 * @throws {UsageError} The options make no sense.
 */
export function readRequiredSignature(
  parsed: ParsedArguments,
): RequiredSignature | undefined {
  if (parsed.denied.has("require-signature")) {
    forgetFile(parsed, REQUIRE_OPTIONS);
  }
  for (const { name } of TRUST_OPTIONS) {
    refuseBoth(parsed, "signature-policy", name);
  }
  const trust = readTrustOptions(parsed);
  const policy = parsed.one("signature-policy");
  if (!parsed.flags.has("require-signature")) {
    const lone = REQUIRE_OPTIONS.find(({ name }) => parsed.values.has(name));
    if (!lone) return undefined;
    throw new UsageError(
      `Option --${lone.name} needs --require-signature` +
        (lone.name === "key"
          ? "; the key of a client certificate is named with --client-key"
          : ""),
    );
  }
  return { keys: [], ...trust, policy };
}

/** Leaves nothing of what the configuration file says of these. */
function forgetFile(
  parsed: ParsedArguments,
  options: readonly OptionDefinition[],
): void {
  for (const { name } of options) {
    if (parsed.origins.get(name) === "file") forget(parsed, name);
  }
}
