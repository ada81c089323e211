import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Buffer } from "node:buffer";
import { assertEquals } from "@std/assert";
import { dockerPull } from "../fixtures/command.ts";
import { buildImage, push } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import {
  type Authority,
  type Certificate,
  makeAuthority,
} from "./servers/certificates.ts";
import { missing } from "./servers/daemon.ts";
import {
  type DockerRegistry,
  startDockerRegistry,
} from "./servers/docker_registry.ts";
import {
  assertFailure,
  filesIn,
  HOST_PLATFORM,
  pullOk,
  Workspace,
} from "./workspace.ts";

const USER = "ann";
const PASSWORD = "pa:ss wörd";
const LOGIN = { DOCKER_USERNAME: USER, DOCKER_PASSWORD: PASSWORD };

const workspace = new Workspace();
const skip = missing("docker-registry", "openssl", "htpasswd");
const image = await buildImage({ layers: 3, platform: HOST_PLATFORM });

interface Closed extends DockerRegistry {
  authority: Authority;
  client: Certificate;
  stranger: Certificate;
}

function newAuthority(): Authority {
  return makeAuthority(workspace.makeFolder());
}

/** A registry that wants a certificate and a password. */
const closed = workspace.share(async ({ folder }): Promise<Closed> => {
  const authority = newAuthority();
  const usage = "clientAuth";
  const client = authority.issue("client", 2, { usage });
  const stranger = newAuthority().issue("client", 2, { usage });
  const registry = await startDockerRegistry({
    folder,
    tls: authority.issue("registry", 2),
    clients: { authority, shown: client },
    users: { [USER]: PASSWORD },
  });
  const basic = Buffer.from(`${USER}:${PASSWORD}`).toString("base64");
  await push(image, {
    url: registry.url,
    repository: "e2e/app",
    tag: "1.0",
    ca: authority.cert,
    client,
    authorization: `Basic ${basic}`,
  });
  return { ...registry, authority, client, stranger };
});

function shown({ certFile, keyFile }: Certificate): string[] {
  return ["--client-cert", certFile, "--client-key", keyFile];
}

test("a registry that wants a client certificate gets the one of the options", {
  skip,
}, async () => {
  const { host, authority, client } = await closed.get();
  const cwd = workspace.makeFolder();
  const trust = ["--ca-cert", authority.certFile];
  const args = [...trust, ...shown(client), `${host}/e2e/app:1.0`];
  await pullOk(args, cwd, LOGIN);
  assertEquals(filesIn(cwd).length, 1);
  // The certificate is not the login.
  assertFailure(await dockerPull(["--force", ...args], { cwd }), 3, /a login/);
});

test("certs.d has the authority and the client certificate of a registry", {
  skip,
}, async () => {
  const { host, authority, client } = await closed.get();
  const config = workspace.makeFolder();
  for (const family of ["containers", "docker"]) {
    const folder = join(config, family, "certs.d", host);
    mkdirSync(folder, { recursive: true });
    // What Podman has there does not have to be all.
    if (family === "containers") {
      writeFileSync(join(folder, "ca.crt"), authority.cert);
      continue;
    }
    writeFileSync(join(folder, "client.cert"), client.cert);
    writeFileSync(join(folder, "client.key"), client.key);
  }
  const cwd = workspace.makeFolder();
  const env = { ...LOGIN, XDG_CONFIG_HOME: config };
  await pullOk([`${host}/e2e/app:1.0`], cwd, env);
  assertEquals(filesIn(cwd).length, 1);
  const report = await dockerPull(["doctor", `${host}/e2e/app:1.0`], {
    cwd,
    env,
  });
  assertEquals(report.code, 0, report.stdout + report.stderr);
});

test("login shows the client certificate, too", { skip }, async () => {
  const { host, authority, client } = await closed.get();
  const cwd = workspace.makeFolder();
  const env = { DOCKER_CONFIG: workspace.makeFolder() };
  const trust = ["--ca-cert", authority.certFile];
  const login = [...trust, "--username", USER, "--password-stdin", host];
  const run = (...args: string[]) =>
    dockerPull(["login", ...args], { cwd, env, input: PASSWORD });
  assertFailure(await run(...login), 8, /wants a client certificate/);
  const { code, stderr } = await run(...shown(client), ...login);
  assertEquals(code, 0, stderr);
  const args = [...trust, ...shown(client), `${host}/e2e/app:1.0`];
  await pullOk(args, cwd, env);
  assertEquals(filesIn(cwd).length, 1);
});

test("without a client certificate, or with another's, one sentence says so", {
  skip,
}, async () => {
  const { host, authority, stranger } = await closed.get();
  const cwd = workspace.makeFolder();
  const trust = ["--ca-cert", authority.certFile];
  for (const args of [trust, [...trust, ...shown(stranger)]]) {
    const result = await dockerPull([...args, `${host}/e2e/app:1.0`], {
      cwd,
      env: LOGIN,
    });
    assertFailure(result, 8, /the server wants a client certificate/);
  }
  assertEquals(filesIn(cwd), []);
});

workspace.stopAtEnd();
