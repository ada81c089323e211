import { assertEquals } from "@std/assert";
import { test } from "../harness.ts";
import { verifyKeyless } from "../../lib/proofs/keyless.ts";
import {
  bundleOf,
  FORGER_KEY,
  IDENTITY,
  ISSUER,
  KEYLESS,
  SIGNED,
  simplePayload,
  TRUST,
  withBundle,
  withJws,
  withSimple,
  World,
} from "./world.ts";

const keyOf = (name: string) => ({
  path: `${name}.pub`,
  text: SIGNED.keys[name]!,
});

for (const [name, { bundle, signature }] of Object.entries(SIGNED.signatures)) {
  test(`what cosign has signed with ${name} counts, as bundle and as .sig`, async () => {
    const world = new World();
    world.refer(world.descriptor(bundle));
    world.refer(world.descriptor(signature), {
      tag: `${SIGNED.index.replace(":", "-")}.sig`,
    });
    const { signatures, refused, problem } = await world.examine({
      keys: [keyOf(name)],
    });
    assertEquals([refused, problem], [[], undefined]);
    assertEquals(
      signatures.map(({ kind, digest, signed, unchecked }) => ({
        kind,
        digest,
        signed,
        unchecked,
      })),
      [
        {
          kind: "cosign-bundle",
          digest: bundle,
          signed: SIGNED.index,
          unchecked: ["transparency-log"],
        },
        {
          kind: "cosign-signature",
          digest: signature,
          signed: SIGNED.index,
          unchecked: ["transparency-log"],
        },
      ],
    );
  });

  test(`what cosign has signed with ${name} does not count for others`, async () => {
    for (const other of Object.keys(SIGNED.keys)) {
      if (other === name) continue;
      const world = new World();
      world.refer(world.descriptor(bundle));
      world.refer(world.descriptor(signature), { tag: "t" });
      const { signatures, refused, problem } = await world.examine({
        keys: [keyOf(other)],
      });
      assertEquals(signatures, []);
      assertEquals(refused.map(({ problem }) => problem.code), [
        "other-key",
        "bad-signature",
      ]);
      assertEquals(problem?.code, "other-key");
    }
  });
}

test("what notation has signed counts by its trust store, for its time", async () => {
  const { manifest, certificate, now } = SIGNED.notation;
  const store = [{ path: "store", text: certificate }];
  const world = new World();
  world.refer(world.descriptor(manifest));
  const at = (time: string) => ({
    notationCertificates: store,
    now: () => Date.parse(time),
  });
  const { signatures, problem } = await world.examine(at(now));
  assertEquals(problem, undefined);
  assertEquals(signatures[0]!.kind, "notation");
  assertEquals(signatures[0]!.unchecked, ["revocation", "timestamp"]);
  assertEquals(
    (await world.examine(at("2036-01-01T00:00:00Z"))).problem?.code,
    "expired",
  );
  assertEquals(
    (await world.examine(at("2020-01-01T00:00:00Z"))).problem?.code,
    "not-yet-valid",
  );
});

test("what is made here as cosign and notation make it counts", async () => {
  for (
    const world of [
      withBundle(bundleOf()),
      withSimple(simplePayload()),
      withJws(),
    ]
  ) assertEquals((await world.examine(TRUST)).problem, undefined);
});

test("a signature of an index proves its manifests, in a pruned file, too", async () => {
  const world = withBundle(bundleOf());
  const index = JSON.parse(
    new TextDecoder().decode(world.blobs.get(SIGNED.index)),
  );
  const [amd64, arm64] = index.manifests;
  const pruned = world.put(
    new TextEncoder().encode(
      JSON.stringify({ ...index, manifests: [arm64] }),
    ),
    index.mediaType,
  );
  world.blobs.delete(amd64.digest);
  // As LocalSource has it: what refers to an index above, too.
  const { source } = world;
  const local = { ...source, referrers: () => Promise.resolve(world.entries) };
  Object.defineProperty(world, "source", { value: local });
  const trust = { keys: [FORGER_KEY] };
  for (const digest of [arm64.digest, pruned.digest]) {
    const { problem, signatures } = await world.examine(trust, digest);
    assertEquals([problem, signatures[0]!.signed], [undefined, SIGNED.index]);
  }
  // Something else beside it is not proven by that.
  const strange = world.put(
    new TextEncoder().encode(JSON.stringify({
      ...JSON.parse(new TextDecoder().decode(world.blobs.get(arm64.digest))),
      annotations: { a: "b" },
      layers: [],
    })),
    arm64.mediaType,
  );
  assertEquals(
    (await world.examine(trust, strange.digest)).problem,
    { code: "not-below", signed: SIGNED.index },
  );
  world.blobs.delete(SIGNED.index);
  assertEquals(
    (await world.examine(trust, arm64.digest)).problem,
    { code: "signed-not-there", signed: SIGNED.index },
  );
});

for (const [name, entry] of Object.entries(KEYLESS)) {
  if (typeof entry === "string") continue;
  test(`Sigstore's own ${name} counts, for whom it names`, async () => {
    const { bundle, root } = entry;
    const trust = { root, path: "root", identity: IDENTITY, issuer: ISSUER };
    const { signer, unchecked } = await verifyKeyless(bundle, trust);
    assertEquals(signer, { identity: IDENTITY, issuer: ISSUER });
    assertEquals(unchecked, []);
  });
}
