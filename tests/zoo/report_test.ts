/** The report of `docker-pull doctor`, of registries over loopback. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "../harness.ts";
import { serve } from "../registry_server/serve.ts";
import { runCommand } from "./command.ts";
import type { Facts } from "./facts.ts";
import { index } from "./scene.ts";
import { ALL } from "./species/all.ts";
import { Zoo } from "./zoo.ts";

/** A registry with its storage at another port, and its token server. */
async function report(facts: Facts, args: string[]): Promise<void> {
  let zoo: Zoo | undefined;
  const servers = await Promise.all(
    [0, 1, 2].map(() =>
      serve((request) => zoo!.registry.handle(request, request.signal))
    ),
  );
  const [own, token, storage] = servers.map(({ host }) => host);
  const folder = mkdtempSync(join(tmpdir(), "docker-pull-report-"));
  try {
    const { auth } = facts;
    zoo = new Zoo({
      ...facts,
      registry: own!,
      host: own!,
      ...(auth?.kind === "bearer" &&
        { auth: { ...auth, realm: `http://${token}/token` } }),
      ...(facts.storage && { storage: { ...facts.storage, host: storage! } }),
    });
    zoo.add(index, "1.0");
    const repository = facts.closed ?? facts.open!;
    const ran = await runCommand([
      "doctor",
      ...args,
      "--no-mirrors",
      "--platform=linux/amd64",
      `--cache-dir=${join(folder, "cache")}`,
      `--output=${folder}/`,
      `${own}/${repository}:1.0`,
    ], { registry: own!, login: zoo.login("right") });
    assertEquals(ran.code, 0, ran.stdout + ran.stderr);
    if (args.includes("--json")) {
      assertEquals(JSON.parse(ran.stdout).canPull, true);
    } else {
      assertStringIncludes(ran.stdout, "The image can be pulled");
    }
    zoo.secrets.assertClean("the report", ran.stdout);
    zoo.secrets.assertClean("standard error", ran.stderr);
    zoo.secrets.assertCleanFolder(folder);
    const { requests } = zoo.registry;
    assert(requests.length > 4);
    zoo.secrets.assertConfined(
      requests.map(({ method, url, headers, text }) => ({
        method,
        url: new URL(url),
        headers,
        body: text,
      })),
    );
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    rmSync(folder, { recursive: true });
  }
}

for (const facts of ALL) {
  for (const args of [["--verbose"], ["--json", "--verbose"]]) {
    test(`${facts.name}: doctor ${args[0]} tells no secret`, () =>
      report(facts, args));
  }
}
