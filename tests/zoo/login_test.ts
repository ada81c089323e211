/** `docker-pull login` at each registry of the zoo. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "../harness.ts";
import { runCommand } from "./command.ts";
import { basicOf } from "./token_server.ts";
import { ALL } from "./species/all.ts";
import { Zoo } from "./zoo.ts";

for (const facts of ALL.filter(({ auth }) => auth !== undefined)) {
  const { name, registry, user } = facts;

  for (const kind of ["right", "wrong"] as const) {
    test(`${name}: login with a ${kind} password`, async () => {
      const zoo = new Zoo(facts);
      const { credential } = zoo.login(kind);
      const password = (credential as { password: string }).password;
      const args = ["--verbose", "--username", user, "--password-stdin"];
      const ran = await runCommand(["login", ...args, registry], {
        fetch: zoo.fetch,
        registry,
        input: `${password}\n`,
        inspect: (home) => {
          const path = join(home, ".docker", "config.json");
          assertEquals(existsSync(path), kind === "right");
          if (kind === "wrong") return;
          const { auths } = JSON.parse(readFileSync(path, "utf8"));
          const [entry] = Object.values(auths) as { auth: string }[];
          assertEquals(basicOf(`Basic ${entry!.auth}`), `${user}:${password}`);
          if (process.platform !== "win32") {
            assertEquals(statSync(path).mode & 0o777, 0o600);
          }
        },
      });
      assertEquals(ran.code, kind === "right" ? 0 : 3, ran.stderr);
      if (kind === "right") assertMatch(ran.stdout, /Logged in to /);
      else assertMatch(ran.stderr, /error: Cannot log in to /);
      assert(/^(?:GET|POST) https:/m.test(ran.stderr));
      zoo.secrets.assertClean("the output", ran.stdout + ran.stderr);
      zoo.secrets.assertConfined(zoo.sent);
      zoo.registry.assertNoOpenBodies();
    });
  }
}
