/** What people type who come from another program, or from a browser. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "../../harness.ts";
import { explainError } from "../../../cli/messages/errors.ts";
import { nearestRegistry } from "../../../cli/options/meant.ts";
import { chooseCommand } from "../../../cli/main.ts";
import {
  type CommandName,
  OPTIONS,
} from "../../../cli/options/option_table.ts";
import { imageAtAddress } from "../../../cli/access/web_address.ts";
import { NetworkError, RegistryError } from "../../../lib/image/errors.ts";
import { parseReference } from "../../../lib/image/reference.ts";
import { run } from "../main_fixture.ts";

test("docker-pull pull IMAGE pulls it, wherever the options stand", async () => {
  for (
    const argv of [
      ["pull", "nginx"],
      ["pull", "-q", "nginx"],
      ["-q", "pull", "nginx"],
      ["pull", "nginx", "-q"],
      ["docker://nginx"],
      ["pull", "docker://docker.io/library/nginx:latest"],
    ]
  ) {
    const { code, calls } = await run(argv);
    assertEquals([code, calls.length], [0, 1], argv.join(" "));
    assertEquals(calls[0]!.reference, parseReference("nginx"), argv.join(" "));
  }
  const none = await run(["pull"]);
  assertEquals([none.code, none.calls], [2, []]);
  assertStringIncludes(none.stderr, "No image is named");
  const { calls } = await run(["library/pull"]);
  assertEquals(calls[0]!.reference.repository, "library/pull");
});

test("help and version are commands, too", async () => {
  const help = (name: CommandName) => ({ name, argv: ["--help"] });
  assertEquals(chooseCommand(["help"]), help("pull"));
  assertEquals(chooseCommand(["help", "login"]), help("login"));
  assertEquals(chooseCommand(["help", "nginx"]), help("pull"));
  assertEquals(chooseCommand(["version"]).argv, ["--version"]);
  for (const argv of [["help"], ["pull", "--help"], ["nginx", "-qh"]]) {
    const { stdout } = await run(argv);
    assertStringIncludes(stdout, "Usage: docker-pull [OPTIONS] IMAGE");
  }
  const { code, stdout } = await run(["version"]);
  assertEquals([code, /^docker-pull \d/.test(stdout)], [0, true]);
  const verify = await run(["help", "verify"]);
  assertStringIncludes(verify.stdout, "docker-pull verify [OPTIONS]");
});

test("an option before the command that has it is told to stand after it", async () => {
  const cases: [argv: string, shown: string | undefined][] = [
    ["--plain-http verify --against X F", "verify [OPTIONS] F"],
    ["--against X verify F", "verify [OPTIONS] F"],
    ["--raw inspect F", "inspect [OPTIONS] F"],
    ["--raw -o push inspect F", "inspect [OPTIONS] F"],
    ["--raw inspect -- --F", "inspect [OPTIONS] --F"],
    ["--raw inspect", "inspect [OPTIONS]; an image of that name is library/"],
    ["--older-than 3d cache prune", "cache prune [OPTIONS]"],
    ["-q cache prune --unused", "cache prune [OPTIONS]"],
    // What cannot be taken apart, or may be of a password, is not repeated.
    ["--raw inspect --bogus hunter2", "inspect [OPTIONS] ..."],
    ["--dest-password correct copy hunter2 a b", "copy [OPTIONS] ..."],
    ["--password correct copy hunter2 a b", "copy [OPTIONS] ..."],
    ["-q copy --dest-creds u:p hunter2 b", "copy [OPTIONS] ..."],
    ["--raw inspect u:hunter2@host/a", "inspect [OPTIONS] ..."],
    // Here is no command, or none that has it.
    ["-o push --raw nginx", undefined],
    ["-o push --raw -- inspect", undefined],
    ["--raw nginx inspect", undefined],
    ["--raw copy a b", undefined],
    ["--against verify F", undefined],
    ["--bogus verify F", undefined],
  ];
  for (const [typed, shown] of cases) {
    const { code, stderr, calls } = await run(typed.split(" "));
    assertEquals([code, calls], [2, []], typed);
    assertEquals(stderr.includes("hunter2"), false, stderr);
    const words = "Options come after the command, as in docker-pull ";
    if (shown === undefined) assertStringIncludes(stderr, "Unknown option");
    else {
      assertStringIncludes(stderr, words + shown);
      const [command] = shown.split(" [");
      assertStringIncludes(stderr, `hint: docker-pull ${command} --help shows`);
    }
  }
});

test("an option of another program is answered with ours", async () => {
  const cases: Record<string, string> = {
    "--src-tls-verify=false": "--insecure",
    "--tls-verify=false": "--insecure",
    "--override-arch": "--platform",
    "--src-creds": "--username",
    "--cache_path": "--cache-dir",
    "--concurrency": "--max-concurrent-downloads",
    "--ca-file": "--ca-cert",
    "--registry-config": "--authfile",
    "--retry-times": "--retries",
    "--debug": "--verbose",
    "-k": "--insecure",
    "-u": "--username",
    "--proxy": "HTTPS_PROXY",
    "--insecure-skip-tls-verify": "--insecure",
    "--insecure-registry": "--insecure",
    "--all-platforms": "--platform",
    "--all-tags": "IMAGE:TAG",
    "-a": "IMAGE:TAG",
    "--all": "--platform",
    "--multi-arch=all": "--platform",
    "--dest-dir": "--output",
    "--tag": "IMAGE:TAG",
    "--dest-tls-verify=false": "--insecure-host",
    "--preserve-digests": "leave it out",
    "--dest-daemon-host": "DOCKER_HOST",
  };
  for (const [theirs, ours] of Object.entries(cases)) {
    const { code, stderr } = await run([theirs, "nginx"]);
    assertEquals(code, 2, theirs);
    assertStringIncludes(stderr, ours, theirs);
    assert(!stderr.includes("did you mean"), stderr);
  }
  // Only what the command has is named.
  const { stderr } = await run(["logout", "--concurrency", "3"]);
  assert(!stderr.includes("max-concurrent"), stderr);
});

test("every option that stands for another program's is one", async () => {
  const { SERVE } = await import("../../../cli/commands/serve_options.ts");
  const names = [...OPTIONS, ...SERVE.options].map(({ name }) => name);
  const { COPY } = await import("../../../cli/commands/copy_options.ts");
  const all = [...names, ...COPY.options.map(({ name }) => name)];
  const { FOREIGN } = await import("../../../cli/options/meant.ts");
  for (const [theirs, ours] of Object.entries(FOREIGN)) {
    assert(all.includes(ours), `${theirs}: ${ours}`);
    assert(!names.includes(theirs), theirs);
  }
});

test("imageAtAddress() reads what a browser shows", () => {
  const cases: [string, string | undefined][] = [
    ["https://hub.docker.com/_/nginx", "nginx"],
    ["https://hub.docker.com/_/nginx/tags?page=2", "nginx"],
    ["https://hub.docker.com/r/bitnami/redis", "bitnami/redis"],
    ["https://hub.docker.com/r/library/redis/", "redis"],
    ["https://hub.docker.com/repository/docker/me/app/general", "me/app"],
    [
      "https://hub.docker.com/layers/library/nginx/1.27/images/sha256-ab",
      "nginx:1.27",
    ],
    ["https://hub.docker.com/layers/me/app/V1/images/x", "me/app:V1"],
    ["https://hub.docker.com/search?q=nginx", undefined],
    ["https://github.com/Owner/repo/pkgs/container/app", "ghcr.io/owner/app"],
    ["https://github.com/orgs/o/packages/container/app", "ghcr.io/o/app"],
    ["https://quay.io/repository/o/app?tab=tags", "quay.io/o/app"],
    ["https://quay.io/o/app:1", "quay.io/o/app:1"],
    ["https://gallery.ecr.aws/docker/library", "public.ecr.aws/docker/library"],
    ["https://registry.example/team/app:1.2", "registry.example/team/app:1.2"],
    ["http://host:5000/app/", "--plain-http host:5000/app"],
    ["https://host.example/v2/a/b/manifests/1", "host.example/a/b:1"],
    ["https://ghcr.io/v2/o/app/tags/list", "ghcr.io/o/app"],
    ["https://ghcr.io/v2/o/app/tags/list?n=5", "ghcr.io/o/app"],
    ["https://host.example/v2/", undefined],
    ["https://host.example/v2/_catalog", undefined],
    ["https://hub.docker.com/v2/repositories/library/nginx/tags/", "nginx"],
    ["https://hub.docker.com/v2/repositories/me/app/tags/1", "me/app:1"],
    [
      "https://mcr.microsoft.com/en-us/product/dotnet/sdk/about",
      "mcr.microsoft.com/dotnet/sdk",
    ],
    [
      "https://mcr.microsoft.com/artifact/mar/azure-cli/tags",
      "mcr.microsoft.com/azure-cli",
    ],
    ["hub.docker.com/_/nginx", "nginx"],
    ["hub.docker.com/r/me/app", "me/app"],
    ["Hub.docker.com/r/me/app:1", "me/app:1"],
    ["github.com/o/repo/pkgs/container/app", "ghcr.io/o/app"],
    ["gallery.ecr.aws/nginx/nginx", "public.ecr.aws/nginx/nginx"],
    ["quay.io/repository/o/app", undefined],
    ["https://user:secret@host.example/a/b#x", "host.example/a/b"],
    ["https://host.example/", undefined],
    ["https://host.example/A%ZZ", undefined],
    ["nginx", undefined],
  ];
  for (const [address, image] of cases) {
    assertEquals(imageAtAddress(address), image, address);
  }
});

test("a web address is answered with the command to type", async () => {
  const { code, stderr, calls } = await run(["https://hub.docker.com/_/nginx"]);
  assertEquals([code, calls.length], [2, 0]);
  assertStringIncludes(stderr, "hint: type docker-pull nginx\n");
});

test("a page's address without a scheme is answered like one", async () => {
  for (const page of ["hub.docker.com/_/nginx", "hub.docker.com/r/me/app"]) {
    const { code, stderr, calls } = await run([page]);
    assertEquals([code, calls.length], [2, 0], page);
    assertStringIncludes(stderr, "hint: type docker-pull ", page);
  }
});

test("nearestRegistry() finds the one that a slip leads away from", () => {
  assertEquals(nearestRegistry("ghrc.io"), "ghcr.io");
  assertEquals(nearestRegistry("qauy.io"), "quay.io");
  assertEquals(nearestRegistry("docker.oi"), "docker.io");
  assertEquals(nearestRegistry("mcr.microsft.com"), "mcr.microsoft.com");
  for (
    const host of [
      "ghcr.io",
      "gcr.io",
      "icr.io",
      "registry.example",
      "cr.example",
    ]
  ) assertEquals(nearestRegistry(host), undefined, host);
});

test("a misspelt registry is what the hint of a failure is about", () => {
  const context = { image: "ghrc.io/o/app:1", registry: "ghrc.io" };
  const url = "https://ghrc.io/v2/";
  const refusal = new RegistryError({ status: 401, method: "GET", url });
  for (const error of [new NetworkError(url, "dns", "dns"), refusal]) {
    const { hint } = explainError(error, context);
    assertEquals(hint, "did you mean ghcr.io/o/app:1?");
  }
  const right = { image: "ghcr.io/o/app:1", registry: "ghcr.io" };
  const { hint } = explainError(refusal, right);
  assert(!hint?.includes("did you mean"), hint);
});
