/** Signatures with a part that is something else: refused, and never a crash. */

import { assertEquals } from "@std/assert";
import { type Random, randomFrom } from "../faults/random.ts";
import { test } from "../harness.ts";
import { OCI_MANIFEST } from "../../lib/image/media_types.ts";
import type { Examined } from "../../lib/proofs/examine.ts";
import { Authority, PROVIDER, SIGNER, statementOf } from "./authority.ts";
import {
  bundleOf,
  json,
  SIGNED,
  simplePayload,
  TRUST,
  withBundle,
  withJws,
  withSimple,
  World,
} from "./world.ts";

const TIMES = 300;
const authority = new Authority();
const trust = {
  ...TRUST,
  trustedRoot: { path: "root.json", text: authority.trustedRoot },
  certificateIdentity: SIGNER,
  certificateIssuer: PROVIDER,
};

const VALUES: unknown[] = [
  ...[null, "", "a", "\u0000", "e30=", 0, -1, 1e300, true, [], {}],
  ...[[null], { a: 1 }, "A".repeat(10_000), ["a", "a"], "2026", "sha256:"],
];

/** Whether a text is JSON in base64, as parts of signatures are. */
function inner(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64").toString());
  } catch {
    return undefined;
  }
}

/** The same value with one part of it changed, at any depth. */
function mutate(value: unknown, random: Random): unknown {
  const stop = random.int(0, 4) === 0;
  if (typeof value === "string" && !stop) {
    const nested = inner(value);
    if (nested !== undefined && typeof nested === "object") {
      const text = JSON.stringify(mutate(nested, random));
      return Buffer.from(text).toString("base64");
    }
    const at = random.int(0, value.length + 1);
    return value.slice(0, at) + value.slice(at + random.int(0, 3));
  }
  const isList = Array.isArray(value);
  if (value === null || typeof value !== "object" || stop) {
    return VALUES[random.int(0, VALUES.length)];
  }
  const keys = Object.keys(value);
  const key = keys[random.int(0, keys.length)];
  if (key === undefined) return VALUES[random.int(0, VALUES.length)];
  const changed = mutate((value as Record<string, unknown>)[key], random);
  if (isList) return value.map((each, i) => `${i}` === key ? changed : each);
  const { [key]: _, ...rest } = value as Record<string, unknown>;
  return random.int(0, 8) === 0 ? rest : { ...rest, [key]: changed };
}

const WORLDS: [string, () => World][] = [
  ["a bundle", () => withBundle(bundleOf())],
  ["a .sig", () => withSimple(simplePayload())],
  ["a JWS", () => withJws()],
  [
    "a bundle without a key",
    () =>
      withBundle(
        json(authority.sign({ statement: statementOf(SIGNED.index) })),
      ),
  ],
];

for (const [name, make] of WORLDS) {
  test(`${name} with any other part is refused, or is signed by the same`, async () => {
    const good = await make().examine(trust);
    assertEquals(good.problem, undefined);
    for (let seed = 1; seed <= TIMES; seed++) {
      const random = randomFrom(seed * 7919);
      const world = make();
      const [{ descriptor }] = world.entries as [typeof world.entries[0]];
      const text = new TextDecoder().decode(world.blobs.get(descriptor.digest));
      const manifest = JSON.parse(text);
      const [layer] = manifest.layers;
      const bytes = world.blobs.get(layer.digest)!;
      // Of the manifest, what is said beside the layer; else the layer.
      const isBeside = random.int(0, 4) === 0;
      const told = isBeside ? layer : {
        ...layer,
        ...world.put(
          json(mutate(JSON.parse(new TextDecoder().decode(bytes)), random)),
          layer.mediaType,
        ),
      };
      const { annotations, ...rest } = told;
      const changed = isBeside && annotations
        ? { ...rest, annotations: mutate(annotations, random) }
        : told;
      const [entry] = world.entries;
      world.entries = [{
        ...entry!,
        descriptor: world.put(
          json({ ...manifest, layers: [changed] }),
          OCI_MANIFEST,
        ),
      }];
      const found = await world.examine(trust);
      if (found.problem) continue;
      // A part that nobody has signed, and nobody goes by.
      const signers = (examined: Examined) =>
        examined.signatures.map(({ kind, signed, signer }) => ({
          kind,
          signed,
          identity: signer.identity,
          key: signer.key,
        }));
      assertEquals(signers(found), signers(good), `${name} ${seed}`);
    }
  });
}
