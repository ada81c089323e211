/** Which name a signature has to be made for, by a policy's `signedIdentity`. */

import {
  formatReference,
  parseReference,
  type Reference,
} from "../image/reference.ts";
import { type BadPart, objectFields } from "./policy_fields.ts";

/** Whether the name that was signed is right for an image. */
export interface NamedRule {
  /** Whether the policy says so itself: then a name has to be signed. */
  explicit: boolean;
  /** Whether a signed name is right. */
  allows(signed: string, reference: Reference): boolean;
}

type Allows = NamedRule["allows"];

/** Reads that part; without it, an image's own name or digest has to be there. */
export function readIdentity(value: unknown, bad: BadPart): NamedRule {
  if (value === undefined) return { explicit: false, allows: byDigestOrExact };
  const text = (field: unknown): string => {
    if (typeof field !== "string" || field === "") throw bad("signedIdentity");
    return field;
  };
  const fields = objectFields(value, undefined, bad, "signedIdentity");
  const only = (...names: string[]) =>
    objectFields(value, ["type", ...names], bad, "signedIdentity");
  const rule = (allows: Allows): NamedRule => ({ explicit: true, allows });
  switch (fields.type) {
    case "matchExact":
      only();
      return rule(exact);
    case "matchRepoDigestOrExact":
      only();
      return rule(byDigestOrExact);
    case "matchRepository":
      only();
      return rule(sameRepository);
    case "exactReference": {
      const wanted = text(only("dockerReference").dockerReference);
      return rule((signed) => isSame(signed, wanted));
    }
    case "exactRepository": {
      const wanted = text(only("dockerRepository").dockerRepository);
      return rule((signed) => repositoryOf(signed) === repositoryOf(wanted));
    }
    case "remapIdentity": {
      const { prefix, signedPrefix } = only("prefix", "signedPrefix");
      const [from, to] = [text(prefix), text(signedPrefix)];
      return rule((signed, reference) => {
        const name = formatReference(reference);
        const isBelow = name === from || name.startsWith(from) &&
            /[/:@]/.test(name[from.length]!);
        const mapped = isBelow ? to + name.slice(from.length) : name;
        const read = parsed(mapped);
        return read !== undefined && byDigestOrExact(signed, read);
      });
    }
    default:
      throw bad("signedIdentity");
  }
}

const exact: Allows = (signed, reference) =>
  reference.digest === undefined && isSame(signed, formatReference(reference));

const sameRepository: Allows = (signed, { registry, repository }) =>
  repositoryOf(signed) === `${registry}/${repository}`;

const byDigestOrExact: Allows = (signed, reference) =>
  reference.digest === undefined
    ? exact(signed, reference)
    // A name alone is no image's, and is refused by Podman and skopeo, too.
    : /[:@][^/]+$/.test(signed) && sameRepository(signed, reference);

function isSame(one: string, other: string): boolean {
  const [a, b] = [parsed(one), parsed(other)];
  // A name without a tag is that of a repository, and of no image.
  const tagged = (text: string) => /:[^/]+$/.test(text);
  return a !== undefined && b !== undefined && tagged(one) && tagged(other) &&
    formatReference(a) === formatReference(b);
}

function repositoryOf(text: string): string | undefined {
  const read = parsed(text);
  return read && `${read.registry}/${read.repository}`;
}

function parsed(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch {
    return undefined;
  }
}
