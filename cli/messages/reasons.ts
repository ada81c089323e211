/** What is wrong with a text or a document, each as half a sentence. */

import {
  type AuthenticationError,
  InvalidDigestError,
  InvalidDocumentError,
  type InvalidError,
  InvalidPlatformError,
  InvalidReferenceError,
  type InvalidSettingError,
  NotAnImageError,
  UnsupportedMediaTypeError,
} from "../../lib/image/errors.ts";
import type {
  AuthenticationProblem,
  DigestProblem,
  DocumentProblem,
  JsonType,
  MediaTypeProblem,
  PlatformProblem,
  ReferenceProblem,
  SettingProblem,
} from "../../lib/image/problems.ts";
import { sentenceOf, type Sentences } from "./explanation.ts";

const quote = JSON.stringify;

const DIGEST: Sentences<DigestProblem> = {
  "no-algorithm": () => 'it has no "algorithm:"',
  "unknown-algorithm": ({ known }) =>
    `the algorithm is none of ${known.join(", ")}`,
  "bad-hex": ({ algorithm, length }) =>
    `${algorithm} has ${length} hex digits in lower case`,
};

const PLATFORM: Record<PlatformProblem["code"], string> = {
  "two-versions": "it has two versions",
  "bad-shape": "it is not os/architecture or os/architecture/variant",
  "no-architecture": "the architecture is missing, as in linux/amd64",
};

const REFERENCE: Sentences<ReferenceProblem> = {
  "empty": () => "it is empty",
  "login": () => "a login cannot be part of it",
  "page": () => "it is a page about images, and no registry",
  "space": () => "there is a space in it",
  "empty-tag": () => "the tag is empty",
  "bad-port": () => "this is no port number",
  "bad-ipv6": () => "this is no IPv6 address in brackets",
  "bare-ipv6": () => "an IPv6 address stands in brackets",
  "empty-label": () => "a part of the host's name is empty",
  "empty-component": () => 'there is nothing between two "/" or at an end',
  "no-name": () => "the repository's name is missing",
  "capital": () => "a repository's name has no capital letters",
  "bad-start": () => "a name begins with a letter or a digit",
  "bad-end": () => "a name ends with a letter or a digit",
  "image-id": () => "64 hex digits are an image ID, not a name",
  "not-for-address": () => "it cannot be part of an address",
  "no-tag-or-digest": () => "it is neither tag nor digest",
  "too-long": ({ limit }) => `it is longer than ${limit} characters`,
  "long-tag": ({ limit }) => `the tag is longer than ${limit} characters`,
  "long-name": ({ limit }) =>
    `the repository's name is longer than ${limit} characters`,
  "bad-character": ({ part }) => `${quote(part)} cannot be part of it`,
  "bad-name-character": ({ part }) => `${quote(part)} cannot be part of a name`,
  "scheme": ({ part }) => `leave out ${quote(part)}`,
  "bad-tag": ({ part }) =>
    `${quote(part)} is no tag: letters, digits, "_", "." and "-" only, and ` +
    'the first is no "." or "-"',
  "bad-label": ({ part }) => `${quote(part)} cannot be part of a host's name`,
  "bad-separator": ({ part }) => `${quote(part)} cannot stand in a name`,
  "bad-digest": ({ problem }) =>
    `the part after "@" is no digest: ${sentenceOf(DIGEST, problem)}`,
};

const TYPES: Record<JsonType, string> = {
  object: "an object",
  list: "a list",
  text: "a text",
  number: "a number",
  boolean: "true or false",
  time: "a time of RFC 3339",
  int64: "a whole number of 64 bits",
};

const OTHERWISE = "which other programs read otherwise";

const DOCUMENT: Sentences<DocumentProblem> = {
  "no-json": () => "it is no JSON",
  "no-object": () => "it is no JSON object",
  "no-index": () => "it is no index",
  "no-manifest": () => "it is no manifest",
  "neither": () => "it is neither an index nor a manifest",
  "invalid-json": () => "it is not valid JSON",
  "not-json-object": () => "it is not a JSON object",
  "manifests-no-list": () => "its manifests are no list",
  "no-tag-list": () => "it is none",
  "not-a-list": () => "it is no list",
  "entry-no-object": () => "it has an entry that is no object",
  "config-no-name": () => "Config is no name",
  "no-tag": () => "it has no tag",
  "tag-with-digest": () => "a tag with a digest names nothing",
  "layout-version": () => "its version is not 1.0.0",
  "nested-too-deep": () => "indexes are nested too deep",
  "ambiguous-schemas": () => "it can be read as a manifest of two schemas",
  "ambiguous-index": () => "it can be read as an index and as a manifest",
  "too-large": ({ size, limit }) =>
    size === undefined
      ? `it has more than ${limit} bytes`
      : `it has ${size} bytes, more than ${limit}`,
  "config-too-large": ({ size, limit }) =>
    `its configuration has ${size} bytes, more than ${limit}`,
  "too-many-entries": ({ limit }) => `it has more than ${limit} entries`,
  "too-many-layers": ({ limit }) => `it has more than ${limit} layers`,
  "too-many-images": ({ limit }) => `it names more than ${limit} images`,
  "image-too-many-layers": ({ limit }) =>
    `an image has more than ${limit} layers`,
  "index-too-deep": ({ limit }) => `it is nested more than ${limit} deep`,
  "not-among-first": ({ limit }) =>
    `the image is not among the first ${limit} in it`,
  "ambiguous-nesting": ({ limit }) =>
    `it is nested more than ${limit} deep, ${OTHERWISE}`,
  "member-no-object": ({ field }) => `its "${field}" is not an object`,
  "no-list": ({ field }) => `${field} is no list`,
  "no-names": ({ field }) => `${field} is no list of names`,
  "no-descriptor": ({ field }) => `${field} is no descriptor`,
  "no-media-type": ({ field }) => `${field} has no mediaType`,
  "no-size": ({ field }) => `${field} has no size`,
  "blob-too-large": ({ field, size, limit }) =>
    `${field} has ${size} bytes, more than ${limit}`,
  "bad-digest": ({ field, problem }) =>
    `${field} has no digest that can be used: ${sentenceOf(DIGEST, problem)}`,
  "two-sizes": ({ digest }) => `it gives two sizes for ${digest}`,
  "two-diff-ids": ({ digest }) => `it gives two diffIDs for ${digest}`,
  "cannot-expand": ({ compression, reason }) =>
    compression === "none"
      ? `it cannot be read: ${reason}`
      : `its ${compression} cannot be expanded: ${reason}`,
  "unknown-compression": ({ compression }) =>
    `it is compressed with ${compression}, which is not known here`,
  "elsewhere": ({ where = "no address" }) =>
    `it goes on at ${where}, where no list of this repository is`,
  "layer-count": ({ config, manifest }) =>
    `it speaks of ${config} layers, the manifest of ${manifest}`,
  "not-as-announced": ({ mediaType, announced }) =>
    `it is ${mediaType} and was announced as ${announced}`,
  "bad-inline-data": ({ size }) => `it is not the base64 of ${size} bytes`,
  "ambiguous-type": ({ own, told }) =>
    `it says that it is ${own}, the registry says ${told}`,
  "ambiguous-fields": ({ told, fields }) =>
    `it should be ${told}, and has the fields of ${
      fields === "index" ? "an index" : "a manifest"
    }`,
  "ambiguous-character": ({ field }) =>
    `${field} has half a character in it, ${OTHERWISE}`,
  "wrong-type": ({ field, found, wanted }) =>
    `${field} is ${
      found === "{" ? TYPES.object : found === "[" ? TYPES.list : found
    } and not ${TYPES[wanted]}, which other programs refuse`,
  "ambiguous-no-number": ({ field }) => `${field} is no number, ${OTHERWISE}`,
  "ambiguous-number": ({ field, written }) =>
    `${field} is written ${written}, ${OTHERWISE}`,
  "ambiguous-repetition": ({ written }) =>
    `it has ${quote(written)} twice, ${OTHERWISE}`,
  "ambiguous-neighbour": ({ written, field }) =>
    `it has ${quote(written)} beside "${field}", ${OTHERWISE}`,
  "ambiguous-spelling": ({ written, field }) =>
    `it has ${quote(written)} for "${field}", ${OTHERWISE}`,
};

const MEDIA_TYPE: Sentences<MediaTypeProblem> = {
  "schema-1": () =>
    "the registry has the image in Docker's schema 1 only, which ended in " +
    "2019; it must be pushed anew",
  "artifact": () => "it is no container image",
  "unknown-document": ({ known }) => `it is none of ${known.join(", ")}`,
  "unknown-layer": () => "it is a layer in a form that loaders cannot unpack",
};

const SETTINGS: Record<InvalidSettingError["setting"], string> = {
  "ca-certificate": "the CA certificate",
  "client-certificate": "the client certificate",
  "client-key": "the client certificate's key",
  "compression": "the compression",
  "index": "the index",
  "mirror": "mirror",
  "referrers": "referrers",
  "user-name": "the user name",
};

const SETTING: Sentences<SettingProblem> = {
  "no-pem": () => "there is no PEM in it",
  "half-pair": () => "it takes a certificate and a key",
  "empty": () => "it is empty",
  "colon": () => "it has a colon",
  "too-long": () => "it is too long",
  "login": () => "a login cannot be part of it",
  "no-address": () => "it is no address",
  "scheme": () => "it is none of http and https",
  "query": () => "there can be no query in it",
  "no-zstd": () =>
    "this runtime has no zstd; Node has it from version 22.15 on, and Deno, " +
    "Bun and the executables have it",
  "other-layers": () =>
    "what names the layers as they are served does not fit those made anew",
  "prefix": ({ prefix }) => `${quote(prefix)} cannot begin a repository's name`,
};

/** Why a setting cannot be used. */
export function settingSentence(
  { setting, input, problem }: InvalidSettingError,
): string {
  const shown = input === undefined ? "" : ` ${quote(input)}`;
  return `Cannot use ${SETTINGS[setting]}${shown}: ${
    sentenceOf(SETTING, problem)
  }`;
}

const realmText = (realm: string) =>
  `it names the token server ${quote(realm)}, which`;
const replyText = (host: string) => `the reply of its token server ${host}`;

const AUTHENTICATION: Sentences<AuthenticationProblem> = {
  "realm-not-absolute": ({ realm }) =>
    `${realmText(realm)} is no absolute address`,
  "realm-scheme": ({ realm }) =>
    `${realmText(realm)} is none of http and https`,
  "realm-login": ({ realm }) => `${realmText(realm)} holds a login of its own`,
  "realm-plain": ({ realm }) =>
    `${realmText(realm)} is not https, so that anyone on the way could read ` +
    "the login",
  "realm-private": ({ realm }) => `${realmText(realm)} is a private address`,
  "no-realm": () => "it asks for a token and names no token server",
  "bad-registry-token": () => "the registry token cannot be sent",
  "no-scheme": () => "it asks for a login in none of the ways Basic and Bearer",
  "other-schemes": ({ schemes }) =>
    `it asks for ${quote(schemes)}, which is none of Basic and Bearer`,
  "reply-too-large": ({ host, limit }) =>
    `${replyText(host)} has more than ${limit} bytes`,
  "reply-no-json": ({ host }) => `${replyText(host)} is no JSON`,
  "reply-no-token": ({ host }) => `${replyText(host)} holds no token`,
  "reply-bad-token": ({ host }) =>
    `${replyText(host)} holds a token that cannot be sent`,
  "login-refused": ({ words }) =>
    `it refuses the user name or password${words && ` (${words})`}`,
  "no-registry": ({ status }) =>
    `there is no registry, for its /v2/ answers HTTP ${status}`,
};

/** Why it cannot be logged in. */
export function authenticationSentence(
  { registry, problem }: AuthenticationError,
): string {
  return `Cannot log in to ${registry}: ${sentenceOf(AUTHENTICATION, problem)}`;
}

/** Why a text is no reference. */
export function referenceReason(problem: ReferenceProblem): string {
  return sentenceOf(REFERENCE, problem);
}

/** Why a text is no platform. */
export function platformReason({ code }: PlatformProblem): string {
  return PLATFORM[code];
}

/** What is wrong, with what it is about as the subject. */
export function reasonOf(error: InvalidError): string {
  if (error instanceof InvalidReferenceError) {
    return sentenceOf(REFERENCE, error.problem);
  }
  if (error instanceof InvalidPlatformError) {
    return PLATFORM[error.problem.code];
  }
  if (error instanceof InvalidDigestError) {
    return sentenceOf(DIGEST, error.problem);
  }
  if (error instanceof InvalidDocumentError) {
    return sentenceOf(DOCUMENT, error.problem);
  }
  if (!(error instanceof UnsupportedMediaTypeError)) return error.message;
  const reason = sentenceOf(MEDIA_TYPE, error.problem);
  return error instanceof NotAnImageError
    ? `${reason} (${error.artifact})`
    : reason;
}

/** The whole sentence. */
export function invalidSentence(error: InvalidError): string {
  return `Cannot ${subjectOf(error)}: ${reasonOf(error)}`;
}

function subjectOf(error: InvalidError): string {
  if (error instanceof InvalidDocumentError) return `use ${error.subject}`;
  if (error instanceof UnsupportedMediaTypeError) {
    return `use media type ${quote(error.mediaType)}`;
  }
  if (error instanceof InvalidReferenceError) {
    return `parse reference ${quote(error.input)}`;
  }
  if (error instanceof InvalidPlatformError) {
    return `parse platform ${quote(error.input)}`;
  }
  return error instanceof InvalidDigestError
    ? `parse digest ${quote(error.input)}`
    : "read it";
}
