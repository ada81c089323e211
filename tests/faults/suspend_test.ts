/** A pull that is suspended for long, as by Ctrl-Z, while another one runs. */

import { join } from "node:path";
import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import { until } from "../e2e/servers/daemon.ts";
import { pullOk, Workspace } from "../e2e/workspace.ts";
import { dockerPull } from "../fixtures/command.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import { test } from "../harness.ts";
import {
  assertSentence,
  DISK,
  everythingIn,
  MEDIUM,
  serveImages,
  SMALL,
} from "./scene.ts";

const workspace = new Workspace();
const scene = workspace.share(serveImages);

test(
  "a pull that was suspended spoils nothing of the one that took its place",
  {
    skip: process.platform === "win32" && "Windows has no such signals",
  },
  async () => {
    const { registry, served } = await scene.get();
    const cwd = workspace.makeFolder();
    const path = join(cwd, "a.tar");
    const begin = registry.requests.length;
    const came = () =>
      registry.requests.slice(begin).reduce((sum, { sent }) => sum + sent, 0);
    const args = ["--no-cache", "-o", "a.tar"];
    registry.bytesPerSecond = 1_000_000;
    let pid = 0;
    const first = dockerPull([...args, `${served.host}/${MEDIUM}`], {
      cwd,
      onStart: (child) => void (pid = child.pid!),
    });
    try {
      await until(() => came() > 1_500_000, 60_000);
      process.kill(pid, "SIGSTOP");
      // Its lock counts as left behind after some seconds.
      await pullOk([...args, `${served.host}/${SMALL}`], cwd);
    } finally {
      registry.bytesPerSecond = Infinity;
      process.kill(pid, "SIGCONT");
    }
    assertSentence(await first, DISK, /another process has taken over/);
    const { problems, images } = await verifyImage(path);
    assertEquals(problems, []);
    assert(images[0]!.names[0]!.includes(SMALL), images[0]!.names[0]);
    assertEquals(everythingIn(cwd), ["a.tar"]);
  },
);

workspace.stopAtEnd();
