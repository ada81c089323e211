import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dockerPull, run } from "../fixtures/command.ts";
import { buildImage, push } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";
import { type Authority, makeAuthority } from "./servers/certificates.ts";
import { missing } from "./servers/daemon.ts";
import { startDockerRegistry } from "./servers/docker_registry.ts";
import {
  assertFailure,
  HOST_PLATFORM,
  pullOk,
  Workspace,
} from "./workspace.ts";

const USER = "ann";
const PASSWORD = "pa:ss wörd";
const BASIC = Buffer.from(`${USER}:${PASSWORD}`).toString("base64");

const workspace = new Workspace();
const skip = missing("docker-registry", "openssl", "htpasswd");
const image = await buildImage({ layers: 2, platform: HOST_PLATFORM });

/** A registry with htpasswd, over TLS with an authority of its own. */
const secure = workspace.share(async ({ folder }) => {
  const place = join(folder, "ca");
  mkdirSync(place);
  const authority: Authority = makeAuthority(place);
  const registry = await startDockerRegistry({
    folder,
    tls: authority.issue("registry", 2),
    users: { [USER]: PASSWORD },
  });
  await push(image, {
    url: registry.url,
    repository: "e2e/app",
    tag: "1.0",
    ca: authority.cert,
    authorization: `Basic ${BASIC}`,
  });
  return { ...registry, authority };
});

interface Situation {
  host: string;
  reference: string;
  cwd: string;
  /** A home with the authority where Docker keeps it. */
  env: { HOME: string };
  config: () => string;
}

/** Runs a test as a user of its own, whose Docker trusts the registry. */
async function asUser(body: (situation: Situation) => Promise<void>) {
  const { host, authority } = await secure.get();
  const home = workspace.makeFolder();
  const trusted = join(home, ".docker", "certs.d", host);
  mkdirSync(trusted, { recursive: true });
  writeFileSync(join(trusted, "ca.crt"), authority.cert);
  const cwd = join(home, "work");
  mkdirSync(cwd);
  const file = join(home, ".docker", "config.json");
  await body({
    host,
    reference: `${host}/e2e/app:1.0`,
    cwd,
    env: { HOME: home },
    config: () => existsSync(file) ? readFileSync(file, "utf8") : "",
  });
}

function assertNoSecret(...texts: string[]): void {
  for (const secret of [PASSWORD, BASIC, encodeURIComponent(PASSWORD)]) {
    assert(!texts.join().includes(secret), "a secret is in the output");
  }
}

test("login keeps what the registry takes, pulls use it, logout forgets it", {
  skip,
}, () =>
  asUser(async ({ host, reference, cwd, env, config }) => {
    const none = await dockerPull([reference], { cwd, env });
    assertFailure(none, 3, /wants a login/);
    assertStringIncludes(none.stderr, `docker-pull login ${host}\n`);

    const login = ["login", host, "--username", USER, "--password-stdin"];
    const wrong = await dockerPull(login, { cwd, env, input: "wrong" });
    assertFailure(wrong, 3, /refuses the user name or password/);
    assertEquals(config(), "");

    const verbose = [...login, "--verbose"];
    const right = await dockerPull(verbose, { cwd, env, input: PASSWORD });
    assertEquals(right.code, 0, right.stderr);
    assertStringIncludes(right.stdout, `Logged in to ${host}\n`);
    assertStringIncludes(right.stderr, "with a login by Basic → 200");
    assertNoSecret(right.stdout, right.stderr);
    assertEquals(JSON.parse(config()).auths, { [host]: { auth: BASIC } });
    const { mode } = statSync(join(env.HOME, ".docker", "config.json"));
    if (process.platform !== "win32") assertEquals(mode & 0o777, 0o600);

    const pulled = await pullOk(["--verbose", reference], cwd, env);
    assertNoSecret(pulled.stdout, pulled.stderr);
    await pullOk(["logout", host], cwd, env);
    assertNoSecret(config());
    const after = await dockerPull(["--force", reference], { cwd, env });
    assertFailure(after, 3, /wants a login/);
  }));

test(
  "a login that has become wrong is told of by its place",
  { skip },
  () =>
    asUser(async ({ host, reference, cwd, env }) => {
      const auth = Buffer.from(`${USER}:old`).toString("base64");
      const file = join(env.HOME, ".docker", "config.json");
      writeFileSync(file, JSON.stringify({ auths: { [host]: { auth } } }));
      const result = await dockerPull([reference], { cwd, env });
      assertFailure(result, 3, /the user name or password from ~\/.docker/);
      assertStringIncludes(
        result.stderr,
        `hint: log in again: docker-pull login ${host}\n`,
      );
      assert(!result.stderr.includes(auth));
    }),
);

test("files of logins are shared with skopeo, both ways", {
  skip: skip || missing("skopeo"),
}, () =>
  asUser(async ({ host, reference, cwd, env }) => {
    const certs = ["--cert-dir", join(env.HOME, ".docker", "certs.d", host)];
    const skopeo = async (...args: string[]) => {
      const options = { cwd, env, input: PASSWORD };
      const result = await run(["skopeo", ...args], options);
      assertEquals(result.code, 0, result.stderr);
    };
    const theirs = ["--authfile", join(cwd, "theirs.json")];
    await skopeo(
      "login",
      ...[...theirs, ...certs],
      ...["--username", USER, "--password-stdin", host],
    );
    await pullOk(["-o", "1.tar", ...theirs, reference], cwd, env);
    const variable = { REGISTRY_AUTH_FILE: theirs[1]! };
    await pullOk(["-o", "2.tar", reference], cwd, { ...env, ...variable });

    const ours = ["--authfile", join(cwd, "ours.json")];
    await pullOk(
      ["login", host, ...ours, "--username", USER, "--password-stdin"],
      cwd,
      env,
      PASSWORD,
    );
    await skopeo("inspect", ...ours, ...certs, `docker://${reference}`);
    await pullOk(["logout", host, ...theirs], cwd, env);
    const gone = spawnSync("skopeo", ["login", "--get-login", ...theirs, host]);
    assertEquals(gone.status === 0, false);
  }));

test("a credential helper is asked, and one that fails breaks no public pull", {
  skip: skip || (process.platform === "win32" && "scripts need a POSIX shell"),
}, () =>
  asUser(async ({ host, reference, cwd, env }) => {
    const helper = join(env.HOME, "docker-credential-test");
    const answer = JSON.stringify({ Username: USER, Secret: PASSWORD });
    const script = `#!/bin/sh\nread -r server\n[ "$server" = ${host} ] && ` +
      `echo '${answer}' || { echo "out of order"; exit 1; }\n`;
    writeFileSync(helper, script);
    chmodSync(helper, 0o755);
    const file = join(env.HOME, ".docker", "config.json");
    writeFileSync(file, JSON.stringify({ credsStore: "test" }));
    const path = [env.HOME, process.env.PATH].join(delimiter);
    const result = await pullOk([reference], cwd, { ...env, PATH: path });
    assertNoSecret(result.stdout, result.stderr);

    // A registry that gives everyone a token, so that a login is looked for.
    const registry = new FakeRegistry({
      auth: { kind: "bearer", anonymous: true },
    });
    registry.add("team/app", image, "1.0");
    const served = await registry.serve();
    try {
      for (
        const [PATH, reason] of [
          [path, "failed with"],
          ["/bin", "not in"],
        ] as const
      ) {
        const args = ["-o", "x.tar", "--force", `${served.host}/team/app:1.0`];
        const command = await dockerPull(args, { cwd, env: { ...env, PATH } });
        assertEquals(command.code, 0, command.stderr);
        const told = command.stderr.match(/^warning: .*/gm) ?? [];
        assertEquals(told.length, 1, command.stderr);
        assertStringIncludes(told[0]!, "docker-credential-test: it");
        assertStringIncludes(told[0]!, reason!);
      }
    } finally {
      await served.close();
    }
  }));

test("the authority, the hosts and the tags are all in the message", {
  skip,
}, () =>
  asUser(async ({ host, reference, cwd, env }) => {
    const login = { DOCKER_USERNAME: USER, DOCKER_PASSWORD: PASSWORD };
    const strange = { ...login, HOME: cwd, DENO_TLS_CA_STORE: "mozilla" };
    const refused = await dockerPull([reference], { cwd, env: strange });
    assertFailure(refused, 8, /certificate/);
    assertStringIncludes(refused.stderr, "--insecure-host HOST");
    const args = (name: string) => ["--insecure-host", name, reference];
    await pullOk(args(host), cwd, strange);
    const other = { cwd, env: strange };
    assertFailure(
      await dockerPull(["--force", ...args("r.example")], other),
      8,
      /certificate/,
    );
    const { authority } = await secure.get();
    const named = { ...login, HOME: cwd, SSL_CERT_FILE: authority.certFile };
    await pullOk(["--force", reference], cwd, named);
    const tag = await dockerPull([`${host}/e2e/app:1.1`], {
      cwd,
      env: { ...env, ...login },
    });
    assertFailure(tag, 5, /has no such tag/);
    assertStringIncludes(tag.stderr, "hint: the nearest tag is 1.0\n");
  }));

workspace.stopAtEnd();
