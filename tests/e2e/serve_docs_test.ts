/** Runs what docs/serve.md tells to type, and the example. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { commandLine, run as runProgram } from "../fixtures/command.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { putLayout } from "../serve/world.ts";
import {
  type Daemon,
  findProgram,
  freePort,
  startDaemon,
} from "./servers/daemon.ts";
import { HOST_PLATFORM, pullOk, Workspace } from "./workspace.ts";

const workspace = new Workspace();
const root = fileURLToPath(new URL("../..", import.meta.url));
const NAME = "docker.io/library/nginx:latest";

/** A folder with a layout, a cache and an archive, as the document has them. */
const world = workspace.share(async ({ folder }) => {
  const image = await buildImage({ platform: HOST_PLATFORM });
  const path = join(folder, "world");
  await mkdir(path);
  for (const name of ["layout", "docker_images_cache"]) {
    await putLayout(join(path, name), [{ content: image, name: NAME }]);
  }
  const host = `127.0.0.1:${await freePort()}`;
  const server = await start(["serve", "layout"], path, host);
  const archive = "library_nginx_latest.tar";
  await pullOk(
    [
      ..."--no-cache --trust-mirrors -o".split(" "),
      archive,
      `--mirror=docker.io=http://${host}`,
      "nginx",
    ],
    path,
  );
  await server.stop();
  return { path, stop: () => Promise.resolve() };
});

let count = 0;

/** Starts a server of the tests' own runtime, at a port of the tests' own. */
function start(
  args: string[],
  cwd: string,
  host: string,
  program = commandLine(),
): Promise<Daemon> {
  return startDaemon(
    ["env", "-C", cwd, ...program, ...args, `--listen=${host}`],
    {
      logFile: join(workspace.folder, `${++count}.log`),
      ready: () => isUp(host),
    },
  );
}

async function isUp(host: string): Promise<boolean> {
  const response = await fetch(`http://${host}/v2/nginx/manifests/latest`);
  await response.arrayBuffer();
  return response.status === 200;
}

/** The lines of the document's shell blocks. */
async function linesOf(begin: string): Promise<string[]> {
  const text = await readFile(join(root, "docs/serve.md"), "utf8");
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)]
    .flatMap(([, block = ""]) => block.trimEnd().split("\n"))
    .filter((line) => line.startsWith(begin));
}

test("what docs/serve.md serves is served", async () => {
  const { path } = await world.get();
  const lines = await linesOf("docker-pull serve ");
  assertEquals(lines.length, 3);
  for (const line of lines) {
    const host = `127.0.0.1:${await freePort()}`;
    const args = line.replace(/ --listen \S+/, "").split(" ").slice(1);
    const server = await start(args, path, host);
    await server.stop();
    assertStringIncludes(server.log(), `Serving `);
  }
});

test("Deno serves with the permissions of docs/serve.md", {
  skip: !("Deno" in globalThis)
    ? "Bun and Node have no permissions"
    : process.env.DOCKER_PULL_COMMAND !== undefined &&
      "another program than Deno's is tried",
}, async () => {
  const { path } = await world.get();
  const [line = ""] = await linesOf("deno run ");
  const host = `127.0.0.1:${await freePort()}`;
  const [allowed = "", args = ""] = line.replace("127.0.0.1:5000", host)
    .slice("deno run ".length).split(" jsr:@x/docker-pull ");
  const [deno = "", , ...flags] = commandLine();
  const [entry = ""] = flags.slice(-1);
  const config = flags.slice(1, -1);
  const program = [
    deno,
    "run",
    "--no-prompt",
    ...allowed.split(" "),
    ...config,
    entry,
  ];
  const server = await start(args.split(" "), path, host, program);
  await server.stop();
  assertStringIncludes(server.log(), "Serving library_nginx_latest.tar");
});

test("the clients of docs/serve.md pull", async () => {
  const { path } = await world.get();
  const host = `127.0.0.1:${await freePort()}`;
  const server = await start(["serve", "library_nginx_latest.tar"], path, host);
  const run: string[] = [];
  try {
    for (
      const program of ["skopeo", "crane", "regctl", "oras", "docker-pull"]
    ) {
      const [line = ""] = (await linesOf(`${program} `)).filter((each) =>
        each.includes("localhost:5000")
      );
      assert(line !== "", program);
      const own = program === "docker-pull";
      if (!own && findProgram(program) === undefined) continue;
      const folder = workspace.makeFolder();
      const words = line.replaceAll("localhost:5000", host).split(" ");
      if (program === "skopeo") words.splice(1, 0, "--insecure-policy");
      const [first = "", ...rest] = words;
      const command = own ? [...commandLine(), ...rest] : [first, ...rest];
      const { code, stderr } = await runProgram(command, { cwd: folder });
      assertEquals(code, 0, `${line}\n${stderr}`);
      run.push(program);
    }
  } finally {
    await server.stop();
  }
  assert(run.includes("docker-pull"));
});

test("the example serves", {
  skip: !("Deno" in globalThis) && process.versions.bun === undefined &&
      "Node 20 runs no TypeScript" ||
    process.env.DOCKER_PULL_COMMAND !== undefined &&
      "it is run by the sources' runtime",
}, async () => {
  const { path } = await world.get();
  const port = await freePort();
  const example = join(root, "examples/serve.ts");
  const [runtime = "", ...flags] = commandLine().slice(0, -1);
  const server = await startDaemon(
    [runtime, ...flags, example, join(path, "layout"), String(port)],
    {
      logFile: join(workspace.folder, "example.log"),
      ready: () => isUp(`127.0.0.1:${port}`),
    },
  );
  await server.stop();
  const log = server.log();
  assertStringIncludes(log, '{"repositories":["library/nginx"]}');
  assertStringIncludes(
    log,
    `docker pull 127.0.0.1:${port}/library/nginx:latest`,
  );
  assertStringIncludes(log, "GET /v2/nginx/manifests/latest 200");
});

workspace.stopAtEnd();
