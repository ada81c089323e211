/** Images that cosign and notation themselves have signed. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  buildImage,
  buildIndex,
  type BuiltImage,
  push,
} from "../fixtures/mod.ts";
import {
  type CommandResult,
  dockerPull,
  run as runProgram,
} from "../fixtures/command.ts";
import { test } from "../harness.ts";
import { PROVIDER, SIGNER } from "../proofs/authority.ts";
import { missing } from "./servers/daemon.ts";
import { startDockerRegistry } from "./servers/docker_registry.ts";
import { startSigstore } from "./servers/sigstore.ts";
import { assertFailure, pullOk, Workspace } from "./workspace.ts";

const workspace = new Workspace();
const registry = workspace.share(({ folder }) =>
  startDockerRegistry({ folder })
);
const noCosign = missing("docker-registry", "cosign");
const noNotation = missing("docker-registry", "notation");

const ARM = { os: "linux", architecture: "arm64" };

/** An index of two images, pushed; its name by digest. */
async function pushed(name: string): Promise<{
  host: string;
  byTag: string;
  byDigest: string;
  digest: string;
  images: BuiltImage[];
}> {
  const { url, host } = await registry.get();
  const images = await Promise.all([
    buildImage({ seed: `${name} amd` }),
    buildImage({ seed: `${name} arm`, platform: ARM }),
  ]);
  const index = buildIndex(images);
  await push(index, { url, repository: name, tag: "1" });
  const { digest } = index.document.descriptor;
  return {
    host,
    byTag: `${host}/${name}:1`,
    byDigest: `${host}/${name}@${digest}`,
    digest,
    images,
  };
}

async function ok(
  command: string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<CommandResult> {
  const result = await runProgram(command, { cwd, env });
  assertEquals(result.code, 0, `${command.join(" ")}\n${result.stderr}`);
  return result;
}

const COSIGN = { COSIGN_PASSWORD: "" };
/** No log is asked then, and nobody for the time. */
const OFFLINE = JSON.stringify({
  mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
  rekorTlogConfig: {},
  tsaConfig: {},
});

/** A key pair of cosign's. */
async function keyPair(cwd: string, name = "cosign"): Promise<void> {
  const prefix = `--output-key-prefix=${name}`;
  await ok(["cosign", "generate-key-pair", prefix], cwd, COSIGN);
}

/** Signs by a key, without a log that would have to be asked. */
async function signWithKey(
  cwd: string,
  name: string,
  ...more: string[]
): Promise<void> {
  await writeFile(join(cwd, "offline.json"), OFFLINE);
  await ok(
    [
      ...["cosign", "sign", "--yes", "--allow-http-registry"],
      ...["--key=cosign.key", "--signing-config=offline.json", ...more, name],
    ],
    cwd,
    COSIGN,
  );
}

test("what cosign signs with a key is pulled, carried and verified", {
  skip: noCosign,
}, async () => {
  const cwd = workspace.makeFolder();
  const { byTag, byDigest, digest, images } = await pushed("team/keyed");
  await keyPair(cwd);
  await keyPair(cwd, "other");
  const required = ["--require-signature", "--key", "cosign.pub"];
  const before = await dockerPull([...required, byTag], { cwd });
  assertFailure(before, 13, /there is no signature of it/);
  assertEquals((await readdir(cwd)).filter((name) => /tar$/.test(name)), []);
  await signWithKey(cwd, byDigest);
  const arm = ["--platform", "linux/arm64", "--referrers", "-o", "arm.tar"];
  const { stderr } = await pullOk([...required, ...arm, byTag], cwd);
  assertStringIncludes(stderr, `${digest} signed by this key, SHA256:`);
  for (const place of [byTag, byDigest, "arm.tar"]) {
    const right = await dockerPull(["verify", "--key=cosign.pub", place], {
      cwd,
    });
    assertEquals(right.code, 0, place + right.stdout + right.stderr);
    const wrong = await dockerPull(["verify", "--key=other.pub", place], {
      cwd,
    });
    assertEquals(wrong.code, 13, place);
    assertStringIncludes(wrong.stdout, "it is signed by somebody else");
  }
  // Of the platform that is not there, nothing is.
  const [amd] = images as [BuiltImage];
  const verified = await dockerPull(
    ["verify", "--json", "--key=cosign.pub", "arm.tar"],
    { cwd },
  );
  const told = JSON.parse(verified.stdout);
  assertEquals(told.signatures.length, 1);
  assert(!verified.stdout.includes(amd.config.descriptor.digest));
  // A copy puts it where cosign finds it.
  const { host } = await registry.get();
  const there = `${host}/team/copied:1`;
  await pullOk([
    ...["copy", "--plain-http", "--platform=all", "--index=original"],
    ...["--referrers", byTag, there],
  ], cwd);
  await ok([
    ...["cosign", "verify", "--key=cosign.pub", "--insecure-ignore-tlog"],
    ...["--allow-http-registry", there],
  ], cwd);
});

test("what cosign says of an image besides is no signature", {
  skip: noCosign,
}, async () => {
  const cwd = workspace.makeFolder();
  const { byTag, byDigest } = await pushed("team/attested");
  await keyPair(cwd);
  await writeFile(join(cwd, "sbom.json"), '{"spdxVersion":"SPDX-2.3"}');
  await writeFile(join(cwd, "offline.json"), OFFLINE);
  await ok(
    [
      ...["cosign", "attest", "--yes", "--allow-http-registry"],
      ...["--key=cosign.key", "--signing-config=offline.json"],
      ...["--type=spdxjson", "--predicate=sbom.json", byDigest],
    ],
    cwd,
    COSIGN,
  );
  const { code, stdout } = await dockerPull(
    ["verify", "--key=cosign.pub", byTag],
    { cwd },
  );
  assertEquals(code, 13);
  assertStringIncludes(stdout, "there is no signature of it");
  await pullOk(["--referrers", "-o", "app.tar", byTag], cwd);
  const verified = await dockerPull(["verify", "--json", "app.tar"], { cwd });
  assertEquals(verified.code, 0, verified.stderr);
});

test(
  "what cosign signs without a key counts for whom it names, and what is made here counts for cosign",
  {
    skip: noCosign,
  },
  async () => {
    const cwd = workspace.makeFolder();
    const { byTag, byDigest, digest } = await pushed("team/keyless");
    const sigstore = await startSigstore();
    try {
      await writeFile(join(cwd, "signing.json"), sigstore.signingConfig);
      await writeFile(join(cwd, "root.json"), sigstore.authority.trustedRoot);
      await ok([
        ...["cosign", "sign", "--yes", "--allow-http-registry"],
        ...["--signing-config=signing.json", "--trusted-root=root.json"],
        ...[`--identity-token=${sigstore.token()}`, byDigest],
      ], cwd);
    } finally {
      await sigstore.stop();
    }
    const trust = (identity = SIGNER) => [
      ...["--trusted-root=root.json", `--certificate-identity=${identity}`],
      `--certificate-oidc-issuer=${PROVIDER}`,
    ];
    await ok(
      ["cosign", "verify", "--allow-http-registry", ...trust(), byDigest],
      cwd,
    );
    const out = ["--referrers", "-o", "app.tar"];
    const { stderr } = await pullOk(
      ["--require-signature", ...trust(), ...out, byTag],
      cwd,
    );
    assertStringIncludes(
      stderr,
      `${digest} signed by ${SIGNER}, vouched for by ${PROVIDER} (cosign)`,
    );
    for (const place of [byTag, "app.tar"]) {
      const right = await dockerPull(["verify", ...trust(), place], { cwd });
      assertEquals(right.code, 0, right.stdout + right.stderr);
      const wrong = await dockerPull(["verify", ...trust("a@b.test"), place], {
        cwd,
      });
      assertEquals(wrong.code, 13);
      assertStringIncludes(wrong.stdout, `it is signed by "${SIGNER}"`);
    }
  },
);

test("what notation signs counts by its trust store, until that is another", {
  skip: noNotation,
}, async () => {
  const cwd = workspace.makeFolder();
  const { byTag, byDigest } = await pushed("team/noted");
  const home = join(cwd, "config");
  const env = {
    XDG_CONFIG_HOME: home,
    NOTATION_CONFIG: join(home, "notation"),
  };
  for (const name of ["signer.test", "other.test"]) {
    await ok(["notation", "cert", "generate-test", name], cwd, env);
  }
  await ok(
    [
      ...["notation", "sign", "--insecure-registry", "--key=signer.test"],
      byDigest,
    ],
    cwd,
    env,
  );
  const store = (name: string) =>
    join(home, "notation/truststore/x509/ca", name);
  assert(existsSync(store("signer.test")));
  const verify = (name: string, place: string) =>
    dockerPull(["verify", `--notation-trust-store=${store(name)}`, place], {
      cwd,
    });
  await pullOk([
    ...["--require-signature", "--referrers", "-o", "app.tar"],
    ...[`--notation-trust-store=${store("signer.test")}`, byTag],
  ], cwd);
  for (const place of [byTag, "app.tar"]) {
    const right = await verify("signer.test", place);
    assertEquals(right.code, 0, right.stdout + right.stderr);
    assertStringIncludes(right.stdout, "(notation); revocation not checked");
    const wrong = await verify("other.test", place);
    assertEquals(wrong.code, 13);
    assertStringIncludes(wrong.stdout, "lead to none that is trusted");
  }
  // In DER, as notation takes them, too.
  const [name = ""] = await readdir(store("signer.test"));
  const path = join(store("signer.test"), name);
  const pem = await readFile(path, "utf8");
  const body = pem.replace(/-----[^-]+-----|\s/g, "");
  await writeFile(path, Buffer.from(body, "base64"));
  assertEquals((await verify("signer.test", byTag)).code, 0);
  await rm(path);
  const none = await verify("signer.test", byTag);
  assertFailure(none, 2, /holds no key or certificate/);
});

test("a policy lets in what it lets in with skopeo, and nothing else", {
  skip: missing("docker-registry", "cosign", "skopeo-new"),
}, async () => {
  const cwd = workspace.makeFolder();
  const { host, byTag, byDigest } = await pushed("team/policy");
  await keyPair(cwd);
  await keyPair(cwd, "other");
  // In the older form, which skopeo knows, and each platform by itself: it
  // goes by no signature of an index.
  await ok(
    [
      ...["cosign", "sign", "--yes", "--allow-http-registry", "-r"],
      ...["--key=cosign.key", "--use-signing-config=false"],
      ...["--tlog-upload=false", "--new-bundle-format=false", byDigest],
    ],
    cwd,
    COSIGN,
  );
  await mkdir(join(cwd, "registries.d"));
  await writeFile(
    join(cwd, "registries.d/own.yaml"),
    `docker:\n  ${host}:\n    use-sigstore-attachments: true\n`,
  );
  const signed = (more: object, key = "cosign.pub") => ({
    type: "sigstoreSigned",
    keyPath: join(cwd, key),
    ...more,
  });
  const named = (type: string, more: object = {}) => ({
    signedIdentity: { type, ...more },
  });
  const repository = `${host}/team/policy`;
  const any = named("matchRepository");
  const accept = { type: "insecureAcceptAnything" };
  const reject = { type: "reject" };
  const scopes: Record<string, unknown[]>[] = [
    {},
    { "": [accept] },
    { "*.0.0.1": [accept] },
    { [host]: [accept], [repository]: [reject] },
    { [host]: [accept, reject] },
    { [host]: [signed({})] },
    { [host]: [signed(any)] },
    { [host]: [signed(any, "other.pub")] },
    { [host]: [signed(any), signed(any, "other.pub")] },
    { [repository]: [signed(any)] },
    { [byTag]: [signed(any)] },
    { [host]: [signed(named("matchExact"))] },
    { [host]: [signed(named("matchRepoDigestOrExact"))] },
    {
      [host]: [
        signed(named("exactRepository", { dockerRepository: repository })),
      ],
    },
    { [host]: [signed(named("exactReference", { dockerReference: byTag }))] },
    {
      [host]: [
        signed(named("remapIdentity", {
          prefix: `${host}/else`,
          signedPrefix: repository,
        })),
      ],
    },
    { [host]: [{ type: "odd" }] },
    { [host]: [signed({ keyData: "AA==" })] },
  ];
  let accepted = 0;
  for (const docker of scopes) {
    const policy = { default: [reject], transports: { docker } };
    await writeFile(join(cwd, "policy.json"), JSON.stringify(policy));
    for (const name of [byTag, byDigest]) {
      await rm(join(cwd, "there"), { recursive: true, force: true });
      const theirs = await runProgram([
        ...["skopeo-new", "--policy=policy.json", "--override-arch=amd64"],
        ...["--registries.d=registries.d", "copy", "--src-tls-verify=false"],
        ...[`docker://${name}`, "dir:there"],
      ], { cwd });
      const ours = await dockerPull([
        ...["--require-signature", "--signature-policy=policy.json"],
        ...["--no-cache", "--platform=linux/amd64", "--force", "-o", "x.tar"],
        name,
      ], { cwd });
      const told = `${JSON.stringify(docker)} ${name}\n${theirs.stderr}\n` +
        ours.stderr;
      assertEquals(ours.code === 0, theirs.code === 0, told);
      if (ours.code === 0) accepted++;
    }
  }
  assert(accepted > 8, `${accepted}`);
});

workspace.stopAtEnd();
