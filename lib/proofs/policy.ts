/**
 * The policy of Podman, skopeo and others: which images are to be signed.
 *
 * @see {@link https://github.com/containers/image/blob/v5.36.0/docs/containers-policy.json.5.md}
 */

import { SignatureError } from "../image/errors.ts";
import type { Reference } from "../image/reference.ts";
import { parseStrictJson, type Shape } from "../image/strict_json.ts";
import { type BadPart, objectFields } from "./policy_fields.ts";
import { type NamedRule, readIdentity } from "./policy_names.ts";
import type { NamedText } from "./signature_options.ts";
import { readKeys, type TrustedKey } from "./keys.ts";

/** What has to be true of an image. */
export type Requirement =
  /** Anything goes, or nothing. */
  | { type: "insecureAcceptAnything" }
  | { type: "reject" }
  /** One of the keys has to have signed it, by a name. */
  | { type: "sigstoreSigned"; keys: readonly TrustedKey[]; name: NamedRule };

/** A policy, read. */
export interface SignaturePolicy {
  /** What has to be true of an image, all of it. */
  requirements(reference: Reference): readonly Requirement[];
}

/** Reads a file that a policy names. */
export type ReadFile = (path: string) => Promise<string>;

/** A policy that is being read. */
interface Reading {
  path: string;
  readFile: ReadFile;
  bad: BadPart;
}

const REQUIREMENT: Shape = {
  members: {
    type: "text",
    keyPath: "text",
    keyPaths: "text",
    keyData: "text",
    keyDatas: "text",
    signedIdentity: {
      members: {
        type: "text",
        dockerReference: "text",
        dockerRepository: "text",
        prefix: "text",
        signedPrefix: "text",
      },
    },
  },
};
/** What stands twice is refused, as by those who made the policy. */
const POLICY: Shape = {
  members: {
    default: REQUIREMENT,
    transports: { map: { map: REQUIREMENT, once: true }, once: true },
  },
};

const SIGNED = [
  "type",
  "keyPath",
  "keyPaths",
  "keyData",
  "keyDatas",
  "signedIdentity",
];

/**
 * Reads a policy, and all keys that it names.
 *
 * @throws {SignatureError} If it is malformed, or asks for what is not known
 * here: what is not understood lets nothing in.
 */
export async function readPolicy(
  { path, text }: NamedText,
  readFile: ReadFile,
): Promise<SignaturePolicy> {
  const bad = (part: string, cause?: unknown) =>
    new SignatureError(path, { code: "bad-policy", path, part }, [], { cause });
  let value: unknown;
  try {
    value = parseStrictJson(new TextEncoder().encode(text), POLICY, path);
  } catch (cause) {
    throw bad("JSON", cause);
  }
  const fields = objectFields(value, ["default", "transports"], bad, "policy");
  const read = (list: unknown, where: string) =>
    readRequirements(list, where, { path, readFile, bad });
  const byDefault = await read(fields.default, "default");
  const scopes = new Map<string, readonly Requirement[]>();
  const transports = fields.transports ?? {};
  const { docker } = objectFields(transports, undefined, bad, "transports");
  const named = objectFields(docker ?? {}, undefined, bad, "docker");
  for (const [scope, list] of Object.entries(named)) {
    scopes.set(scope, await read(list, scope || "docker"));
  }
  return {
    requirements(reference) {
      for (const scope of scopesOf(reference)) {
        const found = scopes.get(scope);
        if (found) return found;
      }
      return byDefault;
    },
  };
}

/** The scopes of an image, the narrowest first. */
function scopesOf(
  { registry, repository, tag, digest }: Reference,
): string[] {
  const name = `${registry}/${repository}`;
  const exact = digest === undefined ? `${name}:${tag}` : `${name}@${digest}`;
  const parts = name.split("/");
  const folders = parts.map((_, i) =>
    parts.slice(0, parts.length - i).join("/")
  );
  const [host] = registry.split(":");
  const labels = host!.split(".");
  const wild = labels.slice(1).map((_, i) =>
    `*.${labels.slice(i + 1).join(".")}`
  );
  return [exact, ...folders, ...wild, ""];
}

async function readRequirements(
  list: unknown,
  where: string,
  reading: Reading,
): Promise<Requirement[]> {
  const { path, bad } = reading;
  if (!Array.isArray(list) || list.length === 0) throw bad(where);
  return await Promise.all(list.map(async (each): Promise<Requirement> => {
    const { type } = objectFields(each, undefined, bad, where);
    switch (type) {
      case "insecureAcceptAnything":
      case "reject":
        objectFields(each, ["type"], bad, where);
        return { type };
      case "sigstoreSigned":
        return await readSigned(each, where, reading);
      case "signedBy":
        throw unsupported(path, "signedBy");
      default:
        throw bad(where);
    }
  }));
}

async function readSigned(
  value: unknown,
  where: string,
  { path, readFile, bad }: Reading,
): Promise<Requirement> {
  const fields = objectFields(value, undefined, bad, where);
  for (const name of ["fulcio", "pki"]) {
    if (fields[name] !== undefined) throw unsupported(path, name);
  }
  const log = Object.keys(fields).find((name) => name.startsWith("rekor"));
  if (log) throw unsupported(path, log);
  objectFields(value, SIGNED, bad, where);
  const texts = (one: unknown, list: unknown): string[] => {
    const all = one === undefined ? list ?? [] : [one];
    const isText = Array.isArray(all) &&
      all.every((each) => typeof each === "string" && each !== "");
    if (!isText || (one !== undefined && list !== undefined)) throw bad(where);
    return all;
  };
  const paths = texts(fields.keyPath, fields.keyPaths);
  const datas = texts(fields.keyData, fields.keyDatas);
  if ((paths.length === 0) === (datas.length === 0)) throw bad(where);
  const pems = await Promise.all([
    ...paths.map(async (file) => ({ path: file, text: await readFile(file) })),
    ...datas.map((data) => {
      try {
        return { path, text: atob(data.replace(/\s/g, "")) };
      } catch (cause) {
        throw bad(`${where}: keyData`, cause);
      }
    }),
  ]);
  return {
    type: "sigstoreSigned",
    keys: pems.flatMap((pem) => readKeys(pem.text, pem.path)),
    name: readIdentity(fields.signedIdentity, bad),
  };
}

function unsupported(path: string, part: string): SignatureError {
  return new SignatureError(path, { code: "policy-unsupported", path, part });
}
