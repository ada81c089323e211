/** Policies as Podman and skopeo have them, and what refuses a pull by them. */

import { assertEquals, assertRejects } from "@std/assert";
import { test } from "../harness.ts";
import { SignatureError } from "../../lib/image/errors.ts";
import { parseReference } from "../../lib/image/reference.ts";
import {
  type OnSigned,
  requirePolicy,
  requireSignature,
} from "../../lib/proofs/require.ts";
import {
  bundleOf,
  FORGER_KEY,
  SIGNED,
  simplePayload,
  withBundle,
  withSimple,
  World,
} from "./world.ts";

const readFile = (path: string) =>
  path === FORGER_KEY.path
    ? Promise.resolve(FORGER_KEY.text)
    : Promise.reject(new Error(`there is no ${path}`));

const signed = (more: object = {}) => ({
  type: "sigstoreSigned",
  keyPath: FORGER_KEY.path,
  ...more,
});

/** The code of the refusal, if it is one. */
async function refusal(
  docker: Record<string, unknown>,
  name: string,
  world: World,
  onSigned?: OnSigned,
): Promise<string | undefined> {
  const text = JSON.stringify({
    default: [{ type: "reject" }],
    transports: { docker },
  });
  const policy = { path: "policy.json", text };
  const accept = await requirePolicy(policy, readFile, onSigned);
  const top = await world.source.fetchManifest(SIGNED.index);
  const manifests = await world.manifests(top);
  const { source } = world;
  try {
    await accept({ reference: parseReference(name), top, manifests, source });
    return undefined;
  } catch (error) {
    if (error instanceof SignatureError) return error.code;
    throw error;
  }
}

test("the narrowest scope of a policy counts", async () => {
  const anything = [{ type: "insecureAcceptAnything" }];
  const docker = {
    "r.test/team/app:1": anything,
    "r.test/team": [{ type: "reject" }],
    "r.test": anything,
    "*.wild.test": anything,
    "docker.io/library": anything,
  };
  for (
    const [name, code] of [
      ["r.test/team/app:1", undefined],
      ["r.test/team/app:2", "rejected"],
      ["r.test/other:1", undefined],
      ["a.b.wild.test/x:1", undefined],
      ["wild.test/x:1", "rejected"],
      ["nginx", undefined],
      ["me/app", "rejected"],
    ] as const
  ) assertEquals(await refusal(docker, name, new World()), code, name);
});

test("a policy's keys, and the name that was signed, count", async () => {
  const rule = (type: string, more: object = {}) => ({
    "r.test": [signed({ signedIdentity: { type, ...more } })],
  });
  // As cosign names it, and as others do.
  const simple = withSimple(simplePayload());
  const payload = simplePayload();
  payload.critical.identity["docker-reference"] = "r.test/app:1";
  const tagged = withSimple(payload);
  const byDigest = `r.test/app@${SIGNED.index}`;
  for (
    const [docker, name, code] of [
      [{ "r.test": [signed()] }, "r.test/app:1", undefined],
      [{ "r.test": [signed()] }, "r.test/app:2", "other-name"],
      [{ "r.test": [signed()] }, byDigest, undefined],
      [rule("matchExact"), "r.test/app:1", undefined],
      [rule("matchExact"), byDigest, "other-name"],
      [
        rule("exactReference", { dockerReference: "r.test/app:1" }),
        "r.test/else:7",
        undefined,
      ],
      [
        rule("remapIdentity", {
          prefix: "r.test/mirror",
          signedPrefix: "r.test",
        }),
        `r.test/mirror/app@${SIGNED.index}`,
        undefined,
      ],
    ] as const
  ) assertEquals(await refusal(docker, name, tagged), code, name);
  for (
    const [docker, name, code] of [
      [{ "r.test": [signed()] }, "r.test/app:1", "other-name"],
      [{ "r.test": [signed()] }, byDigest, "other-name"],
      [rule("matchRepoDigestOrExact"), byDigest, "other-name"],
      [rule("matchExact"), byDigest, "other-name"],
      [rule("matchRepository"), "r.test/app:1", undefined],
      [rule("matchRepository"), "r.test/else:1", "other-name"],
      [
        rule("exactRepository", { dockerRepository: "r.test/app" }),
        "r.test/copy:1",
        undefined,
      ],
      [
        rule("exactReference", { dockerReference: "r.test/app:1" }),
        "r.test/app:1",
        "other-name",
      ],
      [
        rule("remapIdentity", {
          prefix: "r.test/mirror",
          signedPrefix: "r.test",
        }),
        `r.test/mirror/app@${SIGNED.index}`,
        "other-name",
      ],
    ] as const
  ) assertEquals(await refusal(docker, name, simple), code, name);
  const bundle = withBundle(bundleOf());
  assertEquals(
    await refusal({ "r.test": [signed()] }, "r.test/app:1", bundle),
    undefined,
  );
  assertEquals(
    await refusal(rule("matchRepository"), "r.test/app:1", bundle),
    "no-name",
  );
  assertEquals(
    await refusal({ "r.test": [signed()] }, "r.test/app:1", new World()),
    "no-signature",
  );
});

test("where a policy takes a signature without a name, that is told", async () => {
  const named = simplePayload();
  named.critical.identity["docker-reference"] = "r.test/app:7";
  const docker = { "r.test": [signed()] };
  for (
    const [world, name, unchecked] of [
      [withBundle(bundleOf()), "r.test/app:1", ["transparency-log", "name"]],
      [
        withSimple(named),
        `r.test/app@${SIGNED.index}`,
        ["transparency-log"],
      ],
    ] as const
  ) {
    const told: unknown[] = [];
    const code = await refusal(docker, name, world, (_, signatures) => {
      told.push(...signatures.map((each) => each.unchecked));
    });
    assertEquals([code, told], [undefined, [unchecked]]);
  }
});

test("what is not understood of a policy lets nothing in", async () => {
  for (
    const [requirement, code] of [
      [{ type: "signedBy", keyType: "GPGKeys" }, "policy-unsupported"],
      [{ type: "sigstoreSigned", fulcio: {} }, "policy-unsupported"],
      [signed({ rekorPublicKeyPath: "a" }), "policy-unsupported"],
      [signed({ keyData: "AA==" }), "bad-policy"],
      [signed({ odd: true }), "bad-policy"],
      [signed({ signedIdentity: { type: "odd" } }), "bad-policy"],
      [{ type: "sigstoreSigned" }, "bad-policy"],
      [{ type: "sigstoreSigned", keyData: "AAAA" }, "bad-key"],
      [{ type: "insecureAcceptAnything", odd: 1 }, "bad-policy"],
      [{ type: "odd" }, "bad-policy"],
    ] as const
  ) {
    const text = JSON.stringify({ default: [requirement] });
    const error = await assertRejects(
      () => requirePolicy({ path: "p", text }, readFile),
      SignatureError,
    );
    assertEquals(error.code, code, text);
  }
  const anything = '[{"type":"insecureAcceptAnything"}]';
  const reject = '[{"type":"reject"}]';
  for (
    const text of [
      "{",
      "[]",
      "{}",
      '{"default":[]}',
      '{"odd":1}',
      // Of two, one reader takes the first and another the last.
      `{"default":${reject},"default":${anything}}`,
      `{"default":${reject},"Default":${anything}}`,
      `{"default":[{"type":"reject","type":"insecureAcceptAnything"}]}`,
      `{"default":${reject},"transports":{"docker":{"a":${reject},"a":${anything}}}}`,
      `{"default":${reject},"transports":{"docker":{},"docker":{"":${anything}}}}`,
    ]
  ) {
    const error = await assertRejects(
      () => requirePolicy({ path: "p", text }, readFile),
      SignatureError,
    );
    assertEquals(error.code, "bad-policy", text);
  }
});

test("requireSignature() tells of each signature that does not count", async () => {
  const accept = requireSignature({ keys: [FORGER_KEY] });
  const other = `sha256:${"b".repeat(64)}`;
  const world = withBundle(bundleOf({ digest: other }));
  const { source } = world;
  const top = await source.fetchManifest(SIGNED.index);
  const image = {
    reference: parseReference("r.test/app:1"),
    top,
    manifests: await world.manifests(top),
    source,
  };
  const error = await assertRejects(() => accept(image), SignatureError);
  assertEquals([error.image, error.code], ["r.test/app:1", "other-digest"]);
  assertEquals(error.refused.map(({ problem }) => problem), [
    { code: "other-digest", signed: other },
  ]);
});
