import { mkdirSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { dockerPull } from "../fixtures/command.ts";
import { buildImage, push } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { makeAuthority } from "./servers/certificates.ts";
import { missing } from "./servers/daemon.ts";
import { startDockerRegistry } from "./servers/docker_registry.ts";
import { filesIn, HOST_PLATFORM, pullOk, Workspace } from "./workspace.ts";

const workspace = new Workspace();
const ipv6 = Object.values(networkInterfaces()).flat()
  .some((each) => each?.address === "::1");
const skip = missing("docker-registry", "openssl") || (!ipv6 && "no IPv6");
const image = await buildImage({ layers: 2, platform: HOST_PLATFORM });
const NAME = { repository: "e2e/app", tag: "1.0" };

test("a registry at an IPv6 address is pulled from, and as a mirror", {
  skip,
}, async () => {
  const { folder } = workspace;
  const authority = makeAuthority(workspace.makeFolder());
  const names = ["IP:::1"];
  const tls = authority.issue("registry", 2, { names });
  const address = "[::1]";
  const plain = await startDockerRegistry({ folder, address });
  const secure = await startDockerRegistry({ folder, address, tls });
  try {
    await push(image, { url: plain.url, ...NAME });
    await push(image, { url: secure.url, ...NAME, ca: authority.cert });
    const cwd = workspace.makeFolder();
    const run = (...args: string[]) => pullOk(["--no-cache", ...args], cwd);
    await run(`${plain.host}/e2e/app:1.0`);
    const file = `${plain.host.replace(/[^\d]/g, "_")}_e2e_app_1.0.tar`;
    assertEquals(filesIn(cwd), [file]);
    const { stderr } = await run(
      ...["--verbose", "-o", "mirrored.tar", "--trust-mirrors"],
      ...["--mirror", `registry.test=${plain.url}`],
      "registry.test/e2e/app:1.0",
    );
    assertStringIncludes(stderr, `GET ${plain.url}/v2/e2e/app/manifests/`);

    const trust = ["--ca-cert", authority.certFile];
    await run("-o", "secure.tar", ...trust, `${secure.host}/e2e/app:1.0`);
    // Docker has these folders by the same name.
    const config = workspace.makeFolder();
    const own = join(config, "docker", "certs.d", secure.host);
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, "ca.crt"), authority.cert);
    const report = await dockerPull(["doctor", `${secure.host}/e2e/app:1.0`], {
      cwd,
      env: { XDG_CONFIG_HOME: config },
    });
    assertEquals(report.code, 0, report.stdout + report.stderr);
  } finally {
    await secure.stop();
    await plain.stop();
  }
});

workspace.stopAtEnd();
