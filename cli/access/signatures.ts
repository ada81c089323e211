/** Reads whom to believe: keys, certificates and policies. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Accept } from "../../lib/copy/pull_options.ts";
import { ifThere, onDisk } from "../../lib/disk/io.ts";
import { SignatureError } from "../../lib/image/errors.ts";
import type { OnSigned } from "../../lib/proofs/require.ts";
import type {
  NamedText,
  SignatureTrust,
} from "../../lib/proofs/signature_options.ts";
import type {
  RequiredSignature,
  TrustOptions,
} from "../options/signature_options.ts";

/** The policy of all users. */
const COMMON_POLICY = "/etc/containers/policy.json";

async function read(path: string): Promise<NamedText> {
  const text = await onDisk("read", path, () => readFile(path, "utf8"));
  return { path, text };
}

/**
 * Reads the files of the options.
 *
 * @throws {StorageError} If one cannot be read.
 */
export async function readTrustFiles(
  { keys, trustedRoot, identity, issuer, notationStore }: TrustOptions,
): Promise<SignatureTrust> {
  return {
    keys: await Promise.all(keys.map(read)),
    trustedRoot: trustedRoot === undefined
      ? undefined
      : await read(trustedRoot),
    certificateIdentity: identity,
    certificateIssuer: issuer,
    notationCertificates: notationStore === undefined
      ? undefined
      : await readStore(notationStore),
  };
}

/** A certificate as PEM; notation keeps them in either form. */
async function readCertificate(path: string): Promise<NamedText> {
  const bytes = await onDisk("read", path, () => readFile(path));
  const text = bytes.toString("utf8");
  if (text.includes("-----BEGIN")) return { path, text };
  const der = bytes.toString("base64");
  return {
    path,
    text: `-----BEGIN CERTIFICATE-----\n${der}\n-----END CERTIFICATE-----\n`,
  };
}

/** All certificates of a folder, those in folders of it included. */
async function readStore(folder: string): Promise<NamedText[]> {
  const names = await onDisk(
    "read",
    folder,
    () => readdir(folder, { recursive: true }),
  );
  const files = names.filter((name) => /\.(?:pem|crt|cer)$/i.test(name)).sort();
  if (files.length === 0) {
    throw new SignatureError(folder, { code: "bad-key", path: folder });
  }
  return await Promise.all(
    files.map((name) => readCertificate(join(folder, name))),
  );
}

/**
 * What refuses images that are not signed.
 *
 * @param home The user's folder.
 * @param onSigned Told of what is let in.
 * @throws {StorageError} If a file cannot be read.
 * @throws {SignatureError} If one is not what it should be, or there is none.
 */
export async function openRequirement(
  required: RequiredSignature,
  home: string | undefined,
  onSigned: OnSigned,
): Promise<Accept> {
  const { requirePolicy, requireSignature } = await import(
    "../../lib/proofs/require.ts"
  );
  const { policy, keys, trustedRoot, notationStore } = required;
  if (keys.length > 0 || trustedRoot !== undefined || notationStore) {
    return requireSignature(await readTrustFiles(required), onSigned);
  }
  const file = policy === undefined
    ? await findPolicy(home)
    : await read(policy);
  const readKey = async (path: string) => (await read(path)).text;
  return await requirePolicy(file, readKey, onSigned);
}

/** The policy of this user, or else that of all. */
async function findPolicy(home: string | undefined): Promise<NamedText> {
  const own = home === undefined
    ? []
    : [join(home, ".config", "containers", "policy.json")];
  for (const path of [...own, COMMON_POLICY]) {
    const text = await ifThere("read", path, () => readFile(path, "utf8"));
    if (text !== undefined) return { path, text };
  }
  throw new SignatureError(COMMON_POLICY, { code: "no-policy" });
}
