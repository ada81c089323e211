import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DOCTOR } from "../../../cli/commands/doctor_options.ts";
import { parseArguments } from "../../../cli/options/arguments.ts";
import type { ToldDiagnosis } from "../../../cli/messages/doctor.ts";
import { run } from "../main_fixture.ts";
import { auth, withFolder } from "../../credentials/fixture.ts";
import { buildImage } from "../../fixtures/mod.ts";
import { test } from "../../harness.ts";
import { FakeRegistry } from "../../registry_server/mod.ts";

/** Runs the command against a registry that wants a login. */
async function withRegistry(
  body: (served: { host: string; registry: FakeRegistry }) => Promise<void>,
): Promise<void> {
  const registry = new FakeRegistry({
    auth: { kind: "bearer", users: { me: "s3cret-word" } },
  });
  const platform = { os: "linux", architecture: "arm64" };
  registry.add("team/app", await buildImage({ platform }), "1");
  const served = await registry.serve();
  try {
    await body({ host: served.host, registry });
  } finally {
    await served.close();
  }
}

const ARM = ["--platform", "linux/arm64", "--no-cache"];

test("main() shows the help of doctor", async () => {
  const { code, stdout } = await run(["doctor", "--help"]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "Usage: docker-pull doctor [OPTIONS] IMAGE");
  assertStringIncludes(stdout, "--json");
  assert(!stdout.includes("--max-concurrent-downloads"));
  assert(stdout.split("\n").every((line) => line.length <= 80), stdout);
});

test("DOCTOR takes the options of a pull that matter", () => {
  const argv =
    "--json --mirror docker.io=https://m --no-cache --timeout 3 nginx";
  const { image, json, mirrors, cacheDir, timeout } = DOCTOR.read(
    parseArguments(argv.split(" "), DOCTOR.options),
  );
  assertEquals(
    { image, json, mirrors, cacheDir, timeout },
    {
      image: "nginx",
      json: true,
      mirrors: ["docker.io=https://m"],
      cacheDir: false,
      timeout: 3000,
    },
  );
});

test("main() refuses a doctor without an image, and options of a pull alone", async () => {
  for (const argv of [[], ["--force", "nginx"], ["a", "b"], ["A:B:C"]]) {
    const { code, stdout, stderr } = await run(["doctor", ...argv]);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, /^error: /);
  }
});

test("main() examines an image with the login that the machine has", () =>
  withRegistry(({ host }) =>
    withFolder(async ({ path, write }) => {
      await mkdir(join(path, ".docker"));
      await write(".docker/config.json", {
        auths: { [host]: auth("me:s3cret-word") },
      });
      const env = { HOME: path };
      const argv = ["doctor", ...ARM, `${host}/team/app:1`];
      const { code, stdout, stderr } = await run(argv, undefined, { env });
      assertEquals([code, stderr], [0, ""], stdout);
      assertMatch(
        stdout,
        /^docker-pull [\d.]+ on (Deno|Bun|Node) [\d.]+, linux\n/,
      );
      assertMatch(stdout, /\nok +login .* from ~\/.docker\/config.json\n/);
      assertMatch(stdout, /\nok +token .* that lasts 5 minutes/);
      assertMatch(stdout, /\n\nThe image can be pulled\n$/);
      const verbose = await run([...argv, "-v"], undefined, { env });
      assertMatch(verbose.stderr, /GET http:.*\/v2\/ → 401/);
      for (const text of [stdout, verbose.stdout, verbose.stderr]) {
        assert(!text.includes("s3cret"), text);
        assert(!text.includes(btoa("me:s3cret-word")), text);
      }
    })
  ));

test("main() ends with the code of the first problem, and says it in JSON", () =>
  withRegistry(async ({ host, registry }) => {
    const json = async (...argv: string[]) => {
      const { code, stdout } = await run(["doctor", "--json", ...argv]);
      const report: ToldDiagnosis & { exitCode: number } = JSON.parse(stdout);
      assertEquals(report.exitCode, code);
      assertEquals(report.canPull, code === 0);
      return { code, report };
    };
    const image = `${host}/team/app:1`;
    const refused = await json(...ARM, image);
    assertEquals(refused.code, 3);
    registry.auth = undefined;
    assertEquals((await json(...ARM, image)).code, 0);
    assertEquals((await json(...ARM, `${host}/team/none:1`)).code, 5);
    const other = await json("--no-cache", "--platform", "linux/s390x", image);
    assertEquals(other.code, 7);
    const problem = other.report.findings.find(({ status }) =>
      status === "problem"
    );
    assertEquals(problem!.step, "platforms");
    assertEquals((await json("127.0.0.1:1/a/b")).code, 8);
  }));

test("main() warns within the report", () =>
  withRegistry(async ({ host, registry }) => {
    registry.auth = undefined;
    const argv = ["doctor", "--insecure", ...ARM, `${host}/team/app:1`];
    const { code, stdout, stderr } = await run(argv);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /\nnote +warning +the certificate is not verified/);
  }));
