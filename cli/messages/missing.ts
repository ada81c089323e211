/** What is told of that which a registry does not have. */

import { NetworkError, type RegistryError } from "../../lib/image/errors.ts";
import { formatPlatform } from "../../lib/image/platform_text.ts";
import { networkReason } from "./network_errors.ts";
import type { ErrorContext } from "./explanation.ts";

/** A registry's refusal: what it says, with the registry as the subject. */
export interface Refusal {
  /** What it says. */
  says: string;
  /** What to try next. */
  hint: string;
}

const SPELLING = "check the spelling of the name and the tag";

/** Puts a 404 in words, by what was asked for. */
export function explainMissing(
  error: RegistryError,
  context: ErrorContext,
): Refusal {
  const { errors, asked, tried } = error;
  const { repository } = context;
  if (
    context.repositoryUnknown ||
    errors.some(({ code }) => code === "NAME_UNKNOWN")
  ) {
    return {
      says: repository
        ? `has no repository ${JSON.stringify(repository)}`
        : "has no such repository",
      hint: SPELLING,
    };
  }
  switch (asked?.kind) {
    case "blob":
      if (tried.length > 0) {
        return {
          says: `does not hold the layer ${asked.digest}${triedText(tried)}`,
          hint: "check the way there, or ask who published the image",
        };
      }
      return {
        says: `has lost a part of the image, ${asked.digest}`,
        hint: "tell who runs it; who published the image can push it again",
      };
    case "child": {
      const { digest, index, platform } = asked;
      return {
        says: `has lost the image${
          platform ? ` for ${formatPlatform(platform)}` : ""
        }: the index ${index} names ${digest}, which is not there`,
        hint: "another one may be there, with --platform; who published the " +
          "image can push it again",
      };
    }
    case "digest":
      if (context.digestOfPart) {
        return {
          says:
            `has no image of the digest ${asked.digest}, which is that of ` +
            "a layer or a configuration",
          hint: "give the digest of the image's manifest or index, as " +
            "docker-pull doctor IMAGE:TAG tells it",
        };
      }
      return {
        says: `has no such digest under that name, ${asked.digest}`,
        hint: "check the digest and the name; it may be that of a layer or a " +
          "configuration, belong to another repository, or have been deleted",
      };
    case "tag":
      return missingTag(error, context);
    default:
      return { says: "has no such image", hint: SPELLING };
  }
}

/** As many addresses of a layer are told of. */
const TOLD = 3;

/** Why a layer that a registry need not hold did not come from elsewhere. */
function triedText(tried: RegistryError["tried"]): string {
  const each = tried.slice(0, TOLD).map(({ url, error }) => {
    const host = URL.canParse(url) && new URL(url).host || url;
    const failed = error instanceof NetworkError
      ? networkReason(error)
      : `HTTP ${error.status}`;
    return `${host}: ${failed}`;
  });
  const more = tried.length - each.length;
  return `, nor can it be had where the image says (${each.join("; ")}${
    more > 0 ? `; ${more} more` : ""
  })`;
}

function missingTag(
  { errors }: RegistryError,
  { nearestTags = [], tagListed }: ErrorContext,
): Refusal {
  if (tagListed) {
    return {
      says: "lists that tag, and has no image for it",
      hint: "it may have been deleted, or pushed in part; who published it " +
        "can push it again",
    };
  }
  const others = [...nearestTags];
  const last = others.pop();
  if (last !== undefined) {
    return {
      says: "has no such tag",
      hint: others.length > 0
        ? `the nearest tags are ${others.join(", ")} and ${last}`
        : `the nearest tag is ${last}`,
    };
  }
  return {
    says: errors.some(({ code }) => code === "MANIFEST_UNKNOWN")
      ? "has no such tag"
      : "has no such image",
    hint: SPELLING,
  };
}
