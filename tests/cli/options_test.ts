import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { readFile } from "node:fs/promises";
import { test } from "../harness.ts";
import { UsageError } from "../../cli/arguments.ts";
import { readEnvironment, VARIABLES } from "../../cli/environment.ts";
import { EXIT, EXIT_CODES } from "../../cli/exit_codes.ts";
import { helpText } from "../../cli/help.ts";
import { OPTIONS, parseOptions } from "../../cli/options.ts";
import { VERSION } from "../../cli/version.ts";

function options(...argv: string[]) {
  const invocation = parseOptions(argv);
  if (invocation.kind !== "pull") throw new Error(invocation.kind);
  return invocation.options;
}

test("parseOptions() gives every default", () => {
  assertEquals(options("nginx"), {
    image: "nginx",
    platform: undefined,
    output: undefined,
    force: false,
    cacheDir: "docker_images_cache",
    trustCache: false,
    username: undefined,
    password: undefined,
    passwordStdin: false,
    concurrency: 3,
    retries: undefined,
    timeout: undefined,
    caCerts: [],
    insecure: false,
    plainHttp: false,
    quiet: false,
    verbose: false,
  });
});

test("parseOptions() reads every option", () => {
  assertEquals(
    options(
      ..."--platform linux/arm64 -o a.tar --force --cache-dir c --trust-cache"
        .split(" "),
      ..."--username u --password p --max-concurrent-downloads 16".split(" "),
      ..."--retries 0 --timeout 1.5 --ca-cert a.pem --ca-cert b.pem".split(" "),
      ..."--insecure --plain-http -q -v host:5000/app".split(" "),
    ),
    {
      image: "host:5000/app",
      platform: "linux/arm64",
      output: "a.tar",
      force: true,
      cacheDir: "c",
      trustCache: true,
      username: "u",
      password: "p",
      passwordStdin: false,
      concurrency: 16,
      retries: 0,
      timeout: 1500,
      caCerts: ["a.pem", "b.pem"],
      insecure: true,
      plainHttp: true,
      quiet: true,
      verbose: true,
    },
  );
  assertEquals(options("--no-cache", "nginx").cacheDir, false);
});

test("parseOptions() puts help and version before everything else", () => {
  assertEquals(parseOptions(["--bogus", "--help"]), { kind: "help" });
  assertEquals(parseOptions(["-h"]), { kind: "help" });
  assertEquals(parseOptions(["-qh"]), { kind: "help" });
  assertEquals(parseOptions(["--version"]), { kind: "version" });
  assertThrows(() => parseOptions(["--", "--help", "x"]), UsageError);
});

test("parseOptions() refuses what makes no sense", () => {
  const table: [string[], string][] = [
    [[], "No image is named"],
    [["--quiet"], "No image is named"],
    [["a", "b", "c"], 'One image at a time: "b", "c" after "a" is too much'],
    [["--max-concurrent-downloads", "0", "a"], "a number from 1 to 64"],
    [["--max-concurrent-downloads", "65", "a"], 'from 1 to 64, not "65"'],
    [["--max-concurrent-downloads", "2.5", "a"], "a number from 1 to 64"],
    [["--max-concurrent-downloads", "0x10", "a"], "a number from 1 to 64"],
    [["--max-concurrent-downloads", "many", "a"], 'not "many"'],
    [["--retries", "1e3", "a"], "--retries needs a number"],
    [["--timeout", "0", "a"], "--timeout needs a number"],
    [["--timeout", "soon", "a"], "--timeout needs a number"],
    [["--no-cache", "--cache-dir", "c", "a"], "exclude each other"],
    [["--no-cache", "--trust-cache", "a"], "exclude each other"],
    [["--password", "p", "--password-stdin", "a"], "exclude each other"],
    [["--output=-", "a"], "--output needs a file"],
  ];
  for (const [argv, message] of table) {
    assertThrows(
      () => parseOptions(argv),
      UsageError,
      message,
    );
  }
});

test("helpText() tells every option, variable and exit code in 80 columns", () => {
  const help = helpText();
  for (const { name, short, value } of OPTIONS) {
    assertStringIncludes(
      help,
      `${short ? `  -${short}, ` : "      "}--${name}${
        value ? ` ${value}` : ""
      }`,
    );
  }
  for (const [name, text] of VARIABLES) {
    if (text) assertStringIncludes(help, `\n  ${name} `);
  }
  for (const code of Object.values(EXIT)) {
    assert(
      new RegExp(`\\b${code}\\b`).test(help.split("Exit codes:")[1]!),
      `${code}`,
    );
  }
  const long = help.split("\n").filter((line) => line.length > 80);
  assertEquals(long, []);
  assertEquals(help.split("\n").filter((line) => / $/.test(line)), []);
});

test("OPTIONS and EXIT_CODES name nothing twice", () => {
  const names = OPTIONS.flatMap(({ name, short }) =>
    short ? [name, short] : name
  );
  assertEquals(names.length, new Set(names).size);
  assertEquals(EXIT_CODES.length, new Set(EXIT_CODES.map(([c]) => c)).size);
});

test("VERSION is that of the package", async () => {
  const config = new URL("../../deno.json", import.meta.url);
  assertEquals(JSON.parse(await readFile(config, "utf8")).version, VERSION);
});

test("readEnvironment() asks for the known variables only", () => {
  const asked: string[] = [];
  const source = new Proxy({}, {
    get(_, name) {
      asked.push(String(name));
      if (name === "NO_COLOR") throw new Error("permission denied");
      return name === "TERM" ? "" : `value of ${String(name)}`;
    },
    ownKeys: () => {
      throw new Error("all of them");
    },
  });
  const env = readEnvironment(source);
  assertEquals(asked, VARIABLES.map(([name]) => name));
  assertEquals(env.NO_COLOR, undefined);
  assertEquals(env.TERM, undefined);
  assertEquals(env.DOCKER_USERNAME, "value of DOCKER_USERNAME");
});
