/** Real clients pull from `docker-pull serve`. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine } from "../fixtures/command.ts";
import { buildImage, buildIndex } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { putLayout } from "../serve/world.ts";
import {
  freePort,
  missing,
  missingRoot,
  startDaemon,
} from "./servers/daemon.ts";
import {
  type Engine,
  makePodman,
  NEW_CONTAINERD,
  NEW_DOCKERD,
  runTool,
  startContainerd,
  startDockerd,
} from "./servers/engines.ts";
import { filesIn, HOST_PLATFORM, pullOk, Workspace } from "./workspace.ts";

const FILES = { files: { "etc/motd": "served\n" } };
const own = await buildImage({
  platform: HOST_PLATFORM,
  layers: [FILES, { size: 300_000 }],
});
const other = await buildImage({
  platform: { os: "linux", architecture: "s390x" },
});
/** An index as BuildKit makes it, and an image of Docker's own types. */
const index = buildIndex([own, other], { attestations: true });
const docker = await buildImage({
  platform: HOST_PLATFORM,
  format: "docker",
  layers: [FILES, {}],
});
const OWN_ID = own.config.descriptor.digest;
const DOCKER_ID = docker.config.descriptor.digest;

const workspace = new Workspace();

interface Served {
  /** `127.0.0.1:PORT`. */
  host: string;
  log(): string;
  stop(): Promise<void>;
}

async function serve(path: string, name: string): Promise<Served> {
  const host = `127.0.0.1:${await freePort()}`;
  const [program = "", ...args] = commandLine();
  const { log, stop } = await startDaemon(
    [program, ...args, "serve", "--listen", host, path],
    {
      logFile: join(workspace.folder, `${name}.log`),
      ready: async () => {
        const response = await fetch(`http://${host}/v2/`);
        return (await response.text()) === "{}\n";
      },
    },
  );
  return { host, log, stop };
}

const layout = workspace.share(async ({ folder }) => {
  const path = join(folder, "layout");
  await putLayout(path, [
    { content: index, name: "docker.io/library/served:1" },
    { content: docker, name: "ghcr.io/team/app:2" },
  ]);
  return await serve(path, "layout");
});

const classic = workspace.share(({ folder }) =>
  startDockerd(join(folder, "docker"))
);
const DOCKERS = [
  {
    title: "docker",
    program: "dockerd",
    daemon: classic,
    ids: [OWN_ID, DOCKER_ID],
  },
  ...(["classic", "containerd"] as const).map((store) => ({
    title: `a current docker with the ${store} store`,
    program: NEW_DOCKERD,
    daemon: workspace.share(({ folder }) =>
      startDockerd(join(folder, `docker-${store}`), {
        program: NEW_DOCKERD,
        containerd: NEW_CONTAINERD,
        store,
      })
    ),
    // Where containerd keeps images, they are known by what a tag names.
    ids: store === "classic" ? [OWN_ID, DOCKER_ID] : [
      index.document.descriptor.digest,
      docker.manifest.descriptor.digest,
    ],
  })),
];

for (const { title, program, daemon, ids } of DOCKERS) {
  test(
    `${title} pulls what is served`,
    { skip: missingRoot(program, "docker") },
    async () => {
      const [{ run }, { host }] = [await daemon.get(), await layout.get()];
      const idOf = (image: string) =>
        run("image", "inspect", "--format", "{{.Id}}", image).trim();
      for (const name of ["served:1", "library/served:1"]) {
        run("pull", "-q", `${host}/${name}`);
        assertEquals(idOf(`${host}/${name}`), ids[0]);
      }
      for (const name of ["team/app:2", "ghcr.io/team/app:2"]) {
        run("pull", "-q", `${host}/${name}`);
        assertEquals(idOf(`${host}/${name}`), ids[1]);
      }
      const { digest } = index.document.descriptor;
      run("pull", "-q", `${host}/served@${digest}`);
    },
  );
}

test(
  "podman pulls what is served",
  { skip: missingRoot("podman") },
  async () => {
    const { host } = await layout.get();
    const podman = makePodman(join(workspace.folder, "podman"));
    const images: [string, string][] = [
      ["served:1", OWN_ID],
      ["team/app:2", DOCKER_ID],
    ];
    for (const [name, id] of images) {
      podman.run("pull", "-q", "--tls-verify=false", `${host}/${name}`);
      const format = ["image", "inspect", "--format", "{{.Id}}"];
      const found = podman.run(...format, `${host}/${name}`);
      assertEquals(`sha256:${found.trim()}`, id);
    }
  },
);

for (const skopeo of ["skopeo", "skopeo-new"]) {
  test(
    `${skopeo} copies what is served`,
    { skip: missing(skopeo) },
    async () => {
      const { host } = await layout.get();
      const folder = workspace.makeFolder();
      const plain = "--src-tls-verify=false";
      const copy = [skopeo, "--insecure-policy", "copy", "-q", plain] as const;
      runTool([
        ...copy,
        "--all",
        `docker://${host}/served:1`,
        `oci:${join(folder, "all")}:1`,
      ], folder);
      runTool([
        ...copy,
        `docker://${host}/team/app:2`,
        `docker-archive:${join(folder, "app.tar")}:app:2`,
      ], folder);
      const tags = runTool(
        [skopeo, "list-tags", "--tls-verify=false", `docker://${host}/served`],
        folder,
      );
      assertEquals(JSON.parse(tags).Tags, ["1"]);
      const digest = runTool([
        skopeo,
        "inspect",
        "--tls-verify=false",
        "--format",
        "{{.Digest}}",
        `docker://${host}/served:1`,
      ], folder);
      assertEquals(digest.trim(), index.document.descriptor.digest);
    },
  );
}

test("crane pulls, lists and validates what is served", {
  skip: missing("crane"),
}, async () => {
  const { host } = await layout.get();
  const folder = workspace.makeFolder();
  const crane = (...args: string[]) => runTool(["crane", ...args], folder);
  assertEquals(crane("catalog", host), "library/served\nteam/app\n");
  assertEquals(crane("ls", `${host}/served`), "1\n");
  assertEquals(
    crane("digest", `${host}/served:1`).trim(),
    index.document.descriptor.digest,
  );
  const platform = `linux/${HOST_PLATFORM.architecture}`;
  crane("pull", "--platform", platform, `${host}/served:1`, "a.tar");
  crane("validate", "--remote", `${host}/team/app:2`);
  crane("validate", "--remote", `${host}/served:1`);
});

test("regctl copies what is served", { skip: missing("regctl") }, async () => {
  const { host } = await layout.get();
  const folder = workspace.makeFolder();
  const regctl = (...args: string[]) =>
    runTool(["regctl", "--host", `reg=${host},tls=disabled`, ...args], folder);
  assertEquals(regctl("tag", "ls", `${host}/served`), "1\n");
  assertStringIncludes(regctl("repo", "ls", host), "team/app");
  regctl("image", "copy", `${host}/served:1`, "ocidir://copied:1");
  const { manifests } = JSON.parse(
    readFileSync(join(folder, "copied", "index.json"), "utf8"),
  );
  assertEquals(manifests[0].digest, index.document.descriptor.digest);
});

test("oras copies what is served", { skip: missing("oras") }, async () => {
  const { host } = await layout.get();
  const folder = workspace.makeFolder();
  const oras = (...args: string[]) => runTool(["oras", ...args], folder);
  const plain = "--from-plain-http";
  oras("cp", "-r", plain, "--to-oci-layout", `${host}/served:1`, "copied:1");
  assertEquals(oras("repo", "tags", "--plain-http", `${host}/served`), "1\n");
  const digest = own.manifest.descriptor.digest;
  const listed = oras(
    "discover",
    "--plain-http",
    "--format",
    "json",
    `${host}/served@${digest}`,
  );
  assert(JSON.parse(listed));
});

const CONTAINERDS = [
  ["containerd", "ctr"],
  [NEW_CONTAINERD, NEW_CONTAINERD.replace("containerd", "ctr")],
] as const;

for (const [program, client] of CONTAINERDS) {
  test(
    `${client} pulls what is served`,
    { skip: missingRoot(program, client) },
    async () => {
      const { host } = await layout.get();
      const containerd: Engine = await startContainerd(
        join(workspace.folder, program),
        program,
        client,
      );
      try {
        const { run } = containerd;
        const platform = `linux/${HOST_PLATFORM.architecture}`;
        const own = ["--snapshotter", "native", "--platform", platform];
        // Its service would unpack by overlayfs, which is not everywhere.
        if (program === NEW_CONTAINERD) own.push("--local");
        const pull = ["images", "pull", "--plain-http", ...own];
        run(...pull, `${host}/library/served:1`);
        run(...pull, `${host}/team/app:2`);
        const images = run("images", "ls");
        assertStringIncludes(images, index.document.descriptor.digest);
        assertStringIncludes(images, docker.manifest.descriptor.digest);
        if (program !== NEW_CONTAINERD) return;
        // As a mirror, it is told by ns whose image is wanted.
        const hosts = join(workspace.folder, "certs.d");
        const { mkdirSync, writeFileSync } = await import("node:fs");
        mkdirSync(join(hosts, "docker.io"), { recursive: true });
        writeFileSync(
          join(hosts, "docker.io", "hosts.toml"),
          `server = "http://${host}"\n[host."http://${host}"]\n` +
            'capabilities = ["pull", "resolve"]\n',
        );
        const name = "docker.io/library/served:1";
        run("images", "pull", "--hosts-dir", hosts, ...own, name);
        assertStringIncludes(run("images", "ls"), name);
        assertStringIncludes((await layout.get()).log(), "?ns=docker.io ");
      } finally {
        await containerd.stop();
      }
    },
  );
}

test("docker-pull itself pulls what is served, and as a mirror", async () => {
  const { host } = await layout.get();
  const folder = workspace.makeFolder();
  const { stdout } = await pullOk(["-o", "a.tar", `${host}/served:1`], folder);
  assertStringIncludes(stdout, index.document.descriptor.digest);
  const mirror = ["--mirror", `docker.io=http://${host}`, "--trust-mirrors"];
  await pullOk([...mirror, "-o", "b.tar", "--no-cache", "served:1"], folder);
  assertEquals(filesIn(folder), ["a.tar", "b.tar"]);
});

test("what a pull has written is served on, and so is the cache", async () => {
  const { host } = await layout.get();
  const folder = workspace.makeFolder();
  await pullOk(["-o", "a.tar", `${host}/team/app:2`], folder);
  for (const name of ["a.tar", "docker_images_cache"]) {
    const second = await serve(join(folder, name), `second-${name}`);
    try {
      // By the digest that it had in its first registry, too.
      const { digest } = docker.manifest.descriptor;
      for (const [i, reference] of ["2", `@${digest}`].entries()) {
        const image = `${second.host}/team/app:${reference}`.replace(":@", "@");
        await pullOk(["-o", `${name}-${i}.tar`, "--no-cache", image], folder);
      }
    } finally {
      await second.stop();
    }
  }
});

test(
  "what docker save has written is served",
  { skip: missingRoot("dockerd", "docker") || missing("skopeo") },
  async () => {
    const [{ run }, { host }] = [await classic.get(), await layout.get()];
    const folder = workspace.makeFolder();
    const image = `${host}/team/app:2`;
    run("pull", "-q", image);
    run("tag", image, "saved/app:3");
    const path = join(folder, "saved.tar");
    run("save", "-o", path, "saved/app:3");
    const saved = await serve(path, "saved");
    try {
      await pullOk(["-o", "a.tar", `${saved.host}/saved/app:3`], folder);
      run("pull", "-q", `${saved.host}/saved/app:3`);
      const id = run("image", "inspect", "-f", "{{.Id}}", "saved/app:3").trim();
      assertEquals(id, DOCKER_ID);
    } finally {
      await saved.stop();
    }
  },
);

workspace.stopAtEnd();
