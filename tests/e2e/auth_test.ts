import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type CommandResult, dockerPull } from "../fixtures/command.ts";
import { buildImage, push } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { type Authority, makeAuthority } from "./servers/certificates.ts";
import { missing } from "./servers/daemon.ts";
import { startDockerRegistry } from "./servers/docker_registry.ts";
import { startTokenServer } from "./servers/token_server.ts";
import {
  assertFailure,
  filesIn,
  HOST_PLATFORM,
  pullOk,
  Workspace,
} from "./workspace.ts";

const USER = "ann";
const PASSWORD = "pa:ss wörd";
const BASIC = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString("base64")}`;
const LOGIN = ["--username", USER, "--password-stdin"];

const workspace = new Workspace();
const skip = missing("docker-registry", "openssl");
const image = await buildImage({ layers: 3, platform: HOST_PLATFORM });
let authority: Authority | undefined;

function getAuthority(): Authority {
  if (authority === undefined) {
    const folder = join(workspace.folder, "ca");
    mkdirSync(folder);
    authority = makeAuthority(folder);
  }
  return authority;
}

const secure = workspace.share(async ({ folder }) => {
  const tls = getAuthority().issue("registry", 2);
  const registry = await startDockerRegistry({
    folder,
    tls,
    users: { [USER]: PASSWORD },
  });
  const ca = getAuthority().cert;
  const { url } = registry;
  const options = { url, repository: "e2e/app", tag: "1.0", ca };
  await push(image, { ...options, authorization: BASIC });
  return registry;
});

/** No output may hold the password, in whatever form. */
function assertNoSecret({ stdout, stderr }: CommandResult): void {
  for (const secret of [PASSWORD, BASIC.slice(6), encodeURI(PASSWORD)]) {
    assert(!(stdout + stderr).includes(secret), "a secret is in the output");
  }
}

test("a login is taken by a registry with htpasswd over TLS", {
  skip: skip || missing("htpasswd"),
}, async () => {
  const { host } = await secure.get();
  const folder = workspace.makeFolder();
  const args = ["--verbose", "--ca-cert", getAuthority().certFile];
  const reference = `${host}/e2e/app:1.0`;
  const byInput = await pullOk(
    [...args, ...LOGIN, reference],
    folder,
    {},
    `${PASSWORD}\n`,
  );
  assertNoSecret(byInput);
  const name = `${host.replace(":", "_")}_e2e_app_1.0.tar`;
  assertEquals(filesIn(folder), [name]);
  const byVariable = await pullOk(
    [...args, "--no-cache", "-o", "other.tar", reference],
    folder,
    { DOCKER_USERNAME: USER, DOCKER_PASSWORD: PASSWORD },
  );
  assertNoSecret(byVariable);
  const read = (file: string) => readFileSync(join(folder, file));
  assert(read(name).equals(read("other.tar")));
});

test("a wrong password, or none, is refused by a registry with htpasswd", {
  skip: skip || missing("htpasswd"),
}, async () => {
  const { host } = await secure.get();
  const folder = workspace.makeFolder();
  const args = ["--ca-cert", getAuthority().certFile, `${host}/e2e/app:1.0`];
  const wrong = await dockerPull([...LOGIN, ...args], {
    cwd: folder,
    input: "wrong",
  });
  assertFailure(wrong, 3, /refuses the user name or password/);
  assertFailure(
    await dockerPull(args, { cwd: folder }),
    3,
    /wants a login/,
  );
  assertEquals(filesIn(folder), []);
});

test("an unknown authority is refused, unless the user insists", {
  skip: skip || missing("htpasswd"),
}, async () => {
  const { host } = await secure.get();
  const folder = workspace.makeFolder();
  const args = [...LOGIN, `${host}/e2e/app:1.0`];
  const options = { cwd: folder, input: PASSWORD };
  const refused = await dockerPull(args, options);
  assertFailure(refused, 8, /certificate/i);
  assertNoSecret(refused);
  assertEquals(filesIn(folder), []);
  const insecure = await dockerPull(["--insecure", ...args], options);
  assertEquals(insecure.code, 0, insecure.stderr);
  assertMatch(insecure.stderr, /warning: the certificate is not verified/);
});

test("a Bearer token is fetched from a token server, and with it the image", {
  skip,
}, async () => {
  const certificate = getAuthority();
  const tokens = await startTokenServer({
    certificate,
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
    const folder = workspace.makeFolder();
    const args = [...LOGIN, "--verbose", `${host}/e2e/app:1.0`];
    const wrong = await dockerPull(args, { cwd: folder, input: "wrong" });
    assertFailure(
      { ...wrong, stderr: errorLines(wrong.stderr) },
      3,
      /refuses the user name or password/,
    );
    assertEquals(filesIn(folder), []);
    assertEquals(tokens.issued(), 0);
    const right = await dockerPull(args, { cwd: folder, input: PASSWORD });
    assertEquals(right.code, 0, right.stderr);
    assertNoSecret(right);
    assert(!right.stderr.includes("eyJ"), "a token is in the output");
    assertEquals(tokens.issued(), 1, "one token does for one repository");
    assertEquals(filesIn(folder).length, 1);
  } finally {
    await registry.stop();
    await tokens.close();
  }
});

test("a registry that passes on another one's images is pulled from", {
  skip,
}, async () => {
  const { folder } = workspace;
  const upstream = await startDockerRegistry({ folder });
  const proxy = await startDockerRegistry({ folder, proxy: upstream.url });
  try {
    const { url } = upstream;
    await push(image, { url, repository: "e2e/app", tag: "1.0" });
    const cwd = workspace.makeFolder();
    for (const name of ["first.tar", "second.tar"]) {
      const args = ["--no-cache", "-o", name, `${proxy.host}/e2e/app:1.0`];
      await pullOk(args, cwd);
    }
    const read = (file: string) => readFileSync(join(cwd, file));
    assert(read("first.tar").equals(read("second.tar")));
  } finally {
    await proxy.stop();
    await upstream.stop();
  }
});

/** `--verbose` shows stacks, which the check of a failure does not want. */
function errorLines(stderr: string): string {
  return stderr.split("\n").filter((l) => l.startsWith("error:")).join("\n");
}

workspace.stopAtEnd();
