/** Each refusal of each registry, as one sentence of the command. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { assert, assertInstanceOf, assertMatch } from "@std/assert";
import { DockerPullError } from "../../lib/image/errors.ts";
import type { FoundCredential } from "../../lib/image/types.ts";
import { test } from "../harness.ts";
import { assertSentence, runCommand } from "./command.ts";
import type { Facts, Sentence, Sentences } from "./facts.ts";
import { onScene, type Scene } from "./scene.ts";
import { ALL } from "./species/all.ts";

/** What is asked for, and what must be the matter. */
interface Case {
  what: string;
  reference: string;
  login?: "right" | "wrong";
  prepare?: (scene: Scene) => void;
}

function cases(
  { registry, open, closed }: Facts,
): Record<keyof Sentences, Case> {
  const any = open ?? closed!;
  const login = open ? undefined : "right";
  const missing = any.replace(/[^/]+$/, "missing");
  return {
    wrongLogin: {
      what: "a wrong password",
      reference: `${registry}/${closed}:1.0`,
      login: "wrong",
    },
    noLogin: { what: "no login", reference: `${registry}/${closed}:1.0` },
    noRepository: {
      what: "a missing repository",
      reference: `${registry}/${missing}:1.0`,
      login,
    },
    noAccess: {
      what: "a missing repository, with a login",
      reference: `${registry}/${missing}:1.0`,
      login: "right",
    },
    noTag: {
      what: "a missing tag",
      reference: `${registry}/${any}:9.9`,
      login,
    },
    limit: {
      what: "too many pulls",
      reference: `${registry}/${any}:1.0`,
      login,
      prepare: ({ zoo }) => void (zoo.limited = true),
    },
    expired: {
      what: "a login that has run out",
      reference: `${registry}/${any}:1.0`,
      login,
      prepare: ({ zoo }) => void (zoo.loginExpired = true),
    },
  };
}

async function refused(
  scene: Scene,
  { reference, login }: Case,
  sentence: Sentence,
): Promise<void> {
  const { zoo, folder } = scene;
  const output = join(folder, "image.tar");
  const found: FoundCredential | undefined = login && zoo.login(login);
  const ran = await runCommand([
    "--verbose",
    "--retries=0",
    "--no-cache",
    "--no-mirrors",
    "--platform=linux/amd64",
    `--output=${output}`,
    reference,
  ], {
    fetch: zoo.fetch,
    registry: zoo.facts.registry,
    ...(found && { login: found }),
  });
  const error = assertSentence(ran, sentence);
  assert(error.startsWith(`error: Cannot pull "${reference}": `), error);
  assertInstanceOf(ran.error, DockerPullError);
  assert(!existsSync(output));
  // The exchange is shown, without what is secret in it.
  assertMatch(ran.stderr, /^GET https:.* → [2345]\d\d, /m);
  zoo.secrets.assertClean("standard error", ran.stderr);
  zoo.secrets.assertClean("the error", ran.error);
}

for (const facts of ALL) {
  const asked = cases(facts);
  for (const [key, sentence] of Object.entries(facts.sentences)) {
    const each = asked[key as keyof Sentences];
    test(`${facts.name}: ${each.what} is one sentence`, () =>
      onScene(facts, async (scene) => {
        each.prepare?.(scene);
        await refused(scene, each, sentence);
      }));
  }
}
