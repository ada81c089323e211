import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Buffer } from "node:buffer";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { type CommandResult, dockerPull } from "../fixtures/command.ts";
import { buildImage, push } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { makeAuthority } from "./servers/certificates.ts";
import { missing } from "./servers/daemon.ts";
import { startDockerRegistry } from "./servers/docker_registry.ts";
import { startTinyproxy, startTlsFront } from "./servers/tinyproxy.ts";
import {
  assertFailure,
  filesIn,
  HOST_PLATFORM,
  Workspace,
} from "./workspace.ts";

const USER = "proxy-user";
// tinyproxy takes no other characters.
const PASSWORD = "Proxy-pass.word_1";
const WRONG = "Other-pass.word_2";
const LOGIN = { DOCKER_USERNAME: "ann", DOCKER_PASSWORD: "registry-secret" };
/** Known to the proxy only, so that nothing gets there but through it. */
const HOST = "registry.test";

const workspace = new Workspace();
const skip = missing("docker-registry", "tinyproxy", "openssl", "htpasswd");
const image = await buildImage({ layers: 4, platform: HOST_PLATFORM });

const world = workspace.share(async ({ folder }) => {
  const own = join(folder, "ca");
  mkdirSync(own);
  const authority = makeAuthority(own);
  const names = ["DNS:localhost", "IP:127.0.0.1", `DNS:${HOST}`];
  const certificate = authority.issue("registry", 2, { names });
  const plain = await startDockerRegistry({ folder });
  const secure = await startDockerRegistry({
    folder,
    tls: certificate,
    users: { [LOGIN.DOCKER_USERNAME]: LOGIN.DOCKER_PASSWORD },
  });
  const basic = Buffer.from(Object.values(LOGIN).join(":")).toString("base64");
  const name = { repository: "e2e/app", tag: "1.0" };
  await push(image, { url: plain.url, ...name });
  await push(image, {
    url: secure.url,
    ...name,
    ca: authority.cert,
    authorization: `Basic ${basic}`,
  });
  const proxy = await startTinyproxy({
    folder,
    user: USER,
    password: PASSWORD,
  });
  // A proxy's authority need not be the registry's.
  const other = join(folder, "proxy-ca");
  mkdirSync(other);
  const proxyAuthority = makeAuthority(other);
  const front = await startTlsFront(
    proxy.host,
    proxyAuthority.issue("proxy", 2),
  );
  const port = (host: string) => host.split(":").at(-1);
  return {
    authority,
    proxyAuthority,
    proxy,
    front,
    plain: `${HOST}:${port(plain.host)}`,
    secure: `${HOST}:${port(secure.host)}`,
    async stop() {
      await front.stop();
      await proxy.stop();
      await secure.stop();
      await plain.stop();
    },
  };
});

/** As any password may stand in an address, and as some have to. */
function percent(text: string): string {
  return text.replace(/[^a-z]/gi, (c) => `%${c.charCodeAt(0).toString(16)}`);
}

function proxyUrl(scheme: string, host: string, password = PASSWORD): string {
  return `${scheme}://${USER}:${percent(password)}@${host}`;
}

/** Runs the command, whose output may hold no password, in whatever form. */
async function run(
  args: string[],
  cwd: string,
  env: Record<string, string>,
): Promise<CommandResult> {
  // Deno itself would look through the proxy for a newer version of itself.
  const all = { ...env, DENO_NO_UPDATE_CHECK: "1" };
  const result = await dockerPull(args, { cwd, env: all });
  const output = result.stdout + result.stderr;
  const secrets = [PASSWORD, WRONG].flatMap((password) => [
    password,
    percent(password),
    Buffer.from(`${USER}:${password}`).toString("base64"),
  ]);
  for (const secret of [...secrets, LOGIN.DOCKER_PASSWORD]) {
    assert(!output.includes(secret), `a secret is in the output:\n${output}`);
  }
  return result;
}

/** Pulls, and checks that the archive holds every layer. */
async function pullBy(args: string[], env: Record<string, string>) {
  const cwd = workspace.makeFolder();
  const all = ["-v", "--no-cache", "-o", "image.tar", ...args];
  const { code, stderr } = await run(all, cwd, env);
  assertEquals(code, 0, stderr);
  const archive = readFileSync(join(cwd, "image.tar"));
  for (const { digest } of image.layers) {
    assert(archive.includes(image.blobs.get(digest)! as typeof archive));
  }
}

test("a registry is reached through a proxy that wants a password", {
  skip,
}, async () => {
  const { proxy, plain } = await world.get();
  const before = proxy.passed.length;
  await pullBy(["--plain-http", `${plain}/e2e/app:1.0`], {
    HTTP_PROXY: proxyUrl("http", proxy.host),
  });
  const passed = proxy.passed.slice(before).join("\n");
  for (const { digest } of image.layers) assertStringIncludes(passed, digest);
});

test("a registry over TLS is reached through a tunnel of that proxy", {
  skip,
}, async () => {
  const { proxy, secure, authority } = await world.get();
  const before = proxy.passed.length;
  await pullBy(["--ca-cert", authority.certFile, `${secure}/e2e/app:1.0`], {
    ...LOGIN,
    HTTPS_PROXY: proxyUrl("http", proxy.host),
  });
  // What is in a tunnel is seen by nobody.
  const passed = new Set(proxy.passed.slice(before));
  assertEquals([...passed], [`CONNECT ${secure}`]);
});

test("a wrong password for the proxy, or none, is one sentence", {
  skip,
}, async () => {
  const { proxy, plain, secure, authority } = await world.get();
  const cwd = workspace.makeFolder();
  const ways: [string, string[]][] = [
    ["HTTP_PROXY", ["--plain-http", `${plain}/e2e/app:1.0`]],
    [
      "HTTPS_PROXY",
      ["--ca-cert", authority.certFile, `${secure}/e2e/app:1.0`],
    ],
  ];
  for (const [variable, args] of ways) {
    const cases = [
      [proxyUrl("http", proxy.host, WRONG), "refuses the user name or"],
      [`http://${proxy.host}`, "wants a user name and a password"],
    ];
    for (const [address, words] of cases) {
      const env = { ...LOGIN, [variable]: address };
      const sentence = `Cannot reach http://${proxy.host}: the proxy ${words}`;
      assertFailure(await run(args, cwd, env), 8, new RegExp(sentence));
    }
  }
  assertEquals(filesIn(cwd), []);
});

test("a host of NO_PROXY is not asked for through the proxy", {
  skip,
}, async () => {
  const { proxy, plain } = await world.get();
  const cwd = workspace.makeFolder();
  const before = proxy.passed.length;
  const args = ["--plain-http", "--retries", "0", `${plain}/e2e/app:1.0`];
  for (const exception of [HOST, ".test", plain, `10.0.0.0/8,${plain}`]) {
    const result = await run(args, cwd, {
      HTTP_PROXY: proxyUrl("http", proxy.host),
      NO_PROXY: exception,
    });
    // Nobody but the proxy knows that name.
    assertFailure(result, 8, /registry\.test:\d+.*: the host/);
  }
  assertEquals(proxy.passed.length, before);
});

test("a proxy is asked over TLS, whose authority is a private one", {
  skip,
}, async () => {
  const { front, plain, secure, authority, proxyAuthority } = await world.get();
  const trust = [authority, proxyAuthority].flatMap(({ certFile }) => [
    "--ca-cert",
    certFile,
  ]);
  const address = proxyUrl("https", front.host);
  await pullBy([...trust, "--plain-http", `${plain}/e2e/app:1.0`], {
    HTTP_PROXY: address,
  });
  const reference = `${secure}/e2e/app:1.0`;
  const env = { ...LOGIN, HTTPS_PROXY: address };
  await pullBy([...trust, reference], env);
  // The system's own authorities are those of proxies, too.
  await pullBy(["--ca-cert", authority.certFile, reference], {
    ...env,
    SSL_CERT_FILE: proxyAuthority.certFile,
  });
});

test("doctor says which proxy it went through, and not with what password", {
  skip,
}, async () => {
  const { front, proxy, secure, authority, proxyAuthority } = await world.get();
  const cwd = workspace.makeFolder();
  const trust = [authority, proxyAuthority].flatMap(({ certFile }) => [
    "--ca-cert",
    certFile,
  ]);
  const args = ["doctor", ...trust, `${secure}/e2e/app:1.0`];
  const hosts = { http: proxy.host, https: front.host };
  for (const [scheme, host] of Object.entries(hosts)) {
    const env = { ...LOGIN, HTTPS_PROXY: proxyUrl(scheme, host) };
    const { code, stdout, stderr } = await run(args, cwd, env);
    assertEquals(code, 0, stdout + stderr);
    assertMatch(stdout, new RegExp(`proxy .*${scheme}://${host}`));
    assertMatch(stdout, /TLSv1\.\d, with a certificate by "docker-pull tests/);
  }
  const env = { ...LOGIN, HTTPS_PROXY: proxyUrl("http", proxy.host, WRONG) };
  const wrong = await run(args, cwd, env);
  assertEquals(wrong.code, 8, wrong.stdout + wrong.stderr);
  assertMatch(wrong.stdout, /the proxy refuses the user name or password/);
});

test("a proxy whose certificate nobody vouches for is not asked", {
  skip,
}, async () => {
  const { front, proxy, secure, authority } = await world.get();
  const cwd = workspace.makeFolder();
  const before = proxy.log();
  const result = await run(
    ["--ca-cert", authority.certFile, `${secure}/e2e/app:1.0`],
    cwd,
    { ...LOGIN, HTTPS_PROXY: proxyUrl("https", front.host) },
  );
  assertFailure(result, 8, /https:\/\/localhost:\d+: .*issuer is unknown/);
  assertMatch(result.stderr, /^hint: .*--ca-cert/m);
  assertEquals(proxy.log().slice(before.length).includes("CONNECT"), false);
  assertEquals(filesIn(cwd), []);
});

workspace.stopAtEnd();
