import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { daemonPlace } from "../../lib/daemon/address.ts";
import { defaultDaemon, usualPlaces } from "../../lib/daemon/default_daemon.ts";
import { DaemonError, StorageError } from "../../lib/image/errors.ts";
import { inFolder } from "../disk/folder.ts";
import { test } from "../harness.ts";

test("daemonPlace() takes what DOCKER_HOST may be", () => {
  const tls = { ca: ["x"] };
  const places: [string, unknown][] = [
    ["unix:///var/run/docker.sock", {
      kind: "socket",
      path: "/var/run/docker.sock",
    }],
    ["npipe:////./pipe/docker_engine", {
      kind: "socket",
      path: "\\\\.\\pipe\\docker_engine",
    }],
    ["tcp://h.test", { kind: "tcp", host: "h.test", port: 2375 }],
    ["tcp://[::1]:99", { kind: "tcp", host: "::1", port: 99 }],
    ["ssh://me@h.test:2222", {
      kind: "ssh",
      host: "h.test",
      user: "me",
      port: 2222,
    }],
    ["ssh://h/run/user/1/podman/podman.sock", {
      kind: "ssh",
      host: "h",
      path: "/run/user/1/podman/podman.sock",
    }],
  ];
  for (const [url, place] of places) {
    assertEquals(
      JSON.parse(JSON.stringify(daemonPlace({ url }))),
      place,
      url,
    );
  }
  assertEquals(daemonPlace({ url: "tcp://h", tls }), {
    kind: "tcp",
    host: "h",
    port: 2376,
    tls,
  });
});

test("daemonPlace() refuses what is none, or would be an option of ssh", () => {
  for (
    const url of [
      "",
      "docker",
      "/var/run/docker.sock",
      "unix://relative",
      "http://h:2375",
      "tcp://",
      "tcp://h/path",
      "ssh://%zz@h",
      "tcp://h:99999",
      "ssh://-oProxyCommand=x",
      "ssh://-x@h",
      "ssh://h/a;b",
      "ssh://h?x",
      "npipe://x",
    ]
  ) {
    const error = assertThrows(() => daemonPlace({ url }), DaemonError, "");
    assertEquals(error.code, "address", url);
  }
  const error = assertThrows(
    () => daemonPlace({ url: "ssh://me:hunter2@h" }),
    DaemonError,
  );
  assertEquals(error.message.includes("hunter2"), false);
});

const id = (context: string) =>
  createHash("sha256").update(context).digest("hex");

/** Makes a context as the docker command keeps it. */
async function addContext(
  folder: string,
  name: string,
  docker: unknown,
  files: Record<string, string> = {},
): Promise<void> {
  const meta = join(folder, "contexts/meta", id(name));
  await mkdir(meta, { recursive: true });
  const value = { Name: name, Metadata: {}, Endpoints: { docker } };
  await writeFile(join(meta, "meta.json"), JSON.stringify(value));
  if (Object.keys(files).length === 0) return;
  const tls = join(folder, "contexts/tls", id(name), "docker");
  await mkdir(tls, { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    await writeFile(join(tls, file), text);
  }
}

test("defaultDaemon() heeds DOCKER_HOST before contexts, and secures tcp only", () =>
  inFolder(async (folder) => {
    const base = { platform: "linux", home: folder };
    await writeFile(join(folder, "ca.pem"), "authority");
    await addContext(join(folder, ".docker"), "far", { Host: "ssh://far" });
    const env = { DOCKER_HOST: "tcp://h:1", DOCKER_CONTEXT: "far" };
    assertEquals(await defaultDaemon({ ...base, env }), { url: "tcp://h:1" });
    const secured = { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: folder };
    assertEquals(
      await defaultDaemon({ ...base, env: { ...env, ...secured } }),
      { url: "tcp://h:1", tls: { ca: ["authority"] } },
    );
    assertEquals(
      await defaultDaemon({
        ...base,
        env: { DOCKER_HOST: "unix:///s", ...secured },
      }),
      { url: "unix:///s" },
    );
  }));

test("defaultDaemon() finds the context that is chosen", () =>
  inFolder(async (folder) => {
    const files = { "ca.pem": "a", "cert.pem": "c", "key.pem": "k" };
    const home = join(folder, "home");
    const config = join(home, ".docker");
    await addContext(config, "far", { Host: "ssh://far" });
    await addContext(config, "tls", { Host: "tcp://h:2376" }, files);
    await addContext(config, "lax", {
      Host: "tcp://h:2376",
      SkipTLSVerify: true,
    });
    const settings = { platform: "linux", home, env: {} };
    await writeFile(join(config, "config.json"), '{"currentContext":"far"}');
    assertEquals(await defaultDaemon(settings), { url: "ssh://far" });
    assertEquals(
      await defaultDaemon({ ...settings, env: { DOCKER_CONTEXT: "tls" } }),
      { url: "tcp://h:2376", tls: { ca: ["a"], cert: "c", key: "k" } },
    );
    assertEquals(
      await defaultDaemon({ ...settings, env: { DOCKER_CONTEXT: "lax" } }),
      { url: "tcp://h:2376", tls: { rejectUnauthorized: false } },
    );
    const env = { DOCKER_CONTEXT: "none" };
    const error = await assertRejects(
      () => defaultDaemon({ ...settings, env }),
      DaemonError,
    );
    assertEquals(error.problem, { code: "no-context", context: "none" });
    await writeFile(join(config, "config.json"), "{");
    await assertRejects(() => defaultDaemon(settings), StorageError);
    const elsewhere = { DOCKER_CONFIG: join(folder, "other") };
    await addContext(elsewhere.DOCKER_CONFIG, "x", { Host: "unix:///x" });
    assertEquals(
      await defaultDaemon({
        ...settings,
        env: { ...elsewhere, DOCKER_CONTEXT: "x" },
      }),
      { url: "unix:///x" },
    );
  }));

test("the usual places are Docker's, and then Podman's", () => {
  assertEquals(
    usualPlaces({ env: {}, home: "/h", uid: 5, platform: "linux" }),
    [
      "unix:///var/run/docker.sock",
      "unix:///h/.docker/run/docker.sock",
      "unix:///run/user/5/docker.sock",
      "unix:///run/user/5/podman/podman.sock",
      "unix:///run/podman/podman.sock",
    ],
  );
  assertEquals(
    usualPlaces({ env: {}, platform: "win32" })[0],
    "npipe:////./pipe/docker_engine",
  );
});
