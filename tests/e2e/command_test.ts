import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { dockerPull } from "../fixtures/command.ts";
import { buildImage, buildIndex, type BuiltImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry, type Fault } from "../registry_server/mod.ts";
import {
  assertFailure,
  fileDigest,
  filesIn,
  HOST_PLATFORM,
  pullOk,
  Workspace,
} from "./workspace.ts";

const workspace = new Workspace();
const SHARED = ["a", "b", "c"].map((seed) => ({ size: 400_000, seed }));
const image = await buildImage({ layers: SHARED, platform: HOST_PLATFORM });
const larger = await buildImage({
  layers: [...SHARED, { size: 300_000, seed: "d" }],
  platform: HOST_PLATFORM,
});

/** Runs a test against a registry of its own, in a folder of its own. */
async function withRegistry(
  body: (
    context: { registry: FakeRegistry; host: string; cwd: string },
  ) => Promise<void>,
): Promise<void> {
  const registry = new FakeRegistry();
  registry.add("team/app", image, "1.0");
  registry.add("team/app", larger, "2.0");
  const served = await registry.serve();
  try {
    await body({ registry, host: served.host, cwd: workspace.makeFolder() });
  } finally {
    await served.close();
  }
}

function blobRequests(registry: FakeRegistry, { digest }: { digest: string }) {
  return registry.requests.filter(({ path }) => path.endsWith(digest));
}

test("the file is named after registry, repository, tag, platform or digest", () =>
  withRegistry(async ({ registry, host, cwd }) => {
    const arm = ["arm64", "arm"].map((architecture) =>
      buildImage({
        platform: {
          os: "linux",
          architecture,
          ...(architecture === "arm" && { variant: "v7" }),
        },
      })
    );
    registry.add("team/app", buildIndex(await Promise.all(arm)), "arm");
    const base = `${host.replace(":", "_")}_team_app`;
    const { digest } = image.manifest.descriptor;
    const cases: [string[], string][] = [
      [[`${host}/team/app:1.0`], `${base}_1.0.tar`],
      [
        ["--platform=linux/arm64", `${host}/team/app:arm`],
        `${base}_arm_arm64.tar`,
      ],
      [
        ["--platform=linux/arm/v7", `${host}/team/app:arm`],
        `${base}_arm_arm-v7.tar`,
      ],
      [
        [`${host}/team/app@${digest}`],
        `${base}_sha256-${digest.slice(7, 19)}.tar`,
      ],
    ];
    for (const [args, name] of cases) {
      const { stdout } = await pullOk(args, cwd);
      assertStringIncludes(stdout, name);
      assertMatch(stdout, /docker load -i /);
    }
    assertEquals(filesIn(cwd), cases.map(([, name]) => name).sort());
  }));

test("layers of an earlier image come from the cache, and it says so", () =>
  withRegistry(async ({ registry, host, cwd }) => {
    await pullOk([`${host}/team/app:1.0`], cwd);
    const { stdout } = await pullOk([`${host}/team/app:2.0`], cwd);
    assertMatch(
      stdout,
      /💾 Cache Statistics: Cache hits: 3\/4 layers \(75\.0%\), Data saved: 1\.2\d? MB/,
    );
    for (const layer of image.layers) {
      assertEquals(blobRequests(registry, layer).length, 1);
    }
    const before = registry.requests.length;
    await pullOk(["--no-cache", "-o", "x.tar", `${host}/team/app:1.0`], cwd);
    const blobs = registry.requests.slice(before).filter(({ path }) =>
      path.includes("/blobs/")
    );
    assertEquals(blobs.length >= 4, true);
  }));

test("a damaged entry of the cache is dropped and fetched again", () =>
  withRegistry(async ({ registry, host, cwd }) => {
    await pullOk(["-o", "one.tar", `${host}/team/app:1.0`], cwd);
    const layer = image.layers[0]!;
    const entry = join(
      cwd,
      "docker_images_cache/blobs/sha256",
      layer.digest.slice(7),
    );
    const bytes = readFileSync(entry);
    bytes.writeUInt8(bytes.readUInt8(1234) ^ 1, 1234);
    rmSync(entry);
    writeFileSync(entry, bytes);
    await pullOk(["-o", "two.tar", `${host}/team/app:1.0`], cwd);
    assertEquals(blobRequests(registry, layer).length, 2);
    assertEquals(await fileDigest(entry), layer.digest.slice(7));
    assertEquals(
      await fileDigest(join(cwd, "one.tar")),
      await fileDigest(join(cwd, "two.tar")),
    );
  }));

test("--quiet prints the path and nothing else", () =>
  withRegistry(async ({ host, cwd }) => {
    const args = ["-q", "-o", "image.tar", `${host}/team/app:1.0`];
    const { stdout, stderr } = await pullOk(args, cwd);
    assertEquals(stdout.trim().endsWith("image.tar"), true);
    assertEquals(stdout.trim().split("\n").length, 1);
    assertEquals(stderr, "");
  }));

test("--max-concurrent-downloads is the number of layers at a time", () =>
  withRegistry(async ({ registry, host, cwd }) => {
    const layers = Array.from({ length: 8 }, () => ({ size: 150_000 }));
    registry.add(
      "team/app",
      await buildImage({ layers, platform: HOST_PLATFORM }),
      "many",
    );
    const most = async (...args: string[]): Promise<number> => {
      let result = 0;
      registry.fault = () => {
        const open = registry.requests.filter(({ status, body, path }) =>
          (status === 0 || body === "open") && path.includes("/blobs/")
        );
        result = Math.max(result, open.length);
        return { delay: 30 };
      };
      registry.bytesPerSecond = 1_000_000;
      args.push("--no-cache", "--force", `${host}/team/app:many`);
      await pullOk(args, cwd);
      return result;
    };
    assertEquals(await most("--max-concurrent-downloads", "1"), 1);
    const byDefault = await most();
    assert(byDefault > 1 && byDefault <= 3, `${byDefault} at a time`);
  }));

test("a broken connection goes on where it broke off", () =>
  withRegistry(async ({ registry, host, cwd }) => {
    // So slow that the client has read some of it by then: what has come but
    // was not read is lost with a connection.
    registry.bytesPerSecond = 2_000_000;
    const layer = image.layers[0]!;
    registry.fault = ({ path }, count) =>
      path.endsWith(layer.digest) && count === 1 ? { closeAfter: 250_000 } : {};
    await pullOk([`${host}/team/app:1.0`], cwd);
    const second = blobRequests(registry, layer)[1]!;
    assertMatch(second.headers.get("range") ?? "", /^bytes=[1-9]\d+-/);
    assertEquals(second.status, 206);
  }));

const REFUSALS: [string, Fault, number, RegExp][] = [
  ["a forbidden image", { status: 403, code: "DENIED" }, 4, /forbids/],
  [
    "too many pulls",
    { status: 429, code: "TOOMANYREQUESTS" },
    6,
    /no more pulls/,
  ],
  ["a fault of the server", { status: 503 }, 8, /HTTP 503/],
  ["a wrong bit", { flipAt: 1000 }, 9, /Cannot verify sha256:/],
];
for (const [title, fault, code, sentence] of REFUSALS) {
  test(`${title} is one sentence and exit code ${code}`, () =>
    withRegistry(async ({ registry, host, cwd }) => {
      registry.fault = ({ path }) => {
        const wanted = fault.flipAt === undefined
          ? "/manifests/"
          : image.layers[1]!.digest;
        return path.includes(wanted) ? fault : {};
      };
      const args = ["--retries", "1", `${host}/team/app:1.0`];
      assertFailure(await dockerPull(args, { cwd }), code, sentence);
      assertEquals(filesIn(cwd), []);
    }));
}

test("an image of one other platform is a warning, or an error when asked", () =>
  withRegistry(async ({ registry, host, cwd }) => {
    const other: BuiltImage = await buildImage({
      platform: { os: "linux", architecture: "s390x" },
    });
    registry.add("team/other", other, "1.0");
    const reference = `${host}/team/other:1.0`;
    const { stderr } = await pullOk([reference], cwd);
    assertMatch(stderr, /warning: .*linux\/s390x/);
    rmSync(join(cwd, filesIn(cwd)[0]!));
    assertFailure(
      await dockerPull(["--platform", "linux/amd64", reference], { cwd }),
      7,
      /linux\/s390x/,
    );
    assertEquals(filesIn(cwd), []);
  }));

test("a mistyped option or reference is one sentence and exit code 2", async () => {
  const cwd = workspace.makeFolder();
  const cases: [string[], RegExp][] = [
    [["--platfrom", "linux/amd64", "nginx"], /--platfrom.+--platform/],
    [["--max-concurrent-downloads", "zero", "nginx"], /max-concurrent-down/],
    [["Nginx"], /"Nginx"/],
    [[], /IMAGE|image/],
  ];
  for (const [args, sentence] of cases) {
    assertFailure(await dockerPull(args, { cwd }), 2, sentence);
  }
  assertEquals(filesIn(cwd), []);
});

test("--help and --version answer on standard output", async () => {
  const cwd = workspace.makeFolder();
  const help = await pullOk(["--help"], cwd);
  for (const option of ["--platform", "--cache-dir", "Exit codes"]) {
    assertStringIncludes(help.stdout, option);
  }
  const version = await pullOk(["--version"], cwd);
  assertMatch(version.stdout, /^docker-pull \d+\.\d+\.\d+/);
});

workspace.stopAtEnd();
