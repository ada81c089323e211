import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../../../cli/options/arguments.ts";
import {
  certificateFolders,
  hostKey,
  readCertificateFolders,
  readClientCertificate,
  readPem,
} from "../../../cli/access/certificates.ts";
import { StorageError } from "../../../lib/image/errors.ts";
import { withFolder } from "../../credentials/fixture.ts";
import { test } from "../../harness.ts";

const pem = (kind: string, name = "") =>
  `-----BEGIN ${kind}-----\n${btoa(name)}\n-----END ${kind}-----\n`;
const CERT = pem("CERTIFICATE", "one");
const KEY = pem("PRIVATE KEY", "key");
const OPTIONS = { caCerts: [], insecure: false, plainHttp: false };

test("hostKey() is what a registry's settings are found by", () => {
  assertEquals(
    ["docker.io", "ghcr.io", "h:5000", "[::1]:80"].map(hostKey),
    ["registry-1.docker.io:443", "ghcr.io:443", "h:5000", "[::1]:80"],
  );
});

test("readPem() says which file is of no use", () =>
  withFolder(async ({ path, write }) => {
    const none = join(path, "none.pem");
    await assertRejects(
      () => readPem(none, "certificate"),
      StorageError,
      "ENOENT",
    );
    const table: [string, "certificate" | "private key", string][] = [
      ["text", "certificate", "there is no PEM certificate in it"],
      [CERT, "private key", "there is no PEM private key in it"],
      [
        pem("ENCRYPTED PRIVATE KEY"),
        "private key",
        "the private key in it is encrypted",
      ],
    ];
    for (const [text, kind, words] of table) {
      const file = await write("a.pem", text);
      await assertRejects(() => readPem(file, kind), UsageError, words);
    }
  }));

test("readClientCertificate() finds the key in either file", () =>
  withFolder(async ({ write }) => {
    const cert = await write("a.pem", CERT);
    const key = await write("b.pem", KEY);
    const both = await write("c.pem", CERT + KEY);
    const read = (clientCert?: string, clientKey?: string) =>
      readClientCertificate({ ...OPTIONS, clientCert, clientKey });
    assertEquals(await read(), {});
    assertEquals(await read(cert, key), { clientCert: CERT, clientKey: KEY });
    assertEquals(await read(both), {
      clientCert: CERT + KEY,
      clientKey: CERT + KEY,
    });
    await assertRejects(
      () => read(cert),
      UsageError,
      "Option --client-cert needs --client-key FILE",
    );
    await assertRejects(() => read(cert, cert), UsageError, "no private key");
    await assertRejects(() => read(key, key), UsageError, "no PEM certificate");
  }));

test("certificateFolders() are those of Docker and Podman", () => {
  assertEquals(
    certificateFolders({ os: "linux", env: {}, home: "/home/me" }),
    [
      "/home/me/.config/containers/certs.d",
      "/home/me/.config/docker/certs.d",
      "/home/me/.docker/certs.d",
      "/etc/containers/certs.d",
      "/etc/docker/certs.d",
    ],
  );
  assertEquals(
    certificateFolders({ os: "win32", env: {}, home: "C:\\Users\\me" }),
    [
      "C:\\Users\\me\\.docker\\certs.d",
      "C:\\ProgramData\\docker\\certs.d",
    ],
  );
});

/** Puts files under `certs.d` and reads what they mean for a registry. */
async function readFolders(
  files: Record<string, string>,
  registry: string,
): Promise<{ found: unknown; warnings: string[] }> {
  const warnings: string[] = [];
  let found: unknown;
  await withFolder(async ({ path }) => {
    for (const [name, text] of Object.entries(files)) {
      const [folder, file] = name.split("/") as [string, string];
      const place = join(path, ".docker", "certs.d", folder);
      await mkdir(place, { recursive: true });
      await writeFile(join(place, file), text);
      if (text === "") await chmod(join(place, file), 0);
    }
    found = await readCertificateFolders(
      { os: "linux", env: {}, home: path, etc: path },
      registry,
      (message) => warnings.push(message.replace(path, "~")),
    );
  });
  return { found, warnings };
}

test("readCertificateFolders() reads a host's authorities and certificate", async () => {
  const files = {
    "h:5000/ca.crt": CERT,
    "h:5000/b.crt": pem("CERTIFICATE", "two"),
    "h:5000/client.cert": CERT,
    "h:5000/client.key": KEY,
    "h:5000/notes.txt": "nothing of interest",
    "h/other.crt": CERT,
    "docker.io/hub.crt": CERT,
  };
  assertEquals(await readFolders(files, "h:5000"), {
    found: {
      caCerts: [pem("CERTIFICATE", "two"), CERT],
      clientCert: CERT,
      clientKey: KEY,
    },
    warnings: [],
  });
  // Whoever has asked for one port has not asked for another.
  assertEquals((await readFolders(files, "h:5001")).found, {});
  assertEquals((await readFolders(files, "docker.io")).found, {
    caCerts: [CERT],
  });
  assertEquals((await readFolders({ "h:443/a.crt": CERT }, "h")).found, {
    caCerts: [CERT],
  });
});

test("readCertificateFolders() tells of what cannot be used and goes on", async () => {
  const { found, warnings } = await readFolders({
    "h:1/a.crt": "rubbish",
    "h:1/b.crt": CERT,
    "h:1/alone.cert": CERT,
  }, "h:1");
  assertEquals(found, { caCerts: [CERT] });
  assertEquals(warnings.length, 2);
  assertStringIncludes(
    warnings[0]!,
    'Cannot use "~/.docker/certs.d/h:1/a.crt": there is no PEM certificate ' +
      "in it, so it is not used",
  );
  assertEquals(
    warnings[1],
    'Cannot read "~/.docker/certs.d/h:1/alone.key": there is no such file or ' +
      "folder, so it is not used",
  );
  assert(warnings.every((warning) => !warning.includes("rubbish")));
});
