import type { Warning } from "../../../lib/image/events.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { guarded, learnFromProcess } from "../../../cli/messages/gate.ts";
import { Secrets } from "../../../lib/net/known_secrets.ts";
import { test } from "../../harness.ts";
import { result, run } from "../main_fixture.ts";
import { Screen } from "../progress/screen.ts";

/** What is written of a text where the command was started like that. */
function written(
  text: string,
  argv: string[],
  env: Record<string, string> = {},
): string {
  const secrets = new Secrets();
  learnFromProcess(secrets, { argv, env });
  const screen = new Screen();
  guarded(screen, secrets).write(text);
  return screen.written;
}

test("guarded() masks the passwords of the command line and the environment", () => {
  const env = {
    DOCKER_PASSWORD: "one-secret",
    all_proxy: "socks5://me:two%2Fsecret@p:1",
    DOCKER_PULL_MIRRORS: "docker.io=https://me:three secret@m.test",
  };
  const argv = ["--password", "four-secret", "--username=me", "nginx"];
  assertEquals(
    written(
      "one-secret two/secret two%2Fsecret three secret four-secret nginx",
      argv,
      env,
    ),
    "••• ••• ••• ••• ••• nginx",
  );
});

test("guarded() leaves the image's name and words of our own as they are", () => {
  for (const password of ["nginx", "registry", "password", "abc"]) {
    const text = `Cannot pull nginx: registry refuses the password, abc`;
    assertEquals(written(text, [`--password=${password}`, "nginx"]), text);
  }
  // A short one is no part of a longer word.
  assertEquals(written("latest late", ["--password=late", "x"]), "latest •••");
});

test("guarded() is in all else the output itself", () => {
  const screen = new Screen(33);
  const output = guarded(screen, new Secrets());
  assertEquals([output.isTTY, output.columns], [true, 33]);
  screen.columns = 44;
  assertEquals(output.columns, 44);
});

test("main() masks what a pull's warnings and errors repeat, and no path", async () => {
  const env = { DOCKER_PASSWORD: "hunter2" };
  const { stdout } = await run(
    ["-q", "--username=me", "nginx"],
    () => result(),
    { env },
  );
  assertEquals(stdout, "library_nginx_latest.tar\n");
  const { stderr } = await run(["--username=me", "nginx"], ({ options }) => {
    const warning: Warning = {
      code: "registry-not-asked",
      reference: "got hunter2",
    };
    options.onEvent?.({ type: "warning", warning });
    throw new Error("no hunter2 here");
  }, { env });
  assertStringIncludes(stderr, "got •••");
  assertStringIncludes(stderr, "no ••• here");
});
