import { assert, assertEquals, assertRejects } from "@std/assert";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { mkdtempSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join, sep } from "node:path";
import type { Environment } from "../../../cli/options/environment.ts";
import { openNetwork, withSystemTrust } from "../../../cli/access/network.ts";
import type { NetworkOptions } from "../../../cli/options/shared_options.ts";
import { systemCertificates } from "../../../cli/access/trust_store.ts";
import { describeFailure } from "../../../lib/net/network_error.ts";
import {
  type Authority,
  type Certificate,
  makeAuthority,
} from "../../e2e/servers/certificates.ts";
import { missing } from "../../e2e/servers/daemon.ts";
import { test } from "../../harness.ts";
import { serve } from "../../registry_server/serve.ts";

const skip = missing("openssl");
const folder = mkdtempSync(join(tmpdir(), "docker-pull-network-"));
let made: { authority: Authority; server: Certificate } | undefined;

function certificates() {
  if (!made) {
    const authority = makeAuthority(folder);
    made = { authority, server: authority.issue("server", 2) };
  }
  return made;
}

/** A certificate that a client may show. */
function issueClient(): { cert: string; key: string } {
  const [cert, key] = ["client.crt", "client.key"].map((n) => join(folder, n));
  writeFileSync(join(folder, "usage"), "extendedKeyUsage=clientAuth");
  for (
    const command of [
      "req -newkey rsa:2048 -nodes -subj /CN=c -keyout client.key -out c.csr",
      "x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -in c.csr " +
      "-out client.crt -extfile usage",
    ]
  ) {
    const { status } = spawnSync("openssl", command.split(" "), {
      cwd: folder,
    });
    assertEquals(status, 0);
  }
  return { cert: cert!, key: key! };
}

interface Situation {
  options?: Partial<NetworkOptions>;
  env?: Environment;
  /** Files under the home's `.docker/certs.d/HOST`. */
  files?: Record<string, string>;
  /** Asks every client for a certificate. */
  mutual?: boolean;
}

/** Asks a TLS server of a private authority; what failed, if something did. */
async function ask(situation: Situation = {}) {
  const { options, env = {}, files = {}, mutual } = situation;
  const { authority, server } = certificates();
  const { key, cert } = server;
  const tls = mutual
    ? { key, cert, ca: authority.cert, requestCert: true }
    : { key, cert };
  const served = await serve(
    () => Promise.resolve(new Response("hello")),
    { tls },
  );
  const home = mkdtempSync(join(folder, "home-"));
  for (const [name, text] of Object.entries(files)) {
    const file = join(home, ".docker/certs.d", served.host, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  const warnings: string[] = [];
  const network = await openNetwork(
    {
      caCerts: [],
      insecure: false,
      plainHttp: false,
      ...options,
      ...(Array.isArray(options?.insecure) && {
        insecure: options.insecure.map((host) => host || served.host),
      }),
    },
    {
      env: { DENO_TLS_CA_STORE: "mozilla", ...env },
      os: "linux",
      home,
      etc: home,
      registries: [served.host],
      warn: (message) => warnings.push(message),
    },
  );
  const answers: string[] = [];
  try {
    // Twice: the second request goes where the first one found a way.
    for (let i = 0; i < 2; i++) {
      const response = await network.fetch(`${served.url}/v2/`, {
        redirect: "manual",
      });
      answers.push(await response.text());
    }
    assertEquals(answers, ["hello", "hello"]);
    return { warnings };
  } catch (error) {
    return { warnings, failure: describeFailure(error) };
  } finally {
    network.close();
    await served.close();
  }
}

const unknown = async (situation: Situation) => {
  const { failure } = await ask(situation);
  assertEquals(failure?.kind, "tls");
};

test("openNetwork() trusts no unknown authority", { skip }, () => unknown({}));

test("openNetwork() trusts the authorities that are named", {
  skip,
}, async () => {
  const { authority } = certificates();
  const options = { caCerts: [authority.certFile] };
  assertEquals(await ask({ options }), { warnings: [] });
});

test("openNetwork() trusts those of certs.d, for their host", {
  skip,
}, async () => {
  const { authority } = certificates();
  assertEquals(await ask({ files: { "ca.crt": authority.cert } }), {
    warnings: [],
  });
  await unknown({ files: { "../other/ca.crt": authority.cert } });
});

test("openNetwork() trusts those of SSL_CERT_FILE", { skip }, async () => {
  const { authority } = certificates();
  const env = { SSL_CERT_FILE: authority.certFile };
  assertEquals(await ask({ env }), { warnings: [] });
  const none = join(folder, "none.pem");
  const { warnings, failure } = await ask({ env: { SSL_CERT_FILE: none } });
  assertEquals(failure?.kind, "tls");
  assertEquals(warnings, [
    `Cannot use SSL_CERT_FILE ${JSON.stringify(none)}: ENOENT`,
  ]);
});

test("openNetwork() trusts those in the folders of SSL_CERT_DIR", {
  skip: skip || (sep === "\\" && "links need a right there"),
}, async () => {
  const { authority } = certificates();
  const [one, two] = ["one", "two"].map((name) => join(folder, name));
  for (const path of [one!, two!]) await mkdir(path);
  // As OpenSSL has them: links that are named by a hash, to nowhere as well.
  await symlink(authority.certFile, join(two!, "0a1b2c3d.0"));
  await symlink(join(folder, "gone"), join(two!, "0a1b2c3d.1"));
  await mkdir(join(two!, "nested"));
  await writeFile(join(two!, "README"), "no certificate");
  await writeFile(join(two!, "large.pem"), new Uint8Array(2_000_000));
  assertEquals(spawnSync("mkfifo", [join(two!, "pipe.pem")]).status, 0);
  const none = join(folder, "no-such-folder");
  await unknown({ env: { SSL_CERT_DIR: one! } });
  const env = { SSL_CERT_DIR: `${none}:${one}::${two}` };
  assertEquals(await ask({ env }), {
    warnings: [`Cannot use SSL_CERT_DIR ${JSON.stringify(none)}: ENOENT`],
  });
});

test("openNetwork() leaves certificates unverified where it is told so", {
  skip,
}, async () => {
  assertEquals((await ask({ options: { insecure: true } })).failure, undefined);
  // The empty name stands for the server's own.
  assertEquals((await ask({ options: { insecure: [""] } })).failure, undefined);
  await unknown({ options: { insecure: ["other.example"] } });
});

test("openNetwork() warns of the hosts that are not verified, and trusts them", async () => {
  const warnings: string[] = [];
  const insecure = ["r.example", "docker.io", "docker.io:443", "[::1]:8443"];
  const network = await openNetwork(
    { caCerts: [], insecure, plainHttp: false },
    {
      env: {},
      os: "linux",
      registries: ["r.example"],
      warn: (message) => warnings.push(message),
    },
  );
  network.close();
  // Docker Hub is asked by another name than it has in references.
  const hosts = [
    "r.example",
    "registry-1.docker.io",
    "registry-1.docker.io:443",
    "[::1]:8443",
  ];
  assertEquals(network.trustedRealms, hosts);
  assertEquals(warnings, [
    `the certificate of ${hosts.join(" and ")} is not verified; anyone on ` +
    "the way can read and change what is sent",
  ]);
});

test("openNetwork() shows a client certificate, named or of certs.d", {
  skip,
}, async () => {
  const { authority } = certificates();
  const client = issueClient();
  const caCerts = [authority.certFile];
  const named = { caCerts, clientCert: client.cert, clientKey: client.key };
  const { failure } = await ask({ mutual: true, options: { caCerts } });
  assertEquals(failure?.kind, "tls");
  assertEquals(await ask({ mutual: true, options: named }), { warnings: [] });
  const read = (file: string) => spawnSync("cat", [file]).stdout.toString();
  const files = {
    "ca.crt": authority.cert,
    "client.cert": read(client.cert),
    "client.key": read(client.key),
  };
  assertEquals(await ask({ mutual: true, files }), { warnings: [] });
});

test("withSystemTrust() looks for certificates once, and when it has to", {
  skip,
}, async () => {
  const { authority, server } = certificates();
  const served = await serve(
    () => Promise.resolve(new Response("hello")),
    { tls: server },
  );
  let loaded = 0;
  const load = () => {
    loaded++;
    return Promise.resolve([authority.cert]);
  };
  const ask = async (...transports: { fetch: typeof network.fetch }[]) => {
    for (const { fetch } of transports) {
      await (await fetch(served.url, { redirect: "manual" })).body?.cancel();
    }
  };
  const network = withSystemTrust({}, load);
  const sure = withSystemTrust({ caCerts: [authority.cert] }, load);
  // Where there are proxies, every request takes another way.
  const proxied = withSystemTrust({ ambientProxy: true }, load);
  try {
    await ask(sure);
    assertEquals(loaded, 0);
    await ask(network, network);
    assertEquals(loaded, 1);
    await assertRejects(() => network.fetch("https://127.0.0.1:1/"));
    assertEquals(loaded, 1);
    await ask(proxied, proxied);
    assertEquals(loaded, 2);
  } finally {
    network.close();
    sure.close();
    proxied.close();
    await served.close();
  }
});

test("systemCertificates() gives only what the runtime does not know", async () => {
  const warn = () => {};
  const found = await systemCertificates({}, warn);
  assertEquals(new Set(found).size, found.length);
  assert(found.every((text) => text.includes("BEGIN CERTIFICATE")));
  assertEquals(await systemCertificates({ DENO_TLS_CA_STORE: "x" }, warn), []);
});

test("the folder of these tests is removed", () =>
  rm(folder, { recursive: true }));
