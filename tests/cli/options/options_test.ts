import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { readFile } from "node:fs/promises";
import { test } from "../../harness.ts";
import { parseArguments, UsageError } from "../../../cli/options/arguments.ts";
import {
  readEnvironment,
  VARIABLES,
} from "../../../cli/options/environment.ts";
import { EXIT, EXIT_CODES } from "../../../cli/messages/exit_codes.ts";
import { helpText } from "../../../cli/options/help.ts";
import { LOGIN, LOGOUT } from "../../../cli/commands/login_options.ts";
import { chooseCommand } from "../../../cli/main.ts";
import { PULL } from "../../../cli/commands/pull_options.ts";
import { OPTIONS } from "../../../cli/options/option_table.ts";
import { USER_AGENT } from "../../../lib/net/http_options.ts";
import { VERSION } from "../../../lib/net/version.ts";

const options = (...argv: string[]) =>
  PULL.read(parseArguments(argv, PULL.options));

test("PULL gives every default", () => {
  assertEquals(options("nginx"), {
    image: "nginx",
    images: ["nginx"],
    from: [],
    have: [],
    lock: undefined,
    dryRun: false,
    platforms: [],
    index: undefined,
    attestations: false,
    referrers: false,
    signature: undefined,
    keepGoing: false,
    output: undefined,
    format: "tar",
    load: false,
    loadTo: undefined,
    for: undefined,
    layers: "as-is",
    maxBytes: undefined,
    split: undefined,
    part: undefined,
    force: false,
    cacheDir: "docker_images_cache",
    trustCache: false,
    username: undefined,
    password: undefined,
    passwordStdin: false,
    authfile: undefined,
    concurrency: 3,
    retries: undefined,
    timeout: undefined,
    maxWait: undefined,
    minSpeed: undefined,
    caCerts: [],
    clientCert: undefined,
    clientKey: undefined,
    insecure: false,
    plainHttp: false,
    mirrors: [],
    trustMirrors: false,
    progress: undefined,
    json: false,
    quiet: false,
    verbose: false,
  });
});

test("PULL reads every option", () => {
  assertEquals(
    options(
      ..."--platform linux/arm64 -o a.tar --format oci --force --cache-dir c --trust-cache"
        .split(" "),
      ..."--username u --password p --max-concurrent-downloads 16".split(" "),
      ..."--retries 0 --timeout 1.5 --min-speed 0.5 --ca-cert a.pem --ca-cert b.pem"
        .split(" "),
      ..."--insecure --plain-http -q -v host:5000/app".split(" "),
      ..."--authfile a.json --max-wait 2.5 --client-cert c --client-key k"
        .split(" "),
      ..."--mirror a.b=https://c --mirror d.e=f --trust-mirrors".split(" "),
    ),
    {
      image: "host:5000/app",
      images: ["host:5000/app"],
      from: [],
      have: [],
      lock: undefined,
      dryRun: false,
      platforms: ["linux/arm64"],
      index: undefined,
      attestations: false,
      referrers: false,
      signature: undefined,
      keepGoing: false,
      output: "a.tar",
      format: "oci",
      load: false,
      loadTo: undefined,
      for: undefined,
      layers: "as-is",
      split: undefined,
      part: undefined,
      force: true,
      cacheDir: "c",
      trustCache: true,
      username: "u",
      password: "p",
      passwordStdin: false,
      authfile: "a.json",
      concurrency: 16,
      retries: 0,
      timeout: 1500,
      maxWait: 2500,
      minSpeed: 0.5,
      caCerts: ["a.pem", "b.pem"],
      clientCert: "c",
      clientKey: "k",
      insecure: true,
      plainHttp: true,
      mirrors: ["a.b=https://c", "d.e=f"],
      trustMirrors: true,
      progress: undefined,
      json: false,
      maxBytes: undefined,
      quiet: true,
      verbose: true,
    },
  );
  assertEquals(options("--no-cache", "nginx").cacheDir, false);
  assertEquals(options("--no-mirrors", "nginx").mirrors, false);
  assertEquals(options("--max-wait", "0", "nginx").maxWait, 0);
});

test("a digest among several images is no login", () => {
  const pinned = `host.io/a/b:1@sha256:${"0a".repeat(32)}`;
  for (const images of [[pinned, "host.io/c:2"], [pinned, pinned, "c/d"]]) {
    assertEquals(options(...images).images, images);
  }
  assertThrows(
    () => options("user:pass", `word@host.io/a@sha256:${"0a".repeat(32)}`),
    UsageError,
    "2 words are too many",
  );
});

test("PULL reads several images and platforms", () => {
  const { images, platforms, index, attestations, keepGoing } = options(
    ..."pull a b:1 --platform linux/amd64,arm64 --platform arm/v7".split(" "),
    ..."--index original --attestations --keep-going c".split(" "),
  );
  assertEquals(images, ["a", "b:1", "c"]);
  assertEquals(platforms, ["linux/amd64", "arm64", "arm/v7"]);
  assertEquals([index, attestations, keepGoing], ["original", true, true]);
});

test("parseArguments() puts help before everything else", () => {
  const flags = (...argv: string[]) => [
    ...parseArguments(argv, PULL.options).flags,
  ];
  assertEquals(flags("--bogus", "--help"), ["help"]);
  assertEquals(flags("-h"), ["help"]);
  assertEquals(flags("--bogus", "-h"), ["help"]);
  assertEquals(flags("-qh"), ["quiet", "help"]);
  assertEquals(flags("--version"), ["version"]);
  assertEquals(options("--", "--help", "x").images, ["--help", "x"]);
});

test("chooseCommand() leaves what follows a command to that", () => {
  assertEquals(chooseCommand(["login", "--username", "u", "h.io"]), {
    name: "login",
    argv: ["--username", "u", "h.io"],
  });
  assertEquals(chooseCommand(["logout"]), { name: "logout", argv: [] });
  assertEquals(chooseCommand(["library/login"]).name, "pull");
  assertEquals(options("library/login").image, "library/login");
  assertEquals(chooseCommand(["--", "login"]).name, "pull");
  assertEquals(options("--", "login").image, "login");
});

test("PULL reads hosts as addresses have them", () => {
  const insecure = (...hosts: string[]) =>
    options(...hosts.flatMap((host) => ["--insecure-host", host]), "nginx")
      .insecure;
  assertEquals(insecure("R.example", "h:5000", "[::1]:8443", "docker.io"), [
    "r.example",
    "h:5000",
    "[::1]:8443",
    "docker.io",
  ]);
  assertEquals(insecure("münchen.example:443"), ["xn--mnchen-3ya.example:443"]);
  for (const host of ["https://h", "h:99999", "h/x", "u@h", "[::1", "a b"]) {
    assertThrows(() => insecure(host), UsageError, "needs a host");
  }
});

test("PULL refuses what makes no sense", () => {
  const table: [string[], string][] = [
    [[], "No image is named"],
    [["--quiet"], "No image is named"],
    [
      ["a", "b.tar"],
      '"b.tar" is no image; a file to write is named with --output',
    ],
    [["a", "docker-archive:b"], "named with --output"],
    [
      ["pusch", "b.tar", "c"],
      'There is no command "pusch"; it may be meant as docker-pull push',
    ],
    [["a", "b", "c", "--password", "d"], "3 words are too many"],
    [
      ["--index", "whole", "a"],
      'Option --index is pruned or original, not "whole"',
    ],
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
    [["--output=-", "--format=oci", "a"], "--output needs a folder"],
    [["--max-wait=-1", "a"], "--max-wait needs a number"],
    [["--min-speed=1k", "a"], "--min-speed needs a number"],
    [["--no-mirrors", "--mirror", "a=b", "a"], "exclude each other"],
    [["--insecure", "--insecure-host", "h", "a"], "exclude each other"],
    [["--client-key", "k", "a"], "--client-key needs --client-cert"],
    [["-v", "login", "h.io"], "docker-pull login [OPTIONS] h.io"],
    [["-q", "copy", "a:1", "b:2"], "docker-pull copy [OPTIONS] a:1 b:2"],
  ];
  for (const [argv, message] of table) {
    assertThrows(
      () => options(...argv),
      UsageError,
      message,
    );
  }
});

for (const [name, command] of Object.entries({ LOGIN, LOGOUT })) {
  test(`helpText(PULL) tells every option of ${name} in 80 columns`, () => {
    const help = helpText(command);
    for (const { name } of command.options) {
      assertStringIncludes(help, `--${name}`);
    }
    for (const variable of command.variables ?? []) {
      assertStringIncludes(help, `\n  ${variable} `);
    }
    assertEquals(help.split("\n").filter((line) => line.length > 80), []);
  });
}

test("helpText() tells every option, variable and exit code in 80 columns", () => {
  const help = helpText(PULL);
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

test("VERSION is that of the package, and registries are told it", async () => {
  for (const name of ["deno.json", "package.json"]) {
    const file = new URL(`../../../${name}`, import.meta.url);
    assertEquals(JSON.parse(await readFile(file, "utf8")).version, VERSION);
  }
  assertEquals(USER_AGENT, `docker-pull/${VERSION}`);
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
