/** What the command says of a refusal, where registries are alike in it. */

import type { Sentence, Sentences } from "../facts.ts";

const login = (registry: string) =>
  new RegExp(`docker-pull login.*${registry === "docker.io" ? "" : registry}`);

/** A wrong password. */
export function wrongLogin(registry: string): Sentence {
  return {
    says: /refuses the user name or password from ~\/\.docker\/config\.json/,
    hint: login(registry),
    code: 3,
  };
}

/** No login, where one is needed or the name is wrong. */
export function noLogin(registry: string): Sentence {
  return {
    says: /wants a login, or has no such image/,
    hint: login(registry),
    code: 3,
  };
}

/** A login that reaches no such repository, or there is none. */
export function noAccess(registry: string): Sentence {
  return {
    says: /(?:gives this login no access|refuses this login), or has no such/,
    hint: login(registry),
    code: 3,
  };
}

/** A repository that is said not to be there. */
export const noRepository: Sentence = {
  says: /has no repository "[a-z/-]*missing"/,
  hint: /check the spelling/,
  code: 5,
};

/** An image that is said not to be there. */
export const noImage: Sentence = {
  says: /has no such (?:image|tag)/,
  hint: /check the spelling/,
  code: 5,
};

/** A tag that is said not to be there. */
export const noTag: Sentence = {
  says: /has no such tag/,
  hint: /the nearest tag is 1\.0/,
  code: 5,
};

/** Too many pulls. */
export const limit: Sentence = {
  says: /allows no more pulls for now/,
  hint: /try again later; a login often allows more/,
  code: 6,
};

/** A repository that a push does not make. */
export const notMade: Sentence = {
  says: /has no such repository, and makes none by itself/,
  hint: /created first/,
  code: 5,
};

/** A tag that may not be moved. */
export const fixedTag: Sentence = {
  says: /does not let the tag 1\.0 be moved/,
  hint: /push it by another tag/,
  code: 4,
};

/** A registry that is full. */
export const noRoom: Sentence = {
  says: /has no room left/,
  hint: /free some there/,
  code: 8,
};

/** A registry that nobody pushes to. */
export const readOnly: Sentence = {
  says: /takes nothing from anyone there/,
  hint: /push to the registry itself/,
  code: 4,
};

/** The refusals of a registry that gives them as most do. */
export function usual(registry: string): Sentences {
  return {
    wrongLogin: wrongLogin(registry),
    noLogin: noLogin(registry),
    noRepository: noLogin(registry),
    noAccess: noAccess(registry),
    noTag,
  };
}
