/** Odd passwords at every output: none of them, nor half of one, is shown. */

import { explainWarning } from "../../cli/messages/warnings.ts";
import type { Warning } from "../../lib/image/events.ts";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { LOGIN } from "../../cli/commands/login_options.ts";
import { parseArguments } from "../../cli/options/arguments.ts";
import { errorDetails } from "../../cli/messages/error_lines.ts";
import { explainError } from "../../cli/messages/errors.ts";
import type { ErrorContext } from "../../cli/messages/explanation.ts";
import { runLogin } from "../../cli/commands/login.ts";
import {
  getFromHelper,
  storeWithHelper,
} from "../../lib/credentials/helper.ts";
import { NetworkError, RegistryError } from "../../lib/image/errors.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { redactAddress, redactText } from "../../lib/redact/address.ts";
import { Secrets } from "../../lib/net/known_secrets.ts";
import { parseMirrorUrl } from "../../lib/registry/mirrors/url.ts";
import { parseProxy } from "../../lib/net/proxy.ts";
import { NOWHERE, result, run } from "../cli/main_fixture.ts";
import { Sink } from "../cli/progress/screen.ts";
import { test } from "../harness.ts";
import { runs } from "./runs.ts";

const ODD = [
  ..."%#/?@:;,=&+*'\"`\\|<>{}[]()$!~^- \t\n\r",
  ..."ä漢💾\ud800\udc00\u202e\u200b\u0000\u001b\u0085",
  "%41",
  "%zz",
  "%25",
  "%",
  "://",
  "http://",
  "@host/",
  "@sha256:",
  " docker.io=https://",
  "\\u0041",
  "\\x41",
  "&quot;",
  "\r\n",
  "\x1b[31m",
  "-",
  "--",
  "==",
  "+/+/",
  "…",
  "•••",
];

/** What no output may hold: two halves that nothing else looks like. */
interface Password {
  text: string;
  /** The halves as they are, and in base64 with whatever stands before. */
  hidden: string[];
}

const half = fc.string({
  unit: fc.constantFrom(..."qxzjkvw7394"),
  minLength: 9,
  maxLength: 11,
}).map((letters) => `${letters[0]}7${letters.slice(1)}`);
const filling = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.array(fc.constantFrom(...ODD), { maxLength: 9 }),
  },
  {
    weight: 5,
    arbitrary: fc.array(fc.string({ unit: "binary" }), { maxLength: 3 }),
  },
  { weight: 1, arbitrary: fc.nat(500).map((n) => Array(n).fill("aB3+/=")) },
).map((parts) => parts.join(""));

const passwords = fc.tuple(fc.constantFrom("", ...ODD), half, filling, half)
  .map(([first, a, middle, b]): Password => ({
    text: first + a + middle + b,
    hidden: [a, b].flatMap((half) => [
      half,
      ...["", "a", "ab"].map((before) =>
        Buffer.from(before + half).toString("base64")
          .slice(before === "" ? 0 : 4, 12)
      ),
    ]),
  }));

/** Fails where a half of it is there. */
function assertHidden(where: string, text: string, password: Password): void {
  const found = password.hidden.find((form) => text.includes(form));
  if (found !== undefined) {
    throw new Error(`${where} shows ${found} in: ${text}`);
  }
}

/** What may come back from a stranger who was sent the password. */
function echoes({ text }: Password): string {
  const whole = text.toWellFormed();
  return [
    text,
    `a word${text}word`,
    JSON.stringify(text),
    JSON.stringify(JSON.stringify({ password: text })),
    encodeURIComponent(whole),
    encodeURIComponent(whole).replace(
      /%../g,
      (code) => code.toLowerCase(),
    ),
    new URLSearchParams({ p: whole }).toString(),
    Buffer.from(whole).toString("base64"),
    `Basic ${Buffer.from(`me:${whole}`).toString("base64")}`,
    `https://me:${text}@r.test/x?y=${text}`,
  ].join(" | ");
}

/** All that a thrown error would show. */
function shown(error: unknown, context: ErrorContext = {}): string {
  const { sentence, excerpt = [], hint = "" } = explainError(error, context);
  const own = error instanceof Error
    ? [error.message, JSON.stringify(error)]
    : [];
  return [sentence, ...excerpt, hint, ...errorDetails(error, context), ...own]
    .join("\n");
}

function thrown(task: () => unknown): string {
  try {
    return JSON.stringify(task()) ?? "";
  } catch (error) {
    const { sentence, excerpt = [], hint = "" } = explainError(error);
    const { message } = error as Error;
    const fields = JSON.stringify(error);
    return [sentence, ...excerpt, hint, message, fields].join("\n");
  }
}

test("no odd password is shown of what was typed as an address", () => {
  fc.assert(
    fc.property(passwords, (password) => {
      const { text } = password;
      const login = `me:${text}@`;
      for (
        const [where, words] of [
          ["a reference", thrown(() => parseReference(`${login}r.test/x`))],
          ["a URL", thrown(() => parseReference(`https://${login}r.test/x`))],
          ["a mirror", thrown(() => parseMirrorUrl(`https://${login}m.test`))],
          ["an address", redactAddress(`http://${login}p.test:3128`)],
          [
            "a quoted address",
            redactText(`Cannot: ${JSON.stringify(`http://${login}p.test`)}`),
          ],
          [
            "a proxy",
            thrown(() => parseProxy(`http://${login}p.test:3128`).name),
          ],
          [
            "a proxy without a scheme",
            thrown(() => parseProxy(`${login}p.test:3128`).name),
          ],
          ["SOCKS", thrown(() => parseProxy(`socks5://${login}p.test`).name)],
        ] as const
      ) assertHidden(where, words, password);
    }),
    runs(10_000),
  );
});

test("no odd password that a server repeats is in an error", () => {
  fc.assert(
    fc.property(passwords, (password) => {
      const secrets = new Secrets();
      secrets.learnCredential({
        kind: "basic",
        username: "me",
        password: password.text,
      });
      const words = echoes(password);
      const cause = new Error(words, { cause: words });
      const context = { secrets };
      const error = new NetworkError("https://r.test/", "other", {
        code: "other",
        words,
      }, {
        cause,
      });
      const { sentence, hint = "" } = explainError(error, context);
      const lines = [sentence, hint, ...errorDetails(error, context)];
      assertHidden("an error", lines.join("\n"), password);
      assertHidden(
        "a report",
        JSON.stringify(secrets.scrub({ words })),
        password,
      );
      // What was cut has lost its end.
      const { text } = password;
      assertHidden(
        "what was cut",
        secrets.mask(`x ${text.slice(0, -1)}`),
        password,
      );
      assertHidden(
        "what was cut",
        secrets.mask(`${text.slice(1)} x`),
        password,
      );
    }),
    runs(10_000),
  );
});

test("no odd password that a helper prints is shown", async () => {
  await fc.assert(
    fc.asyncProperty(passwords, async (password) => {
      const { text } = password;
      const warnings: string[] = [];
      for (const stdout of [text, JSON.stringify({ Secret: text })]) {
        for (const code of [0, 1]) {
          const options = {
            run: () =>
              Promise.resolve({ type: "exited", code, stdout } as const),
            onWarning: (warning: Warning) =>
              void warnings.push(
                JSON.stringify(warning),
                explainWarning(warning),
              ),
          };
          await getFromHelper("it", "r.test", options);
          const credential = {
            kind: "basic",
            username: "me",
            password: text,
          } as const;
          await storeWithHelper("it", "r.test", credential, options)
            .catch((error) => void warnings.push(shown(error)));
        }
      }
      assertHidden("a helper", warnings.join("\n"), password);
    }),
    runs(10_000),
  );
});

/** The command with a password in one of the places for it, or beside them. */
const COMMANDS: ((
  password: Password,
) => Promise<{ stdout: string; stderr: string }>)[] = [
  ({ text }) => run([`me:${text}@r.test/x`, "-v"]),
  ({ text }) => run(["doctor", "--json", `me:${text}@r.test/x`]),
  ({ text }) => run(["login", `me:${text}@r.test`, "--username=me"]),
  ({ text }) => run(["login", "r.test", text]),
  ({ text }) => run(["logout", `https://me:${text}@r.test`]),
  ({ text }) => run(["verify", `https://me:${text}@r.test/x.tar`]),
  ({ text }) => run(["verify", "-v", `me:${text}@r.test/x`]),
  ({ text }) => run(["--mirror", `docker.io=https://me:${text}@m.test`, "x"]),
  ({ text }) => run(["--insecure-host", `me:${text}@m.test`, "x"]),
  ({ text }) => run(["--username=me", "--password", ...text.split(" "), "x"]),
  ({ text }) =>
    run(["x"], undefined, {
      env: { DOCKER_PULL_MIRRORS: `docker.io=https://me:${text}@m.test` },
    }),
  (password) =>
    run(
      ["--username=me", "-v", "r.test/x"],
      ({ options }) => {
        const message = echoes(password);
        const warning: Warning = {
          code: "registry-not-asked",
          reference: message,
        };
        options.onEvent?.({ type: "warning", warning });
        throw new RegistryError({
          status: 403,
          method: "GET",
          url: "https://r.test/v2/x/manifests/1",
          errors: [{ code: "DENIED", message }],
        }, { cause: new Error(message) });
      },
      { env: { DOCKER_PASSWORD: password.text } },
    ),
  (password) =>
    run(
      ["--username=me", "-q", "r.test/x"],
      () => result(`/tmp/${echoes(password)}`),
      { env: { DOCKER_PASSWORD: password.text } },
    ),
  async (password) => {
    const [stdout, stderr] = [new Sink(), new Sink()];
    const secrets = new Secrets();
    const context: ErrorContext = { secrets };
    const whole = password.text.toWellFormed();
    const repeated = [
      encodeURIComponent(whole),
      Buffer.from(`me:${whole}`).toString("base64"),
      ...(/^[ !#-[\]-~]*$/.test(whole) ? [whole] : []),
    ].join(" | ");
    const io = {
      argv: [],
      env: { HOME: NOWHERE, DOCKER_PASSWORD: password.text },
      stdin: { async *[Symbol.asyncIterator]() {} },
      stdout,
      stderr,
      signals: { on() {}, off() {}, raise() {}, exit() {} },
      os: "linux",
    };
    const argv = ["r.test", "--username=me", "-v"];
    const options = LOGIN.read(parseArguments(argv, LOGIN.options));
    let last = "";
    await runLogin(options, io, context, {
      fetch: () =>
        Promise.resolve(
          new Response(JSON.stringify({ message: echoes(password) }), {
            status: 401,
            headers: {
              "www-authenticate": `Basic realm="${repeated}"`,
            },
          }),
        ),
    }).catch((error) => void (last = shown(error, context)));
    return { stdout: stdout.text + last, stderr: stderr.text };
  },
];

test("no odd password is printed by any command", async () => {
  let next = 0;
  await fc.assert(
    fc.asyncProperty(passwords, async (password) => {
      const turn = next++ % COMMANDS.length;
      const { stdout, stderr } = await COMMANDS[turn]!(password);
      assertHidden(`command ${turn}`, stdout + stderr, password);
    }),
    runs(10_000),
  );
});
