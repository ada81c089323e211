/** Why a lock cannot be used, and what to do about it. */

import type { LockError } from "../../lib/image/errors.ts";
import type { LockProblem } from "../../lib/image/problems.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { type Explanation, sentenceOf, type Sentences } from "./explanation.ts";

const quote = JSON.stringify;
/** As many names are shown. */
const MOST_NAMES = 20;

const REASON: Sentences<LockProblem> = {
  "lock-version": ({ version }) =>
    `it is a lock of version ${version}, and only version 1 is known here`,
  "bad-member": ({ member }) =>
    `${quote(member)} in it is missing, or is not what it should be`,
  "no-images": () => "there is no image in it",
  "no-digest": ({ image, line }) =>
    `${quote(image)}${
      line === undefined ? "" : ` in line ${line}`
    } has no digest`,
  "two-of-a-name": ({ name }) => `${quote(name)} stands for two things in it`,
  "too-large": ({ limit }) => `it has more than ${limit} bytes`,
  "not-locked": ({ name, names }) =>
    `${name} is not in the lock; there ${names.length === 1 ? "is" : "are"} ${
      listed(names)
    }`,
  "platform-not-locked": ({ platform, platforms }) =>
    `${platform} is not locked, but ${listed(platforms)}`,
  "not-in-index": ({ digest, index }) =>
    `${digest} is not in the index ${index}`,
  "contradiction": ({ field }) =>
    `what it says as ${quote(field)} is not what its digest stands for`,
};

const NEXT: Partial<Record<LockProblem["code"], string>> = {
  "not-locked": "name one of these, or make the lock anew",
  "platform-not-locked":
    "make the lock anew with docker-pull lock --platform, or choose one of these",
  "lock-version": "use the docker-pull that made it, or a newer one",
  "no-digest":
    "docker-pull lock --from FILE finds the digests; docker-pull --from FILE " +
    "pulls without",
};

const CODES: Partial<Record<LockProblem["code"], ExitCode>> = {
  "not-locked": EXIT.notFound,
  "platform-not-locked": EXIT.platform,
  "not-in-index": EXIT.mismatch,
  "contradiction": EXIT.mismatch,
};

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES);
  const rest = names.length - shown.length;
  return shown.join(", ") + (rest > 0 ? `, and ${rest} more` : "");
}

/** Puts it in words. */
export function explainLock({ subject, problem }: LockError): Explanation {
  const about = problem.code === "not-locked"
    ? sentenceOf(REASON, problem)
    : `Cannot use the lock of ${quote(subject)}: ${
      sentenceOf(REASON, problem)
    }`;
  return {
    sentence: about,
    hint: NEXT[problem.code] ?? "docker-pull lock makes it anew",
    code: CODES[problem.code] ?? EXIT.usage,
  };
}
