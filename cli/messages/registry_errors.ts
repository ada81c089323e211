/** What a registry's refusal means to the user. */

import type { RegistryError } from "../../lib/image/errors.ts";
import { isUnauthorized } from "../../lib/registry/auth/login.ts";
import { saysExpired } from "../../lib/net/registry_words.ts";
import { EXIT } from "./exit_codes.ts";
import type { ErrorContext, Explanation } from "./explanation.ts";
import { isAboutImage, isGiven, logIn, renewal } from "./login_hints.ts";
import { explainMissing, type Refusal } from "./missing.ts";
import { explainPushRefusal } from "./uploads.ts";
import { formatWholeTime } from "../progress/text.ts";

/** Puts a registry's refusal in words, by its status. */
export function explainRegistryError(
  error: RegistryError,
  context: ErrorContext,
): Explanation {
  const {
    image = "the image",
    action = `pull ${JSON.stringify(image)}`,
    registry = "the registry",
    login,
  } = context;
  const { status, retryAfter, asked } = error;
  const pushing = asked?.kind === "push" &&
    explainPushRefusal(error, asked, context);
  if (pushing) return pushing;
  const words = error.words && ` (${error.words})`;
  const cannot = context.named ? registry : `Cannot ${action}: ${registry}`;
  if (listsNoTags(error)) {
    return {
      sentence: `${cannot} lists no tags, HTTP ${status}${words}`,
      hint: "name the tag itself, as in docker-pull inspect IMAGE:TAG",
      code: status === 404 ? EXIT.notFound : EXIT.other,
    };
  }
  if (isUnauthorized(error)) {
    const { says, hint } = unauthorized(error, context);
    return {
      sentence: `${cannot} ${says}${words}`,
      hint,
      code: EXIT.authentication,
    };
  }
  // Token servers say 403 of a wrong password and of a missing image, too.
  if (status === 403 && !isAboutImage(error)) {
    return {
      sentence: `${cannot} ${
        login ? "refuses this login" : "wants a login"
      }, or has no such image${words}`,
      hint: "check the name; if it is right" +
        (login ? `, ${renewal(context)}` : `: ${logIn(context)}`),
      code: EXIT.authentication,
    };
  }
  if (status === 403) {
    return {
      sentence: `${cannot} forbids it to ${
        login ? "this user" : "anonymous users"
      }${words}`,
      hint: login
        ? "ask for the right to pull, or log in as another user"
        : `log in: ${logIn(context)}`,
      code: EXIT.forbidden,
    };
  }
  if (status === 404) {
    const { says, hint } = explainMissing(error, context);
    return {
      sentence: `${cannot} ${says}${words}`,
      hint,
      code: EXIT.notFound,
    };
  }
  if (status === 429) {
    const when = retryAfter
      ? `try again in ${formatWholeTime(retryAfter)}, or let this wait with ` +
        `--max-wait ${Math.ceil(retryAfter / 1000)}`
      : "try again later";
    return {
      sentence: `${cannot} allows no more pulls for now${words}`,
      hint: login ? when : `${when}; a login often allows more`,
      code: EXIT.rateLimited,
    };
  }
  if (status < 100 || status > 599) {
    return {
      sentence: `${cannot} answers with the status ${status}, which is none ` +
        `of HTTP${words}`,
      hint: "something in front of the registry may have answered; --verbose " +
        "shows the request",
      code: EXIT.network,
    };
  }
  // What stands before a hotel's network says so, where it knows how to.
  if (status === 511) {
    return {
      sentence: `${cannot} cannot be had before this network is given a ` +
        `login, HTTP 511${words}`,
      hint: "log in there in a browser, and try again",
      code: EXIT.network,
    };
  }
  if (status >= 500 || status === 408 || status === 425) {
    return {
      sentence: `${cannot} has a fault of its own, HTTP ${status}${words}`,
      hint: "try again later",
      code: EXIT.network,
    };
  }
  return {
    sentence: `${cannot} answers HTTP ${status}${words}`,
    hint: "--verbose shows the request",
    code: EXIT.other,
  };
}

/** Whether a registry does not know what a list of tags is. */
function listsNoTags({ url, status, words }: RegistryError): boolean {
  return /^\/v2\/.+\/tags\/list$/.test(new URL(url).pathname) &&
    (status === 405 || status === 501 || status === 404 && !words);
}

function unauthorized(error: RegistryError, context: ErrorContext): Refusal {
  const { login, loginSource, bearer } = context;
  if (!login) {
    return {
      says: "wants a login, or has no such image",
      hint: `check the name; if it is right: ${logIn(context)}`,
    };
  }
  const given = isGiven(context);
  const renew = renewal(context);
  if (saysExpired(error)) {
    return {
      says: "says that this login has expired",
      hint: given ? `renew it: ${logIn(context)}` : renew,
    };
  }
  // Whoever got a token and is refused with it is known, and has no access.
  return bearer && isAboutImage(error)
    ? {
      says: "gives this login no access, or has no such image",
      hint: `check the name; if it is right, ask for access or ${
        given ? "use another login" : renew
      }`,
    }
    : {
      says: "refuses the user name or password" +
        (loginSource && !given ? ` from ${loginSource}` : ""),
      hint: renew,
    };
}
