import { explainWarning } from "../../cli/messages/warnings.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "../harness.ts";
import type { LoadOptions, LoadResult } from "../../lib/copy/load.ts";
import { PlatformNotFoundError, StorageError } from "../../lib/image/errors.ts";
import {
  type Called,
  descriptor,
  NOWHERE,
  platform,
  result,
  run,
} from "./main_fixture.ts";
import { Screen, Sink } from "./progress/screen.ts";

test("main() shows help and version on standard output", async () => {
  for (const argv of [["--help"], ["-h"], ["nginx", "--help"]]) {
    const { code, stdout, stderr } = await run(argv);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "Usage: docker-pull [OPTIONS] IMAGE\n");
  }
  const { code, stdout } = await run(["--version"]);
  assertEquals(code, 0);
  assert(/^docker-pull \d+\.\d+\.\d+\n$/.test(stdout), stdout);
});

test("main() gives the options to pull()", async () => {
  const { code, calls } = await run([
    ..."--platform arm64 -o out.tar --no-cache --max-concurrent-downloads 7"
      .split(" "),
    ..."--retries 2 --timeout 9 --max-wait 3 --min-speed 200 --plain-http --force"
      .split(" "),
    ..."--mirror ghcr.io=https://m --mirror q.io=n --trust-mirrors".split(" "),
    ..."--insecure-host auth.test:5000 ghcr.io/a/b".split(" "),
  ]);
  assertEquals(code, 0);
  const [{ reference, options }] = calls as [Called];
  assertEquals(reference.registry, "ghcr.io");
  const { signal, onEvent, fetch, credentials, ...rest } = options;
  assertEquals(
    rest,
    {
      platform: { os: "linux", architecture: "arm64" },
      index: undefined,
      attestations: false,
      referrers: false,
      accept: undefined,
      maxBytes: undefined,
      split: undefined,
      part: undefined,
      output: "out.tar",
      cacheDir: false,
      concurrency: 7,
      retries: 2,
      timeout: 9000,
      maxWait: 3000,
      minSpeed: 200,
      plainHttp: true,
      trustedRealms: ["auth.test:5000"],
      force: true,
      format: "tar",
      for: undefined,
      layers: "as-is",
      trustCache: false,
      mirrors: [{ registry: "ghcr.io", urls: ["https://m"] }],
      trustMirrors: true,
    } as typeof rest,
  );
  assert(signal && onEvent && fetch && credentials);
});

test("main() puts results on standard output and the rest on the other", async () => {
  const talk = ({ options: { onEvent } }: Called) => {
    onEvent!({ type: "resolved", reference: "nginx", descriptor });
    onEvent!({
      type: "warning",
      warning: { code: "zstd-layer" },
    });
    return result("my file.tar");
  };
  const full = await run(["nginx"], talk);
  assertEquals(full.code, 0);
  assert(full.stdout.startsWith("Saved:  my file.tar"), full.stdout);
  assert(full.stdout.endsWith("docker load -i 'my file.tar'\n"), full.stdout);
  assertEquals(
    full.stderr,
    "Pulling docker.io/library/nginx:latest\n" +
      `warning: ${explainWarning({ code: "zstd-layer" })}\n`,
  );
  const quiet = await run(["-q", "nginx"], talk);
  assertEquals([quiet.stdout, quiet.stderr], [
    "my file.tar\n",
    `warning: ${explainWarning({ code: "zstd-layer" })}\n`,
  ]);
});

test("main() takes the platform from the environment unless an option says", async () => {
  const env = { DOCKER_DEFAULT_PLATFORM: "linux/arm/v7" };
  const wanted = async (argv: string[], env: Record<string, string>) =>
    (await run(argv, undefined, { env })).calls[0]?.options.platform;
  assertEquals(await wanted(["a"], env), {
    os: "linux",
    architecture: "arm",
    variant: "v7",
  });
  assertEquals(await wanted(["a", "--platform", "amd64"], env), platform);
  assertEquals(await wanted(["a"], { DOCKER_DEFAULT_PLATFORM: "" }), undefined);
  const bad = await run(["a"], undefined, {
    env: { DOCKER_DEFAULT_PLATFORM: "x/y/z/w" },
  });
  assertEquals(bad.code, 2);
  assertStringIncludes(bad.stderr, "DOCKER_DEFAULT_PLATFORM: Cannot parse");
});

test("main() puts the usual name into a folder given as output", async () => {
  const folder = await mkdtemp(join(tmpdir(), "docker-pull-"));
  try {
    const path = async (...argv: string[]) =>
      (await run(argv)).calls[0]?.options.output;
    assertEquals(
      await path("-o", folder, "nginx"),
      join(folder, "library_nginx_latest.tar"),
    );
    assertEquals(
      await path("-o", "none/", "--platform", "arm64", "nginx"),
      join("none", "library_nginx_latest_arm64.tar"),
    );
    const file = join(folder, "x.tar");
    assertEquals(await path("-o", file, "nginx"), file);
    assertEquals(await path("-o", "x.tar", "nginx"), "x.tar");
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("main() makes no folders for a mistyped output", async () => {
  const { code, stderr, calls } = await run([
    "-o",
    join(NOWHERE, "x.tar"),
    "nginx",
  ]);
  assertEquals([code, calls.length], [10, 0]);
  assertStringIncludes(
    stderr,
    `error: Cannot write to "${NOWHERE}": there is no such file or folder\n`,
  );
});

test("main() makes no folders where a link leads nowhere", {
  skip: process.platform === "win32" && "links need a right of their own",
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "output-"));
  try {
    await symlink(join(NOWHERE, "x.tar"), join(folder, "link"));
    const { code, stderr, calls } = await run([
      "-o",
      join(folder, "link"),
      "nginx",
    ]);
    assertEquals([code, calls.length], [10, 0]);
    assertStringIncludes(
      stderr,
      `error: Cannot write to "${NOWHERE}": there is no such file or folder\n` +
        "hint: create it, or choose another place with --output",
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("main() turns an error into a sentence, a hint and an exit code", async () => {
  const refuse = () => {
    throw new PlatformNotFoundError({ os: "linux", architecture: "s390x" }, [
      platform,
    ]);
  };
  const { code, stdout, stderr } = await run(["nginx"], refuse);
  assertEquals(code, 7);
  assertEquals(stdout, "");
  assertEquals(stderr.split("\n").slice(1), [
    "error: Cannot find platform linux/s390x: the image has linux/amd64",
    "hint: choose one, as in --platform linux/amd64",
    "",
  ]);
  const verbose = await run(["-v", "nginx"], refuse);
  assertStringIncludes(verbose.stderr, "PlatformNotFoundError");
  assertEquals((await run(["Nginx"])).stderr.split("\n").slice(1, 3), [
    "  Nginx",
    "  ^",
  ]);
  assertEquals((await run([])).code, 2);
});

test("main() stops at the first signal and quits at the second", async () => {
  for (const [name, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    const listeners = new Map<string, () => void>();
    const exits: number[] = [];
    const { code, stderr } = await run(["nginx"], async ({ options }) => {
      const { signal } = options;
      listeners.get(name)!();
      assert(signal!.aborted);
      assertEquals(exits, []);
      listeners.get(name)!();
      assertEquals(exits, [expected]);
      await Promise.resolve();
      throw signal!.reason;
    }, {
      signals: {
        on: (name, listener) => void listeners.set(name, listener),
        off: (name) => void listeners.delete(name),
        raise: () => {},
        exit: (code) => void exits.push(code),
      },
    });
    assertEquals(code, expected);
    assertStringIncludes(stderr, `Stopped by ${name}`);
    assertEquals(listeners.size, 0);
  }
});

test("main() leaves a terminal as it was, whatever happens", async () => {
  const screen = new Screen();
  const { code } = await run(["nginx"], ({ options: { onEvent } }) => {
    onEvent!({
      type: "planned",
      manifest: descriptor,
      platform,
      config: descriptor,
      layers: [descriptor],
      size: 100,
    });
    throw new Error("odd");
  }, { stderr: screen });
  assertEquals(code, 1);
  assert(screen.cursor);
  assertEquals(screen.text.slice(0, 3), [
    "Pulling docker.io/library/nginx:latest",
    "linux/amd64, 1 layer, 100 B",
    "error: Cannot finish: odd",
  ]);
});

test("main() does not mind a reader that went away, but a full disk", async () => {
  const failing = (code: string) => ({
    write(_: string, done?: (error?: Error | null) => void) {
      done?.(Object.assign(new Error(code), { code }));
    },
  });
  const pull = () => result();
  const closed = await run(["nginx"], pull, { stdout: failing("EPIPE") });
  assertEquals(closed.code, 0);
  const full = await run(["nginx"], pull, { stdout: failing("ENOSPC") });
  assertEquals(full.code, 10);
  assertStringIncludes(
    full.stderr,
    'Cannot write "standard output": the disk is full',
  );
  const thrown = await run(["nginx"], pull, {
    stdout: {
      write() {
        throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
      },
    },
  });
  assertEquals(thrown.code, 10);
  assertStringIncludes(thrown.stderr, 'Cannot write "standard output"');
});

test("main() says where a stream of several images can wait instead", async () => {
  const pullImages = () =>
    Promise.reject(new StorageError("write", "/tmp", "ENOSPC"));
  const { code, stderr } = await run(
    ["a", "b", "-o", "-", "--no-cache"],
    undefined,
    {},
    { pullImages },
  );
  assertEquals(code, 10);
  assertStringIncludes(stderr, "with TMPDIR, or go with a cache");
});

test("main() warns of unsafe options without telling secrets", async () => {
  const { stdout, stderr, calls } = await run(
    ["--username", "u", "--password", "hunter2", "--insecure", "r.example/a"],
  );
  assertEquals(stderr.match(/^warning: /gm)?.length, 2);
  assertEquals((stdout + stderr).includes("hunter2"), false);
  const { credentials } = calls[0]!.options;
  const found = await credentials!("r.example", "a");
  assertEquals(found?.credential, {
    kind: "basic",
    username: "u",
    password: "hunter2",
  });
  assertEquals(await credentials!("docker.io", "a"), undefined);
});

test("main() sends the archive to standard output, and nothing else there", async () => {
  const send = async ({ options }: Called) => {
    const writer = (options.output as WritableStream<Uint8Array>).getWriter();
    await writer.write(new TextEncoder().encode("archive"));
    await writer.close();
    return result("-");
  };
  const told = await run(["nginx", "-o", "-"], send);
  assertEquals([told.code, told.stdout], [0, "archive"]);
  assertMatch(told.stderr, /^Sent: {3}1 kB to standard output$/m);
  assertMatch(told.stderr, /Cache Statistics/);
  assertEquals(told.stderr.includes("docker load"), false);
  const quiet = await run(["nginx", "-qo-"], send);
  assertEquals([quiet.code, quiet.stdout, quiet.stderr], [0, "archive", ""]);
});

test("main() sends no archive to a terminal, nor a folder anywhere", async () => {
  const stdout = Object.assign(new Sink(), { isTTY: true });
  const terminal = await run(["nginx", "-o", "-"], undefined, { stdout });
  assertEquals([terminal.code, terminal.calls], [2, []]);
  assertStringIncludes(
    terminal.stderr,
    "The archive cannot go to a terminal: pipe it on, as in docker-pull",
  );
  const folder = await run(["nginx", "-o", "-", "--format", "oci"]);
  assertEquals([folder.code, folder.calls], [2, []]);
});

for (
  const [code, exit, message, thrown] of [
    ["EPIPE", 141, ""],
    ["ECONNRESET", 141, ""],
    ["ENOSPC", 10, 'Cannot write "standard output": the disk is full'],
    // As Deno does it.
    ["EPIPE", 141, "", "thrown"],
    [
      "ENOSPC",
      10,
      'Cannot write "standard output": the disk is full',
      "thrown",
    ],
  ] as const
) {
  test(`main() ends with ${exit} where the archive's reader says ${code}${thrown ? " at once" : ""}`, async () => {
    const stdout = {
      write(_: unknown, done?: (error?: Error | null) => void) {
        const error = Object.assign(new Error(code), { code });
        if (thrown) throw error;
        done?.(error);
      },
    };
    const pull = async ({ options }: Called) => {
      const writer = (options.output as WritableStream<Uint8Array>).getWriter();
      await writer.write(new Uint8Array(3));
      return result("-");
    };
    const failed = await run(["nginx", "-qo-"], pull, { stdout });
    assertEquals(failed.code, exit);
    assertStringIncludes(failed.stderr, message);
    if (!message) assertEquals(failed.stderr, "");
  });
}

test("main() loads into a daemon in place of a file", async () => {
  const calls: LoadOptions[] = [];
  const load = (_: unknown, options: LoadOptions = {}) => {
    calls.push(options);
    return Promise.resolve({
      ...result("unix:///s"),
      daemon: {
        name: "Docker",
        version: "29",
        os: "linux",
        keepsContent: true,
      },
      sent: 2000,
      spared: 5000,
    } as LoadResult);
  };
  const io = { env: { DOCKER_HOST: "unix:///s" } };
  const told = await run(["nginx", "--load"], undefined, io, { load });
  assertEquals([told.code, told.calls], [0, []]);
  assertStringIncludes(
    told.stdout,
    "Loaded: nginx:latest into Docker 29, unix:///s\n",
  );
  assertStringIncludes(
    told.stdout,
    "Sent:   2 kB; 5 kB were there already\n",
  );
  const quiet = await run(
    ["nginx", "-q", "--load-to", "ssh://me@h"],
    undefined,
    io,
    { load },
  );
  assertEquals([quiet.code, quiet.stdout], [0, "nginx:latest\n"]);
  assertEquals(
    calls.map(({ daemon }) => daemon),
    [{ url: "unix:///s" }, { url: "ssh://me@h" }],
  );
  const both = await run(["nginx", "--load", "-o", "x.tar"]);
  assertEquals(both.code, 2);
  const none = await run(["nginx", "--load-to", "nothing"]);
  assertEquals(none.code, 2);
  assertStringIncludes(none.stderr, "it is no daemon's address");
});
