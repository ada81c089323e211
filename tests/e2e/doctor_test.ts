import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ToldDiagnosis, ToldFinding } from "../../cli/messages/doctor.ts";
import { dockerPull } from "../fixtures/command.ts";
import { buildImage, push } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { makeAuthority } from "./servers/certificates.ts";
import { missing } from "./servers/daemon.ts";
import { startDockerRegistry } from "./servers/docker_registry.ts";
import { startTokenServer } from "./servers/token_server.ts";
import { HOST_PLATFORM, Workspace } from "./workspace.ts";

const USER = "ann";
const PASSWORD = "pa:ss wörd";
const BASIC = Buffer.from(`${USER}:${PASSWORD}`).toString("base64");
const workspace = new Workspace();
const skip = missing("docker-registry");
const image = await buildImage({
  platform: HOST_PLATFORM,
  layers: [{ size: 2_000_000 }],
});

/** Examines by the command, and finds no secret in what it prints. */
async function doctor(
  args: string[],
  code: number,
  input?: string,
): Promise<Partial<Record<ToldFinding["step"], ToldFinding>>> {
  const cwd = workspace.makeFolder();
  const result = await dockerPull(["doctor", "--json", ...args], {
    cwd,
    input,
  });
  const { stdout, stderr } = result;
  assertEquals(result.code, code, stdout + stderr);
  for (const secret of [PASSWORD, BASIC, encodeURI(PASSWORD), "eyJ"]) {
    assert(!(stdout + stderr).includes(secret), "a secret is in the output");
  }
  const report: ToldDiagnosis = JSON.parse(stdout);
  assertEquals(report.canPull, code === 0);
  return Object.fromEntries(
    report.findings.toReversed().map((finding) => [finding.step, finding]),
  );
}

test("doctor examines a plain registry", { skip }, async () => {
  const registry = await startDockerRegistry({ folder: workspace.folder });
  try {
    const { url, host } = registry;
    await push(image, { url, repository: "e2e/app", tag: "1.0" });
    const found = await doctor([`${host}/e2e/app:1.0`], 0);
    assertEquals(found.storage?.details?.host, host);
    assertEquals(found.ranges?.details?.ranges, true);
    assertEquals(found.clock?.status, "ok");
    assertEquals(found.speed?.details?.bytes, 1024 * 1024);
    const cwd = workspace.makeFolder();
    const text = await dockerPull(["doctor", `${host}/e2e/app:1.0`], { cwd });
    assertEquals([text.code, text.stderr], [0, ""]);
    assertMatch(text.stdout, /\n\nThe image can be pulled\n$/);
    await doctor([`${host}/e2e/app:none`], 5);
  } finally {
    await registry.stop();
  }
  const gone = await doctor([`${registry.host}/e2e/app:1.0`], 8);
  assertEquals(gone.registry?.status, "problem");
});

test("doctor examines a registry with TLS and htpasswd", {
  skip: skip || missing("openssl", "htpasswd"),
}, async () => {
  const folder = join(workspace.folder, "ca");
  mkdirSync(folder);
  const authority = makeAuthority(folder);
  const registry = await startDockerRegistry({
    folder: workspace.folder,
    tls: authority.issue("registry", 90),
    users: { [USER]: PASSWORD },
  });
  try {
    const { url, host } = registry;
    await push(image, {
      url,
      repository: "e2e/app",
      tag: "1.0",
      ca: authority.cert,
      authorization: `Basic ${BASIC}`,
    });
    const login = ["--username", USER, "--password-stdin"];
    const trust = ["--ca-cert", authority.certFile];
    const reference = `${host}/e2e/app:1.0`;
    const found = await doctor([...login, ...trust, reference], 0, PASSWORD);
    assertEquals(found.tls?.status, "ok");
    assertEquals(found.tls?.details?.issuer, "docker-pull tests ca");
    assertEquals(found.login?.details?.source, "--username");
    assertEquals(found.registry?.details?.schemes, ["basic"]);
    const untrusted = await doctor([...login, reference], 8, PASSWORD);
    assertMatch(untrusted.registry!.message, /issuer is unknown/);
    assertEquals(untrusted.tls?.details?.issuer, "docker-pull tests ca");
    await doctor([...trust, reference], 3);
    await doctor([...login, ...trust, reference], 3, "wrong");
  } finally {
    await registry.stop();
  }
});

test("doctor examines a token server", {
  skip: skip || missing("openssl"),
}, async () => {
  const folder = join(workspace.folder, "tokens");
  mkdirSync(folder);
  const tokens = await startTokenServer({
    certificate: makeAuthority(folder),
    users: { [USER]: PASSWORD },
  });
  const registry = await startDockerRegistry({
    folder: workspace.folder,
    token: tokens.registryOptions,
  });
  try {
    const { url, host } = registry;
    await push(image, {
      url,
      repository: "e2e/app",
      tag: "1.0",
      authorization: `Bearer ${tokens.sign("e2e/app", ["pull", "push"])}`,
    });
    const args = [
      "--username",
      USER,
      "--password-stdin",
      `${host}/e2e/app:1.0`,
    ];
    const found = await doctor(args, 0, PASSWORD);
    assert(Number(found.token?.details?.lifetime) > 0);
    assertMatch(
      found.registry!.message,
      /wants a token of 127.0.0.1:\d+\/token/,
    );
    const wrong = await doctor(args, 3, "wrong");
    assertEquals(wrong.token?.status, "problem");
  } finally {
    await registry.stop();
    await tokens.close();
  }
});

workspace.stopAtEnd();
