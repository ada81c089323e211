/** Why a registry does not take what is pushed, in words. */

import {
  type RegistryError,
  RegistryError as Refusal,
  type UploadError,
} from "../../lib/image/errors.ts";
import type { UploadProblem } from "../../lib/image/problems.ts";
import { isUnauthorized } from "../../lib/registry/auth/login.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import {
  type ErrorContext,
  type Explanation,
  sentenceOf,
  type Sentences,
} from "./explanation.ts";
import { isAboutImage, loginCommand, renewal } from "./login_hints.ts";

/** What the registry does, by what is wrong. */
const SAYS: Sentences<UploadProblem> = {
  "read-only": () => "takes nothing from anyone there",
  "no-repository": () => "has no such repository, and makes none by itself",
  "no-room": () => "has no room left",
  "no-registry": () => "answers as no registry does",
  "no-location": () => "begins an upload and does not say where it goes on",
  "forgetful": () => "forgets uploads before they are complete",
  "too-large": ({ size }) =>
    `or something on the way to it takes no request of ${size} bytes, nor a ` +
    "smaller part",
  "other-digest": ({ digest, actual }) =>
    `says that it has stored ${actual} in place of ${digest}`,
  "digest-refused": ({ digest }) =>
    `says that ${digest} has another digest, and it is right here`,
  "index-incomplete": () => "takes no index that lists what it lacks",
  "foreign-refused": ({ digest }) =>
    `does not take the image, whose layer ${digest} names addresses where ` +
    "else it is kept",
  "manifest-refused": ({ mediaType }) => `takes no manifest like ${mediaType}`,
  "tag-fixed": ({ tag, actual }) =>
    `does not let the tag ${tag} be moved${actual ? ` from ${actual}` : ""}`,
};

/** What to try next, and the exit code. */
const NEXT: Readonly<
  Record<UploadProblem["code"], readonly [hint: string, code: ExitCode]>
> = {
  "read-only": [
    "push to the registry itself, not to a mirror or cache of it; else ask " +
    "who runs it",
    EXIT.forbidden,
  ],
  "no-repository": [
    "check the name; with ECR, Quay or Harbor, the repository or project is " +
    "to be created first",
    EXIT.notFound,
  ],
  "no-room": [
    "free some there, or ask who runs it for more; what was uploaded is used " +
    "next time",
    EXIT.network,
  ],
  "no-registry": [
    "check host and port: something else may listen there, or a network's " +
    "login page may be in between",
    EXIT.network,
  ],
  "no-location": [
    "something in front of the registry may have taken it out; --verbose " +
    "shows the request",
    EXIT.network,
  ],
  "forgetful": [
    "if several servers answer for it, they need the same secret and storage; " +
    "ask who runs it",
    EXIT.network,
  ],
  "too-large": [
    "whoever runs the proxy in front of it can raise its limit, such as " +
    "client_max_body_size",
    EXIT.network,
  ],
  "other-digest": [
    "something on the way changed the content; try again, or ask who runs " +
    "the registry",
    EXIT.mismatch,
  ],
  "digest-refused": [
    "something on the way changed the content; try again, or ask who runs " +
    "the registry",
    EXIT.mismatch,
  ],
  "index-incomplete": [
    "bring all of it with --platform all --attestations, or leave out " +
    "--index original",
    EXIT.other,
  ],
  "foreign-refused": [
    "with distribution, its settings must allow them: validation, manifests, " +
    "urls, allow",
    EXIT.other,
  ],
  "manifest-refused": [
    "it may take OCI images only: with --layers zstd, one of Docker's becomes " +
    'such; zot takes those with "compat": ["docker2s2"] in its settings, too',
    EXIT.other,
  ],
  "tag-fixed": [
    "push it by another tag, or delete that one there",
    EXIT.forbidden,
  ],
};

/** Puts it in words that a registry does not take something. */
export function explainUpload(error: UploadError): Explanation {
  const { registry, repository, problem, cause } = error;
  const [hint, code] = NEXT[problem.code];
  const words = cause instanceof Refusal ? cause.words : "";
  return {
    sentence: `Cannot push to ${registry}/${repository}: the registry ${
      sentenceOf(SAYS, problem)
    }${words && ` (${words})`}`,
    hint,
    code,
  };
}

/** Puts it in words that a registry lets somebody not push. */
export function explainPushRefusal(
  error: RegistryError,
  { registry, repository }: { registry: string; repository: string },
  context: ErrorContext,
): Explanation | undefined {
  const own = context.destination ?? context;
  const { login, loginSource, bearer } = own;
  const unauthorized = isUnauthorized(error);
  if (!unauthorized && error.status !== 403) return undefined;
  const words = error.words && ` (${error.words})`;
  const command = loginCommand(registry);
  const source = loginSource && ` from ${loginSource}`;
  const byRegistry = isAboutImage(error);
  // Whoever got a token and is refused with it is known.
  if (unauthorized && login && !(bearer && byRegistry)) {
    return {
      sentence: `Cannot push to ${registry}/${repository}: ${registry} ` +
        `refuses the user name or password${source ?? ""}${words}`,
      hint: renewal({ ...own, registry }),
      code: EXIT.authentication,
    };
  }
  // Token servers say 403 of a wrong password and of a missing right, too.
  const open = error.status === 403 && !byRegistry;
  if (open && login) {
    return {
      sentence: `Cannot push to ${registry}/${repository}: ${registry} ` +
        `refuses this login, or does not let it push there${words}`,
      hint: `check the name; if it is right, ${renewal({ ...own, registry })}`,
      code: EXIT.authentication,
    };
  }
  const says = login
    ? `does not let the login${source ?? ""} push there`
    : "lets nobody push there without a login";
  return {
    sentence: `Cannot push to ${registry}/${repository}: ${registry} ` +
      `${says}${words}`,
    hint: login
      ? "check the name; if it is right, ask for the right to push, or log " +
        `in as another user: ${command}`
      : `log in: ${command}`,
    code: unauthorized || open ? EXIT.authentication : EXIT.forbidden,
  };
}
