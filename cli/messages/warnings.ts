/** Each warning as one sentence, without a period. */

import type {
  LoginProblem,
  MirrorFault,
  Warning,
} from "../../lib/image/events.ts";
import { formatPlatform } from "../../lib/image/platform.ts";
import { cleanText } from "../../lib/redact/clean.ts";
import { networkReason } from "./network_errors.ts";
import { explainError } from "./errors.ts";
import { sentenceOf, type Sentences } from "./explanation.ts";
import { noLoginSentence } from "./helpers.ts";

const LOGIN_PROBLEMS: Readonly<Record<LoginProblem, string>> = {
  "no-object": "it is not an object",
  "bad-token": 'its "registrytoken" is not a token',
  "bad-auth": 'its "auth" is not the base64 of "user:password"',
  "no-user": "it has no user name",
};

/** What is wrong with a mirror, which is the subject. */
const FAULTS: Sentences<MirrorFault> = {
  "unreachable": ({ error }) => {
    const { url } = error;
    const host = URL.canParse(url) ? new URL(url).host : url;
    return `cannot be used: ${
      cleanText(`${host}: ${networkReason(error)}`, 200)
    }`;
  },
  "unusable": ({ error }) =>
    `cannot be used: ${cleanText(explainError(error).sentence, 200)}`,
  "wrong-bytes": ({ digest }) => `sends wrong bytes of ${digest.slice(0, 19)}…`,
  "slow": () => "is slow, or breaks off again and again",
  "missing": ({ what }) =>
    what === "image" ? "does not hold the image" : "lacks a part of the image",
  "login": () => "wants a login",
  "forbidden": () => "forbids it",
  "rate-limit": () => "allows no more pulls for now",
  "status": ({ status }) => `answers HTTP ${status}`,
};

const otherPlatform = (
  { code, platform, wanted, explicit }: Extract<Warning, { explicit: boolean }>,
) =>
  `The image is for ${formatPlatform(platform)}, not for ${
    formatPlatform(wanted)
  }${explicit ? "" : ", which is this machine's"}${
    code === "platform-fallback" ? ", but runs there" : ""
  }`;

const WARNINGS: Sentences<Warning> = {
  "platform-fallback": otherPlatform,
  "platform-mismatch": otherPlatform,
  "platform-config": ({ index, config }) =>
    `The index says that the image is for ${formatPlatform(index)}, and the ` +
    `image's own configuration that it is for ${formatPlatform(config)}`,
  "zstd-layer": () =>
    "The image has layers compressed with zstd, which docker load takes " +
    "from Docker 23 on",
  "many-layers": ({ layers, limit }) =>
    `The image has ${layers} layers, and docker load takes no more than ` +
    `${limit} where Docker keeps images in its classic store`,
  "credentials-refused": ({ registry, repository, source, known }) =>
    (known
      ? `${registry} gives the login from ${source} no access` +
        (repository ? ` to ${repository}` : "")
      : `${registry} refuses the login from ${source}`) +
    "; trying without one",
  "credentials-unusable": ({ error }) =>
    `${explainError(error).sentence}, so no login is taken from there`,
  "login-unusable": ({ source, key, problem }) =>
    `Cannot use the login for ${JSON.stringify(key)} in ${source}: ${
      LOGIN_PROBLEMS[problem]
    }`,
  "credential-helper": ({ helper, server, failure }) =>
    noLoginSentence(helper, server, failure),
  "cache-entry-damaged": ({ digest }) =>
    `The cache's copy of ${digest} is damaged and is fetched anew`,
  "foreign-layer": ({ registry, digest, host }) =>
    `${registry} does not hold ${digest}; it comes from ${host}`,
  "plain-storage": ({ registry, host }) =>
    `Layers of ${registry} come from ${host} by plain HTTP: ` +
    "all are verified, but anyone on the way can see them",
  "rate-limit": ({ registry, remaining, total, window }) => {
    const rate = total && window
      ? ` of ${total} in ${Math.round(window / 360) / 10} hours`
      : "";
    return `${registry} allows ${remaining} more ${
      remaining === 1 ? "pull" : "pulls"
    }${rate}; a login may allow more`;
  },
  "mirror": ({ mirror, fault, next }) => {
    const said = `Mirror ${mirror} ${sentenceOf(FAULTS, fault)}`;
    if (next === undefined) return said;
    return next === null
      ? `${said}; there is nothing else to ask`
      : `${said}; asking ${next.isOrigin ? "" : "mirror "}${next.name} instead`;
  },
  "mirror-believed": ({ registry, fault, tag, mirror }) =>
    `${registry} ${sentenceOf(FAULTS, fault)}; what ${
      JSON.stringify(tag)
    } is, ` +
    `is the word of mirror ${mirror}`,
  "registry-not-asked": ({ reference }) =>
    `${reference} is from the cache; the registry was not asked, as it does ` +
    "not answer",
  "referrers-left": ({ reference, count }) =>
    `${count} ${count === 1 ? "document is" : "documents are"} not copied to ` +
    `${reference}, such as signatures, as what ` +
    `${count === 1 ? "it is" : "they are"} about does not go there: mostly ` +
    "the index of all platforms",
};

/** Puts a warning in words. */
export function explainWarning(warning: Warning): string {
  return sentenceOf(WARNINGS, warning);
}
