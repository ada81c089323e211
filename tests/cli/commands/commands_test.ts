import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CredentialHelperError } from "../../../lib/image/errors.ts";
import { auth, withFolder } from "../../credentials/fixture.ts";
import { buildImage } from "../../fixtures/mod.ts";
import { test } from "../../harness.ts";
import { FakeRegistry } from "../../registry_server/mod.ts";
import { run } from "../main_fixture.ts";

test("main() shows the help of a command", async () => {
  for (const command of ["login", "logout"]) {
    for (const argv of [[command, "--help"], [command, "ghcr.io", "-h"]]) {
      const { code, stdout, stderr } = await run(argv);
      assertEquals([code, stderr], [0, ""]);
      assertStringIncludes(stdout, `Usage: docker-pull ${command} [OPTIONS]`);
    }
  }
});

test("main() logs in where a registry takes the login, and out again", () =>
  withFolder(async ({ path }) => {
    const registry = new FakeRegistry({
      auth: { kind: "basic", users: { me: "s3cret" } },
    });
    const served = await registry.serve();
    const env = { HOME: path, DOCKER_USERNAME: "me" };
    const text = () => readFile(join(path, ".docker/config.json"), "utf8");
    try {
      const wrong = await run(["login", served.host, "-v"], undefined, {
        env: { ...env, DOCKER_PASSWORD: "wr0ng" },
      });
      assertEquals([wrong.code, wrong.stdout], [3, ""]);
      assertStringIncludes(wrong.stderr, `Cannot log in to ${served.host}: it`);
      assertStringIncludes(wrong.stderr, "AuthenticationError");
      const right = await run(["login", served.host], undefined, {
        env: { ...env, DOCKER_PASSWORD: "s3cret" },
      });
      assertEquals([right.code, right.stderr], [0, ""]);
      assertStringIncludes(right.stdout, `Logged in to ${served.host}\n`);
      assertEquals(JSON.parse(await text()), {
        auths: { [served.host]: auth("me:s3cret") },
      });
      const out = await run(["logout", served.host], undefined, { env });
      assertEquals(
        out.stdout,
        `Removed the login for ${served.host} from ~/.docker/config.json\n`,
      );
      assert(!(await text()).includes(auth("me:s3cret").auth));
    } finally {
      await served.close();
    }
  }));

test("main() blames the file of logins where that cannot be read", () =>
  withFolder(async ({ path }) => {
    await writeFile(join(path, "config.json"), '{"auths": {"s3cret"');
    const io = { env: { DOCKER_CONFIG: path } };
    const { code, stderr } = await run(["logout", "r.io"], undefined, io);
    assertEquals(code, 1);
    assertStringIncludes(stderr, `/config.json: it is not valid JSON\n`);
    assertStringIncludes(stderr, "hint: repair that file");
    assert(!stderr.includes("s3cret"));
    // A pull does without it, and says so once it looks for a login.
    const pull = await run(["r.io/a"], async ({ options }) => {
      assertEquals(await options.credentials!("r.io", "a"), undefined);
      throw new CredentialHelperError("store", "x", "h", {
        code: "no-login",
      });
    }, io);
    assertStringIncludes(pull.stderr, "so no login is taken from there\n");
  }));

test("main() tells of a command's own mistakes", async () => {
  const mistakes: [string[], string][] = [
    [["login", "--bogus"], "Unknown option --bogus"],
    [["login", "not/a/host"], '"not/a/host" is not a registry'],
    [["login", "r.io"], "A login needs --username USER"],
    [["logout", "--username", "x"], "Unknown option --username"],
    [["logout", "a.io", "b.io"], "One registry at a time"],
  ];
  for (const [argv, words] of mistakes) {
    const { code, stderr } = await run(argv);
    assertEquals(code, 2);
    assertStringIncludes(stderr, `error: ${words}`);
    assertStringIncludes(stderr, `hint: docker-pull ${argv[0]} --help shows`);
  }
});

test("main() names the nearest tags", async () => {
  const registry = new FakeRegistry();
  registry.add("team/app", await buildImage(), "1.0", "1.1", "latest");
  const served = await registry.serve();
  try {
    const { pull } = await import("../../../lib/copy/pull.ts");
    const argv = ["--no-cache", `${served.host}/team/app:1.2`];
    const { code, stderr } = await run(
      argv,
      ({ reference, options }) => pull(reference, options),
    );
    assertEquals(code, 5);
    assertStringIncludes(stderr, "has no such tag (MANIFEST_UNKNOWN");
    assertStringIncludes(stderr, "hint: the nearest tags are 1.0, 1.1 and");
  } finally {
    await served.close();
  }
});

test("main() waits for a registry no longer than --max-wait", () =>
  withFolder(async ({ path: folder }) => {
    const image = await buildImage();
    for (const wanted of ["/manifests/", image.layers[0]!.digest]) {
      const registry = new FakeRegistry();
      registry.add("team/app", image, "1");
      registry.fault = ({ path }) =>
        path.includes(wanted)
          ? { status: 429, headers: { "retry-after": "30" } }
          : {};
      const served = await registry.serve();
      try {
        const { pull } = await import("../../../lib/copy/pull.ts");
        const { code, stderr } = await run(
          [
            ...["--no-cache", "--max-wait", "5", "-o", join(folder, "x.tar")],
            `${served.host}/team/app:1`,
          ],
          ({ reference, options }) => pull(reference, options),
        );
        assertEquals(code, 6, stderr);
        assertStringIncludes(stderr, "let this wait with --max-wait 30;");
      } finally {
        await served.close();
      }
    }
  }));
