import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { readFile } from "node:fs/promises";
import { parseArguments, UsageError } from "../../../cli/options/arguments.ts";
import {
  type ErrorContext,
  explainError,
} from "../../../cli/messages/errors.ts";
import type { Io } from "../../../cli/io.ts";
import type { Services } from "../../../cli/io.ts";
import { runLogin } from "../../../cli/commands/login.ts";
import { LOGIN, LOGOUT } from "../../../cli/commands/login_options.ts";
import { runLogout } from "../../../cli/commands/logout.ts";
import { AuthenticationError } from "../../../lib/image/errors.ts";
import { CredentialHelperError } from "../../../lib/image/errors.ts";
import { auth, NO_SCRIPTS, withFolder } from "../../credentials/fixture.ts";
import { test } from "../../harness.ts";
import { type Auth, FakeRegistry } from "../../registry_server/mod.ts";
import { run } from "../main_fixture.ts";
import { Sink } from "../progress/screen.ts";

const BASIC: Auth = { kind: "basic", users: { me: "s3cret" } };
const BEARER: Auth = { kind: "bearer", users: { me: "s3cret" } };
const ARGS = ["registry.test", "--username", "me", "--password-stdin"];

const parseLogin = (argv: string[]) =>
  LOGIN.read(parseArguments(argv, LOGIN.options));
const parseLogout = (argv: string[]) =>
  LOGOUT.read(parseArguments(argv, LOGOUT.options));

interface Run {
  registry?: FakeRegistry;
  stdin?: string;
  env?: Record<string, string>;
  services?: Services;
  context?: ErrorContext;
  tty?: boolean;
}

function ioFor(folder: string, { stdin = "s3cret\n", env, tty }: Run) {
  const [stdout, stderr] = [new Sink(), new Sink()];
  const io: Io = {
    argv: [],
    env: { DOCKER_CONFIG: folder, HOME: folder, ...env },
    stdin: {
      ...(tty && { isTTY: true }),
      async *[Symbol.asyncIterator]() {
        yield stdin;
      },
    },
    stdout: tty ? Object.assign(stdout, { isTTY: true }) : stdout,
    stderr,
    signals: { on() {}, off() {}, raise() {}, exit() {} },
    os: "linux",
  };
  return { io, stdout, stderr };
}

async function login(folder: string, argv: string[], run: Run = {}) {
  const { registry = new FakeRegistry({ auth: BASIC }) } = run;
  const { io, stderr } = ioFor(folder, run);
  const { lines = [] } = await runLogin(
    parseLogin(argv),
    io,
    run.context ?? {},
    {
      fetch: registry.fetch,
      ...run.services,
    },
  );
  registry.assertNoOpenBodies();
  const shown = lines.join("\n") + stderr.text;
  assert(!shown.includes("s3cret") && !shown.includes(btoa("me:s3cret")));
  return { lines, stderr: stderr.text, registry };
}

const config = async (folder: string) =>
  JSON.parse(await readFile(`${folder}/config.json`, "utf8"));

for (const [what, auth] of [["Basic", BASIC], ["Bearer", BEARER]] as const) {
  test(`runLogin() checks the login by ${what} and keeps it`, () =>
    withFolder(async ({ path }) => {
      const registry = new FakeRegistry({ auth });
      const { lines, stderr } = await login(path, ARGS, { registry });
      assertEquals(lines, [
        "Logged in to registry.test",
        "The login is in ~/config.json, not encrypted, for this user to read only",
      ]);
      assertEquals(stderr, "");
      assertEquals(await config(path), {
        auths: { "registry.test": { auth: btoa("me:s3cret") } },
      });
      assertEquals(
        registry.log,
        auth === BASIC
          ? ["GET /v2/", "GET /v2/"]
          : ["GET /v2/", "GET /token", "GET /v2/"],
      );
      // Nothing is sent before it is asked for, and never an empty scope.
      assertEquals(registry.requests[0]!.headers.get("authorization"), null);
      assert(registry.requests.every(({ url }) => !url.includes("scope=")));
    }));

  test(`runLogin() keeps nothing that is refused by ${what}`, () =>
    withFolder(async ({ path }) => {
      const registry = new FakeRegistry({ auth });
      const context: ErrorContext = {};
      const error = await assertRejects(
        () => login(path, ARGS, { registry, stdin: "wr0ng", context }),
        AuthenticationError,
      );
      const { sentence, code } = explainError(error, context);
      assertStringIncludes(
        sentence,
        "Cannot log in to registry.test: it refuses the user name or password",
      );
      assertEquals(code, 3);
      assert(!sentence.includes("wr0ng"));
      await assertRejects(() => config(path), Error, "ENOENT");
      registry.assertNoOpenBodies();
    }));
}

test("runLogin() says when the login could not be checked", () =>
  withFolder(async ({ path }) => {
    const registry = new FakeRegistry();
    const { stderr } = await login(path, ARGS, { registry });
    assertEquals(
      stderr,
      "warning: registry.test wants no login here, so this one could not be checked\n",
    );
    assert((await config(path)).auths["registry.test"]);
  }));

test("runLogin() sends no login to a token server that it must not go to", () =>
  withFolder(async ({ path }) => {
    const registry = new FakeRegistry({
      auth: { ...BEARER, tokenHost: "10.0.0.1" },
    });
    await assertRejects(
      () => login(path, ARGS, { registry }),
      AuthenticationError,
      "realm-private",
    );
    assertEquals(registry.log, ["GET /v2/"]);
  }));

const ANSWERS: [number, string, number][] = [
  [404, "there is no registry, for its /v2/ answers HTTP 404", 3],
  [503, `Cannot log in to "registry.test": registry.test has a fault`, 8],
];

for (const [status, words, code] of ANSWERS) {
  test(`runLogin() explains HTTP ${status}`, () =>
    withFolder(async ({ path }) => {
      const context: ErrorContext = {};
      const fetch = () => Promise.resolve(new Response("", { status }));
      const error = await login(path, ARGS, { services: { fetch }, context })
        .then(() => undefined, (error) => error);
      const explained = explainError(error, context);
      assertStringIncludes(explained.sentence, words);
      assertEquals(explained.code, code);
    }));
}

test("runLogin() keeps Docker Hub's login under Docker's key", () =>
  withFolder(async ({ path }) => {
    const registry = new FakeRegistry({
      host: "registry-1.docker.io",
      auth: BASIC,
    });
    await login(path, ["--username", "me", "--password-stdin"], { registry });
    assertEquals(Object.keys((await config(path)).auths), [
      "https://index.docker.io/v1/",
    ]);
  }));

test("runLogin() and runLogout() use the configured helper", {
  skip: NO_SCRIPTS,
}, () =>
  withFolder(async ({ path, write, helper }) => {
    const helperEnv = await helper("it", `(echo "$1"; cat) >> "$FOLDER/log"`);
    await write("config.json", { credsStore: "it" });
    const { lines } = await login(path, ARGS, { services: { helperEnv } });
    assertEquals(lines[1], "The login is in docker-credential-it");
    const options = parseLogout(["registry.test"]);
    const { io } = ioFor(path, {});
    assertEquals((await runLogout(options, io, {}, { helperEnv })).lines, [
      "Removed the login for registry.test from docker-credential-it",
    ]);
    assertEquals(
      await readFile(`${path}/log`, "utf8"),
      `store\n{"ServerURL":"registry.test","Username":"me","Secret":"s3cret"}\n` +
        "erase\nregistry.test",
    );
    await helper("it", "exit 1");
    await assertRejects(
      () => login(path, ARGS, { services: { helperEnv } }),
      CredentialHelperError,
    );
    assert(!JSON.stringify(await config(path)).includes(btoa("me:s3cret")));
  }));

test("runLogin() and runLogout() change the auth file that is named", () =>
  withFolder(async ({ path, write }) => {
    const file = await write("auth.json", { auths: { "q.io": auth("u:p") } });
    const env = { REGISTRY_AUTH_FILE: file };
    await login(path, ARGS, { env });
    const read = async () => JSON.parse(await readFile(file, "utf8")).auths;
    assertEquals(Object.keys(await read()), ["q.io", "registry.test"]);
    const { io } = ioFor(path, {});
    const argv = ["registry.test", "--authfile", file];
    assertEquals((await runLogout(parseLogout(argv), io, {})).lines, [
      `Removed the login for registry.test from ${file}`,
    ]);
    assertEquals(await read(), { "q.io": auth("u:p") });
    assertEquals((await runLogout(parseLogout(argv), io, {})).lines, [
      `There was no login for registry.test in ${file}`,
    ]);
  }));

test("runLogin() asks for what is missing, on a terminal only", () =>
  withFolder(async ({ path }) => {
    const asked: string[] = [];
    const services = {
      readLine: () => "me\n",
      prompt: (message: string) => {
        asked.push(message);
        return "s3cret";
      },
    };
    await login(path, ["registry.test"], { services, tty: true });
    assertEquals(asked, ["Password for me at registry.test:"]);
    assert((await config(path)).auths["registry.test"]);
    await assertRejects(
      () => login(path, ["registry.test"], { services }),
      UsageError,
      "A login needs --username USER",
    );
    const env = { DOCKER_USERNAME: "me", DOCKER_PASSWORD: "s3cret" };
    await login(path, ["registry.test"], { env });
  }));

const REGISTRIES: [string[], string | undefined][] = [
  [[], "docker.io"],
  [["docker.io"], "docker.io"],
  [["https://index.docker.io/v1/"], "docker.io"],
  [["GHCR.io"], "ghcr.io"],
  [["https://ghcr.io/"], "ghcr.io"],
  [["http://h:5000/v2/"], "h:5000"],
  [["localhost"], "localhost"],
  [["[::1]:5000"], "[::1]:5000"],
  [["bücher.example:5000"], "xn--bcher-kva.example:5000"],
  [["myhost"], undefined],
  [["ghcr.io/owner"], undefined],
  [["user@ghcr.io"], undefined],
  [["h:x"], undefined],
  [["../x.y"], undefined],
  [["ghcr.io", "quay.io"], undefined],
];

for (const [operands, registry] of REGISTRIES) {
  test(`parseLogin() reads the registry of ${JSON.stringify(operands)}`, () => {
    for (const parse of [parseLogin, parseLogout]) {
      if (registry) assertEquals(parse(operands).registry, registry);
      else assertThrows(() => parse(operands), UsageError);
    }
  });
}

test("runLogin() and a pull say that DOCKER_CONFIG names a file", () =>
  withFolder(async ({ path, write }) => {
    const file = await write("config.json", { auths: {} });
    const env = { DOCKER_CONFIG: file };
    for (
      const command of [["login", ...ARGS], ["logout", "registry.test"]]
    ) {
      const { code, stderr } = await run(command, undefined, { env });
      assertEquals(code, 2);
      assertStringIncludes(
        stderr,
        "error: DOCKER_CONFIG names the folder of the config.json, and " +
          `${JSON.stringify(file)} is a file; set it to ${
            JSON.stringify(path)
          }`,
      );
    }
    const pulled = await run(["nginx"], undefined, { env });
    assertEquals(pulled.code, 0);
    assertStringIncludes(
      pulled.stderr,
      `${JSON.stringify(file)} is a file, so no logins are taken from there`,
    );
    const other = { ...env, REGISTRY_AUTH_FILE: file };
    const quiet = await run(["nginx"], undefined, { env: other });
    assertEquals(quiet.stderr.includes("DOCKER_CONFIG"), false);
  }));
