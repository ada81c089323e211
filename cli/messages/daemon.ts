/** What loading into a daemon fails with, in words. */

import type { DaemonError, DaemonProblem } from "../../lib/image/errors.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import {
  type ByCode,
  type ErrorContext,
  type Explanation,
  sentenceOf,
  type Sentences,
} from "./explanation.ts";

/** Why nothing answers, by the system's code. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  ENOENT: "there is no such socket",
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "the name of the host cannot be looked up",
  ETIMEDOUT: "no answer in time",
  EHOSTUNREACH: "there is no way to it",
  ENETUNREACH: "there is no way to it",
};

/** What a shell says of a program that it does not find. */
const NOT_FOUND = 127;

const inBrackets = (words: string) => words && ` (${words})`;

const SENTENCES: Sentences<DaemonProblem & { address: string }> = {
  "address": ({ address }) =>
    `Cannot load into ${JSON.stringify(address)}: it is no daemon's address`,
  "absent": () =>
    "Cannot find Docker or Podman: none of their usual sockets is there",
  "no-context": ({ context }) =>
    `Cannot find the context ${JSON.stringify(context)} of the docker command`,
  "unreachable": ({ address, system }) =>
    `Cannot reach ${address}: ${
      UNREACHABLE[system] ?? (system || "no answer")
    }`,
  "forbidden": ({ address }) => `Cannot use ${address}: permission denied`,
  "tls": ({ address, system }) =>
    `Cannot reach ${address}: TLS fails${inBrackets(system)}`,
  "wants-tls": ({ address }) => `Cannot reach ${address}: it wants TLS`,
  "no-ssh": ({ address }) => `Cannot reach ${address}: there is no ssh here`,
  "ssh": ({ address, status, words }) =>
    `Cannot reach ${address}: ${
      status === NOT_FOUND
        ? "there is neither docker nor podman"
        : `ssh ended with code ${status}${inBrackets(words)}`
    }`,
  "no-daemon": ({ address }) =>
    `Cannot use ${address}: what answers there is neither Docker nor Podman`,
  "too-old": ({ address, version, least }) =>
    `Cannot use ${address}: its API is ${version}, and ${least} is needed`,
  "other-system": ({ address, system, image }) =>
    `Cannot load into ${address}: it runs images for ${system}, and this is ` +
    `one for ${image}`,
  "broken-off": ({ address }) =>
    `Cannot load into ${address}: the connection broke off`,
  "refused": ({ address, status, words }) =>
    `Cannot load into ${address}: HTTP ${status}${inBrackets(words)}`,
  "disk-full": ({ address, words }) =>
    `Cannot load into ${address}: its disk is full${inBrackets(words)}`,
  "unpacking": ({ address, words }) =>
    `Cannot load into ${address}: it cannot unpack the image${
      inBrackets(words)
    }`,
  "failed": ({ address, words }) => `Cannot load into ${address}: ${words}`,
  "no-image": ({ address, name }) => `Cannot find ${name} in ${address}`,
  "not-loaded": ({ address, name }) =>
    `Cannot find ${name} in ${address} after it was loaded`,
};

const ANOTHER = "name another with --load-to or DOCKER_HOST";
const AS_FILE = "write a file with --output, and load that";

const NEXT: {
  [Code in DaemonProblem["code"]]: readonly [hint: string, code: ExitCode];
} = {
  "address": [
    "it is written unix:///run/docker.sock, tcp://HOST:PORT, " +
    "ssh://USER@HOST or npipe:////./pipe/docker_engine",
    EXIT.usage,
  ],
  "absent": [`start one, or ${ANOTHER}`, EXIT.network],
  "no-context": ["docker context ls shows those that there are", EXIT.usage],
  "unreachable": [`start it, or ${ANOTHER}`, EXIT.network],
  "forbidden": [
    "run this as root or as a member of the socket's group, as docker is one",
    EXIT.disk,
  ],
  "tls": ["see to the certificates in DOCKER_CERT_PATH", EXIT.network],
  "wants-tls": [
    "set DOCKER_TLS_VERIFY to 1, and DOCKER_CERT_PATH to the folder of the " +
    "certificates",
    EXIT.network,
  ],
  "no-ssh": [`install OpenSSH's client, or ${ANOTHER}`, EXIT.network],
  "ssh": [
    "see whether ssh HOST docker version works by itself",
    EXIT.network,
  ],
  "no-daemon": [ANOTHER, EXIT.network],
  "too-old": [`update it, or ${AS_FILE}`, EXIT.other],
  "other-system": [
    "choose another platform with --platform, or switch that Docker to " +
    "containers of the other system",
    EXIT.platform,
  ],
  "broken-off": ["try again; the daemon's log may tell why", EXIT.network],
  "refused": ["the daemon's log may tell more", EXIT.other],
  "disk-full": [
    "make room there, as with docker image prune",
    EXIT.disk,
  ],
  "unpacking": [
    "see whether that daemon knows the compression of the layers",
    EXIT.other,
  ],
  "failed": ["the daemon's log may tell more", EXIT.other],
  "no-image": ["docker images shows those that are there", EXIT.notFound],
  "not-loaded": ["the daemon's log may tell why", EXIT.other],
};

/** Explains what a daemon failed with. */
export function explainDaemon(
  { address, problem }: DaemonError,
  { command }: ErrorContext,
): Explanation {
  const [next, code] = NEXT[problem.code];
  // A pull alone has options for that.
  const hint = command === undefined
    ? next
    : next.replace(ANOTHER, "name another with DOCKER_HOST")
      .replace(AS_FILE, "copy into a file, and load that");
  type About = ByCode<DaemonProblem & { address: string }, string>;
  const about = { ...problem, address } as About;
  return { sentence: sentenceOf(SENTENCES, about), hint, code };
}
