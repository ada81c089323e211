/** Runs every file of examples/, against a registry and a daemon of the tests. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { withFolder } from "./credentials/fixture.ts";
import { startFakeDaemon } from "./daemon/fake_daemon.ts";
import { cleanEnvironment, run } from "./fixtures/command.ts";
import { buildImage, buildIndex, type BuiltImage } from "./fixtures/mod.ts";
import { programOf } from "./fixtures/program.ts";
import { test } from "./harness.ts";
import { FakeRegistry } from "./registry_server/mod.ts";

const examples = fileURLToPath(new URL("../examples/", import.meta.url));

interface World {
  cwd: string;
  /** The registry's `HOST:PORT`. */
  host: string;
  registry: FakeRegistry;
  /** `HOST:PORT/team/app:1`. */
  image: string;
  /** The image of it for linux/amd64. */
  built: BuiltImage;
  /** Runs an example to its end, which is to be a good one. */
  example(
    name: string,
    args: string[],
    env?: Record<string, string>,
  ): Promise<string>;
}

const cases: Record<string, (world: World) => Promise<void>> = {
  async pull({ example, image, cwd }) {
    const said = await example("pull", [image, "app.tar"]);
    const { length } = await readFile(join(cwd, "app.tar"));
    assertMatch(said, new RegExp(`^app\\.tar: ${length} bytes, sha256:`));
  },
  async progress({ example, image, built }) {
    const said = await example("progress", [image]);
    const { size, digest } = built.layers[0]!;
    assert(said.includes(`${digest} is there, from registry`), said);
    assertMatch(said, new RegExp(` of ${size + built.layers[1]!.size} bytes`));
  },
  async abort({ example, image, registry }) {
    registry.latency = 60_000;
    assertEquals(
      await example("abort", [image, "1"]),
      "It did not come in 1 seconds\n",
    );
    registry.latency = 0;
    assertMatch(
      await example("abort", [image, "600"]),
      /_team_app_1_amd64\.tar\n$/,
    );
  },
  async login({ example, image, host, registry }) {
    registry.auth = { kind: "basic", users: { me: "s3cret" } };
    const as = (PASSWORD: string) =>
      example("login", [image, "me"], { PASSWORD });
    assertEquals(await as("wrong"), `${host} does not take the login of me\n`);
    assertMatch(await as("s3cret"), /_team_app_1_amd64\.tar\n$/);
  },
  async tags({ example, host }) {
    assertEquals(await example("tags", [`${host}/team/app`]), "1\n2\n10\n");
    assertEquals(await example("tags", [`${host}/team/app`, "1?"]), "10\n");
  },
  async manifest({ example, image, built }) {
    const said = await example("manifest", [image]);
    const lines = built.layers.map(({ digest, size }) => `${digest} ${size}`);
    assertEquals(said.trimEnd().split("\n").slice(1), lines);
  },
  async blob({ example, host, built, cwd }) {
    const { digest, size } = built.layers[0]!;
    const args = [`${host}/team/app`, digest, `${size}`, "layer.tar.gz"];
    assertEquals(await example("blob", args), "layer.tar.gz\n");
    assertEquals((await readFile(join(cwd, "layer.tar.gz"))).length, size);
    assert(!(await readdir(cwd)).includes("layer.tar.gz.part"));
  },
  async http({ example, image, cwd }) {
    await example("pull", [image, "app.tar"]);
    await inBackground("http", ["0"], cwd, async (url) => {
      const answer = await fetch(`${url}${image}`);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      assertEquals(bytes, new Uint8Array(await readFile(join(cwd, "app.tar"))));
    });
  },
  async copy({ example, image, cwd }) {
    assertMatch(await example("copy", [image, "oci:layout"]), /^sha256:/);
    assert((await readdir(join(cwd, "layout"))).includes("index.json"));
  },
  async push({ example, image, host, registry }) {
    await example("pull", [image, "app.tar"]);
    const said = await example("push", ["app.tar", `${host}/mirror/`]);
    assertMatch(said, /^\d+ blobs, \d+ bytes\n$/);
    const { tags } = registry.repository("mirror/team/app");
    assertEquals([...tags.keys()], ["1"]);
  },
  async load({ example, image, cwd, built }) {
    const id = built.config.descriptor.digest;
    const daemon = await startFakeDaemon(dirname(cwd), {
      onLoad() {
        daemon.images = { [image]: { id, diffIds: built.diffIds } };
      },
    });
    try {
      assertMatch(
        await example("load", [image, daemon.url]),
        new RegExp(`^${id}: \\d+ bytes sent, 0 were there\\n$`),
      );
    } finally {
      await daemon.close();
    }
  },
  async serve({ example, image, cwd }) {
    await example("pull", [image, "all.tar"]);
    await inBackground("serve", ["all.tar", "0"], cwd, async (_, said) => {
      assertMatch(said, /docker pull \S+\/team\/app:1/);
      const name = /docker pull (\S+)/.exec(said)![1]!;
      assertMatch(await example("pull", [name, "again.tar"]), /^again\.tar: /);
    });
  },
};

/** Runs an example that ends when it is told to. */
async function inBackground(
  name: string,
  args: string[],
  cwd: string,
  body: (url: string, said: string) => Promise<void>,
): Promise<void> {
  const [program = "", ...before] = programOf();
  const child: ChildProcess = spawn(
    program,
    [...before, join(examples, `${name}.ts`), ...args],
    { cwd, env: cleanEnvironment(dirname(cwd)), stdio: "pipe" },
  );
  const closed = once(child, "close");
  let said = "";
  child.stderr!.resume();
  try {
    for await (
      const chunk of child.stdout!.iterator({ destroyOnReturn: false })
    ) {
      said += chunk;
      if (/(?:http:\/\/|docker pull )127\S*\n/.test(said)) break;
    }
    child.stdout!.resume();
    await body(/http:\/\/\S+/.exec(said)?.[0] ?? "", said);
  } finally {
    child.kill("SIGTERM");
    await closed;
  }
}

test("every example is run", async () => {
  const files = (await readdir(examples)).filter((name) =>
    name.endsWith(".ts")
  );
  assertEquals(
    files.sort(),
    Object.keys(cases).map((name) => `${name}.ts`).sort(),
  );
});

for (const [name, body] of Object.entries(cases)) {
  test(`examples/${name}.ts does what it says`, {
    skip: process.platform === "win32" && "it is told to end by a signal",
  }, () =>
    withFolder(async ({ path }) => {
      const cwd = join(path, "work");
      await mkdir(cwd);
      const registry = new FakeRegistry({ uploads: {} });
      const [built, other] = await Promise.all(
        ["amd64", "arm64"].map((architecture) =>
          buildImage({
            layers: 2,
            platform: { os: "linux", architecture },
          })
        ),
      );
      const index = buildIndex([built!, other!]);
      registry.add("team/app", index, "1", "2", "10");
      const served = await registry.serve();
      try {
        await body({
          cwd,
          host: served.host,
          registry,
          image: `${served.host}/team/app:1`,
          built: built!,
          async example(name, args, env = {}) {
            const file = join(examples, `${name}.ts`);
            const result = await run([...programOf(), file, ...args], {
              cwd,
              env,
            });
            assertEquals(result.code, 0, result.stderr);
            return result.stdout;
          },
        });
      } finally {
        await served.close();
      }
    }));
}
