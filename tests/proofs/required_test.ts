/** `--require-signature`: whatever is pulled, and wherever from, no byte of a layer is asked for before it is known to be signed. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { images, inSetWorld, ONE, TWO } from "../cli/commands/set_world.ts";
import type { World } from "../cli/commands/set_world.ts";
import type { Descriptor } from "../../lib/image/types.ts";
import { test } from "../harness.ts";
import type { Answer } from "../registry_server/mod.ts";
import { Authority, PROVIDER, SIGNER, statementOf } from "./authority.ts";
import { extendedUsage, usage } from "./der.ts";
import { refer } from "./signed_registry.ts";
import { bundleOf, FORGER_KEY, json } from "./world.ts";

const [one, two] = images as [typeof images[0], typeof images[0]];
const LAYERS = new Set(
  images.flatMap(({ layers }) => layers.map(({ digest }) => digest)),
);

/** What was asked of layers, and what was sent of them. */
function layersOf({ registry }: Pick<World, "registry">): string[] {
  return registry.requests
    .filter(({ path }) => LAYERS.has(path.split("/").at(-1) ?? ""))
    .map(({ method, path }) => `${method} ${path}`);
}

/** The first image signed, and the key of that. */
async function signOne({ registry, folder }: World): Promise<string> {
  const key = join(folder, "cosign.pub");
  await writeFile(key, FORGER_KEY.text);
  const { digest } = one.manifest.descriptor;
  refer(registry, "team/one", one.manifest, { bytes: bundleOf({ digest }) });
  return key;
}

test("what is signed is pulled, and whoever signed it is told", () =>
  inSetWorld(async (world) => {
    const { folder, run } = world;
    const key = await signOne(world);
    const file = join(folder, "one.tar");
    const required = ["--require-signature", "--key", key];
    const { code, stderr } = await run(...required, "-o", file, ONE);
    assertEquals(code, 0, stderr);
    const { digest } = one.manifest.descriptor;
    assertStringIncludes(stderr, `${digest} signed by this key, SHA256:`);
    assert(layersOf(world).length > 0);
  }));

test("what is not signed is refused before a byte of a layer is asked for", () =>
  inSetWorld(async (world) => {
    const { folder, registry, bare } = world;
    const key = await signOne(world);
    const lock = join(folder, "images.lock.json");
    await writeFile(lock, (await bare("lock", ONE, TWO)).stdout);
    const held = join(folder, "held.tar");
    assertEquals((await bare("--no-cache", "-o", held, TWO)).code, 0);
    const policy = join(folder, "policy.json");
    await writeFile(
      policy,
      JSON.stringify({
        default: [{ type: "reject" }],
        transports: {
          docker: {
            "registry.test": [{ type: "sigstoreSigned", keyPath: key }],
          },
        },
      }),
    );
    registry.hosts.add("mirror.test");
    const file = join(folder, "x.tar");
    const out = ["-o", file];
    const required = ["--require-signature", "--key", key];
    const fresh = ["--cache-dir", join(folder, "fresh")];
    const mirror = ["--mirror", "registry.test=https://mirror.test"];
    const cases: [string, ...string[]][] = [
      ["an image", ...fresh, ...required, ...out, TWO],
      [
        "an image by its digest",
        ...fresh,
        ...required,
        ...out,
        `${TWO.replace(/:1$/, "")}@${two.manifest.descriptor.digest}`,
      ],
      [
        "a set, of which one is signed",
        ...fresh,
        ...required,
        ...out,
        ONE,
        TWO,
      ],
      ["a lock", ...fresh, ...required, ...out, "--lock", lock],
      ["a mirror", ...fresh, ...required, ...out, ...mirror, TWO],
      [
        "a mirror that is believed",
        ...fresh,
        ...required,
        ...out,
        ...mirror,
        "--trust-mirrors",
        TWO,
      ],
      ["a stream", ...fresh, ...required, "-o", "-", TWO],
      ["a layout", ...fresh, ...required, "--format", "oci", ...out, TWO],
      ["parts", ...fresh, ...required, ...out, "--split", "1Ki", TWO],
      ["a plan", ...fresh, ...required, "--dry-run", TWO],
      [
        "a policy",
        ...fresh,
        "--require-signature",
        "--signature-policy",
        policy,
        ...out,
        TWO,
      ],
      ["the source of a copy", "copy", ...fresh, ...required, TWO, file],
      [
        "what goes from registry to registry",
        "copy",
        ...fresh,
        ...required,
        TWO,
        "registry.test/team/three:1",
      ],
      [
        "a push",
        "push",
        ...fresh,
        ...required,
        held,
        "registry.test/team/three:1",
      ],
      ["a file", "copy", ...fresh, ...required, held, file],
      [
        "a file that goes to a registry",
        "copy",
        ...fresh,
        ...required,
        held,
        "registry.test/team/three:1",
      ],
    ];
    for (const [name, ...argv] of cases) {
      registry.requests.length = 0;
      const { code, stdout, stderr } = await bare(...argv);
      assertEquals(code, 13, `${name}: ${stderr}`);
      assertStringIncludes(stderr, "there is no signature of it", name);
      assertStringIncludes(stderr, "hint:", name);
      if (name !== "a plan") assertEquals(stdout, "", name);
      assertEquals(layersOf(world), [], name);
      const sent = registry.requests
        .filter(({ method }) => method !== "GET" && method !== "HEAD");
      assertEquals(sent.map(({ method }) => method), [], name);
      assert(!existsSync(file), name);
    }
    assertEquals(
      (await readdir(folder)).sort(),
      [
        "cache",
        "cosign.pub",
        "fresh",
        "held.tar",
        "images.lock.json",
        "policy.json",
      ]
        .filter((name) => existsSync(join(folder, name))),
    );
  }));

test("with --keep-going, the layers of what is signed are the only ones", () =>
  inSetWorld(async (world) => {
    const { folder, run } = world;
    const key = await signOne(world);
    const file = join(folder, "some.tar");
    const required = ["--require-signature", "--key", key, "--keep-going"];
    const { code, stderr } = await run(...required, "-o", file, ONE, TWO);
    assertEquals(code, 13, stderr);
    assertEquals(
      layersOf(world).filter((line) => line.includes("team/two")),
      [],
    );
    assert(existsSync(file));
  }));

test("a signature without a key counts by the command, for whom it names", () =>
  inSetWorld(async (world) => {
    const { folder, registry, run, bare } = world;
    const authority = new Authority();
    const root = join(folder, "trusted_root.json");
    await writeFile(root, authority.trustedRoot);
    const { digest } = one.manifest.descriptor;
    const bundle = authority.sign({ statement: statementOf(digest) });
    refer(registry, "team/one", one.manifest, {
      bytes: json(bundle),
      manifest: {
        annotations: {
          "dev.sigstore.bundle.content": "dsse-envelope",
          "dev.sigstore.bundle.predicateType":
            "https://sigstore.dev/cosign/sign/v1",
        },
      },
    });
    const trust = (identity = SIGNER, issuer = PROVIDER) => [
      ...["--trusted-root", root, "--certificate-identity", identity],
      ...["--certificate-oidc-issuer", issuer],
    ];
    const file = join(folder, "one.tar");
    const refused = await run(
      ...["--require-signature", ...trust("other@example.test"), "-o", file],
      ONE,
    );
    assertEquals(refused.code, 13, refused.stderr);
    assertStringIncludes(refused.stderr, `it is signed by "${SIGNER}"`);
    assertEquals(layersOf(world), []);
    const pulled = await run(
      ...["--require-signature", ...trust(), "--referrers", "-o", file],
      ONE,
    );
    assertEquals(pulled.code, 0, pulled.stderr);
    const by = `${digest} signed by ${SIGNER}, vouched for by ${PROVIDER} ` +
      "(cosign)";
    assertStringIncludes(pulled.stderr, by);
    for (const place of [ONE, file]) {
      const verify = (...more: string[]) => bare("verify", ...more, place);
      const right = await verify(...trust());
      assertEquals(right.code, 0, right.stderr + right.stdout);
      assertStringIncludes(right.stdout, `by       ${by}\n`);
      const wrong = await verify(...trust(SIGNER, "https://other.test"));
      assertEquals(wrong.code, 13);
      assertStringIncludes(
        wrong.stdout,
        `"${PROVIDER}" has vouched for who signed`,
      );
      const other = join(folder, "other.json");
      await writeFile(other, new Authority().trustedRoot);
      const stranger = await bare(
        ...["verify", "--trusted-root", other, "--certificate-identity"],
        ...[SIGNER, "--certificate-oidc-issuer", PROVIDER, place],
      );
      assertEquals(stranger.code, 13);
      assertStringIncludes(
        stranger.stdout,
        "unsigned registry.test/team/one:1",
      );
    }
  }));

test("a certificate of the authority's that is for something else is refused", () =>
  inSetWorld(async (world) => {
    const { folder, registry, bare } = world;
    const authority = new Authority();
    const root = join(folder, "trusted_root.json");
    await writeFile(root, authority.trustedRoot);
    const { digest } = one.manifest.descriptor;
    const bundle = authority.sign({
      statement: statementOf(digest),
      uses: [usage(0), extendedUsage(8)],
    });
    refer(registry, "team/one", one.manifest, { bytes: json(bundle) });
    const { code, stdout } = await bare(
      ...["verify", "--trusted-root", root, "--certificate-identity", SIGNER],
      ...["--certificate-oidc-issuer", PROVIDER, ONE],
    );
    assertEquals(code, 13);
    assertStringIncludes(stdout, "its certificate is not one to sign with");
  }));

test("a registry that lies about what refers to an image gets nothing in, and keeps no good signature out", async () => {
  const { digest } = one.manifest.descriptor;
  const listing = (manifests: unknown[], link?: string): Answer => ({
    status: 200,
    headers: {
      "content-type": "application/vnd.oci.image.index.v1+json",
      ...link ? { link } : {},
    },
    bytes: json({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests,
    }),
  });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const gone = Array.from({ length: 30 }, (_, i) => ({
    mediaType,
    digest: `sha256:${`${i}`.padStart(64, "0")}`,
    size: 700,
  }));
  const again = `</v2/team/one/referrers/${digest}?n=1>; rel="next"`;
  const answers: [string, (good?: Descriptor) => Answer, boolean][] = [
    ["none", () => listing([]), false],
    [
      "those that are gone",
      (good) => listing([...gone, good ?? []].flat()),
      true,
    ],
    [
      "the image itself, and all of it as an index",
      (good) =>
        listing([one.manifest.descriptor, ...gone, ...good ? [good] : []]),
      true,
    ],
    [
      "pages without an end",
      (good) => listing(good ? [good] : gone, again),
      true,
    ],
    [
      "a page of the web",
      () => ({
        status: 200,
        headers: { "content-type": "text/html" },
        bytes: new TextEncoder().encode("<html>"),
      }),
      true,
    ],
    [
      "the good one in another size first",
      (good) => listing(good ? [{ ...good, size: good.size + 1 }, good] : gone),
      false,
    ],
  ];
  for (const [name, answer, counts] of answers) {
    for (const isSigned of [true, false]) {
      await inSetWorld(async (world) => {
        const { folder, registry, run } = world;
        const key = join(folder, "cosign.pub");
        await writeFile(key, FORGER_KEY.text);
        const signature = isSigned
          ? refer(registry, "team/one", one.manifest, {
            bytes: bundleOf({ digest }),
          })
          : undefined;
        // Beside it what nobody should hold in memory.
        refer(registry, "team/one", one.manifest, {
          bytes: new Uint8Array(5_000_000),
        });
        registry.respond = ({ path }) =>
          path.includes("/referrers/")
            ? answer(signature?.descriptor)
            : undefined;
        const file = join(folder, "x.tar");
        const { code, stderr } = await run(
          ...["--require-signature", "--key", key, "-o", file, ONE],
        );
        const isRight = isSigned && counts;
        assertEquals(code, isRight ? 0 : 13, `${name}: ${stderr}`);
        if (!isRight) assertEquals(layersOf(world), [], name);
        const { requests: { length } } = registry;
        assert(length < 200, `${name}: ${length} requests`);
      });
    }
  }
});
