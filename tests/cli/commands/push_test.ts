/** `docker-pull push`, and `copy` to a registry: words, exit codes, secrets. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { main } from "../../../cli/main.ts";
import { explainError } from "../../../cli/messages/errors.ts";
import { SignalError } from "../../../cli/signals.ts";
import { pull } from "../../../mod.ts";
import { inFolder } from "../../disk/folder.ts";
import { buildImage } from "../../fixtures/mod.ts";
import { test } from "../../harness.ts";
import {
  type Auth,
  FakeRegistry,
  type UploadRules,
} from "../../registry_server/mod.ts";
import { NOWHERE } from "../main_fixture.ts";
import { Sink } from "../progress/screen.ts";

const image = await buildImage({ layers: [{ size: 3000 }, { size: 90_000 }] });
const { digest } = image.manifest.descriptor;
const other = await buildImage({ seed: "other" });

interface World {
  source: FakeRegistry;
  target: FakeRegistry;
  file: string;
  run(
    argv: string[],
    stdin?: string,
  ): Promise<{ code: number; stdout: string; stderr: string }>;
}

function inWorld(
  uploads: UploadRules,
  body: (world: World) => Promise<void>,
): Promise<void> {
  return inFolder(async (folder) => {
    const source = new FakeRegistry({ host: "source.test" });
    source.add("team/app", image, "1");
    const target = new FakeRegistry({ host: "target.test", uploads });
    const file = join(folder, "app.tar");
    await pull("source.test/team/app:1", {
      fetch: source.fetch,
      cacheDir: false,
      output: file,
      platform: "linux/amd64",
    });
    const fetch: FakeRegistry["fetch"] = (url, init) =>
      (new URL(url).host === "target.test" ? target : source).fetch(url, init);
    await body({
      source,
      target,
      file,
      async run([command = "", ...argv], stdin = "") {
        const [stdout, stderr] = [new Sink(), new Sink()];
        const options = [
          ...["--cache-dir", join(folder, "cache"), "--retries", "0"],
        ];
        const code = await main({
          argv: [command, ...options, ...argv],
          env: { HOME: NOWHERE },
          stdin: {
            async *[Symbol.asyncIterator]() {
              yield await Promise.resolve(stdin);
            },
          },
          stdout,
          stderr,
          signals: { on() {}, off() {}, raise() {}, exit() {} },
          os: "linux",
        }, { fetch });
        return { code, stdout: stdout.text, stderr: stderr.text };
      },
    });
    target.assertNoOpenBodies();
  });
}

test("push tells what is there, what was sent, and that nothing was", () =>
  inWorld({}, async ({ file, run, target }) => {
    const args = ["push", file, "target.test/mirror/"];
    const first = await run(args);
    assertEquals(first.code, 0, first.stderr);
    assertStringIncludes(
      first.stdout,
      "Pushed: target.test/mirror/team/app:1\n",
    );
    assertStringIncludes(first.stdout, digest);
    assertStringIncludes(first.stdout, "in 3 blobs sent; 0 there already");
    assertEquals(target.repository("mirror/team/app").tags.get("1"), digest);
    const second = await run(args);
    assertStringIncludes(
      second.stdout,
      "There: target.test/mirror/team/app:1\n",
    );
    const quiet = await run([...args, "--quiet"]);
    assertEquals(quiet.stdout, "target.test/mirror/team/app:1\n");
    assertEquals(quiet.stderr, "");
  }));

test("copy goes to a registry, with two logins", () =>
  inWorld({}, async ({ run, source, target }) => {
    source.auth = { kind: "basic", users: { reader: "r-secret-1" } };
    target.auth = { kind: "basic", users: { writer: "w-secret-2" } };
    const places = ["docker://source.test/team/app:1", "target.test/a:1"];
    const { code, stdout, stderr } = await run([
      ...["copy", "--verbose", "--platform", "linux/amd64", ...places],
      ...["--src-creds", "reader:r-secret-1"],
      ...["--dest-username", "writer", "--dest-password-stdin"],
    ], "w-secret-2\n");
    assertEquals(code, 0, stderr);
    assertEquals(target.repository("a").tags.get("1"), digest);
    assertEquals(/secret-[12]/.test(stdout + stderr), false);
  }));

const USERS: Auth = { kind: "basic", users: { me: "right-secret" } };

test("a wrong login is that of the side that refuses it", () =>
  inWorld({}, async ({ run, target, file }) => {
    target.auth = USERS;
    const args = ["push", file, "target.test/a:1"];
    const none = await run(args);
    assertEquals(none.code, 3);
    assertStringIncludes(none.stderr, "lets nobody push there without a login");
    assertStringIncludes(none.stderr, "docker-pull login target.test");
    const wrong = await run([...args, "--dest-creds", "me:wrong-secret"]);
    assertEquals(wrong.code, 3);
    assertStringIncludes(
      wrong.stderr,
      "target.test refuses the user name or password from --dest-creds",
    );
    assertEquals(wrong.stderr.includes("wrong-secret"), false);
  }));

test("each side's login is called by its own options", () =>
  inWorld({}, async ({ run, source }) => {
    source.auth = USERS;
    const args = ["copy", "source.test/team/app:1", "target.test/a:1"];
    const wrong = await run([...args, "--src-creds", "me:wrong-secret"]);
    assertEquals(wrong.code, 3);
    assertStringIncludes(wrong.stderr, "refuses the login from --src-creds");
    assertStringIncludes(wrong.stderr, "can see --src-creds");
    assertStringIncludes(wrong.stderr, "use --src-password-stdin instead");
    const lone = await run([...args, "--dest-password", "x"]);
    assertEquals(lone.code, 2);
    assertStringIncludes(lone.stderr, "--dest-password needs --dest-username");
  }));

const FAULTS: [UploadRules, number, string, string][] = [
  [{ readOnly: 405 }, 4, "takes nothing from anyone there", "mirror"],
  [{ readOnly: 403 }, 4, "takes nothing from anyone there", "mirror"],
  [{ closed: 404 }, 5, "has no such repository", "to be created first"],
  [{ closed: 403 }, 5, "has no such repository", "to be created first"],
  [{ room: 50_000 }, 8, "has no room left", "is used next time"],
  [{ room: 50_000, noRoomStatus: 413 }, 8, "has no room left", "used next"],
  [{ maxBody: 1000 }, 8, "takes no request of", "client_max_body_size"],
  [{ location: "missing" }, 8, "does not say where", "--verbose"],
  [{ saysDigest: `sha256:${"0".repeat(64)}` }, 9, "says that it has", "again"],
  [{ refusesDigest: 9 }, 9, "has another digest", "ask who runs"],
  [{ forgetsAfter: 0 }, 8, "forgets uploads", "same secret and storage"],
  [{ mediaTypes: [] }, 1, "takes no manifest like", "--layers zstd"],
  [{ fixedTags: 409 }, 4, "does not let the tag 1 be moved", "another tag"],
  [{ fixedTags: 412 }, 4, "does not let the tag 1 be moved", "another tag"],
  [{ fixedTags: 400 }, 4, "does not let the tag 1 be moved", "another tag"],
];

for (const [rules, code, sentence, hint] of FAULTS) {
  test(`${JSON.stringify(rules)} is one sentence, a hint and ${code}`, () =>
    inWorld({ ...rules }, async ({ run, file, target }) => {
      if (rules.fixedTags) target.add("a", other, "1");
      const { code: actual, stdout, stderr } = await run(
        ["push", file, "target.test/a:1"],
      );
      const errors = stderr.split("\n").filter((line) => /^error/.test(line));
      assertEquals([actual, stdout, errors.length], [code, "", 1], stderr);
      assertStringIncludes(stderr, sentence);
      assertStringIncludes(stderr, hint);
      assertEquals(stderr.includes("a-signature-of-the-state"), false);
      if (rules.fixedTags) return;
      assertEquals(target.repository("a").tags.size, 0);
      // What was uploaded is used next time.
      const stored = target.repository("a").blobs.size;
      const before = target.requests.length;
      for (const name of Object.keys(rules)) {
        delete target.uploads!.rules[name as keyof UploadRules];
      }
      const again = await run(["push", file, "target.test/a:1"]);
      assertEquals(again.code, 0, again.stderr);
      const sent = target.requests.slice(before)
        .filter(({ method, url }) => method === "PUT" && /digest=/.test(url));
      assertEquals(sent.length, 3 - stored);
    }));
}

test("what is no registry, or makes no sense, ends with 2", () =>
  inWorld({}, async ({ run, file, target }) => {
    for (
      const [argv, words] of [
        [["push", file], "a registry to push to are named"],
        [["push", file, "./b.tar"], "images are pushed to a registry"],
        [["push", "docker://a/b", "target.test/b"], "nothing can be read"],
        [["push", file, "target.test/a", "x"], "is too much"],
        [["push", file, "target.test/a", "--dest-creds", "x"], "USER:PASSWORD"],
        [
          ["push", file, "target.test/a", "--output", "x"],
          "output",
        ],
        [
          [
            ...["push", file, "target.test/a", "--username", "a"],
            ...["--dest-creds", "a:b"],
          ],
          "--dest-creds",
        ],
      ] as const
    ) {
      const { code, stderr } = await run([...argv]);
      assertEquals(code, 2, stderr);
      assertStringIncludes(stderr, words);
    }
    assertEquals(target.requests, []);
    const gone = await run(["push", `${file}.gone`, "target.test/a"]);
    assertEquals(gone.code, 10);
    assert(!gone.stderr.includes("target.test refuses"));
  }));

test("whoever stops it is told that it goes on from there", () => {
  for (const command of ["push", "copy"]) {
    const { code, sentence, hint } = explainError(new SignalError("SIGINT"), {
      command,
    });
    assertEquals([code, sentence, hint], [
      130,
      "Stopped by SIGINT; what was sent or has come is kept",
      "the same command goes on from there",
    ]);
  }
});
