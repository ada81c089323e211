import { StorageError } from "../../lib/image/errors.ts";
import { assertEquals } from "@std/assert";
import { authJsonFile } from "../../lib/credentials/auth_file_provider.ts";
import type { HelperRun } from "../../lib/credentials/helper_process.ts";
import { test } from "../harness.ts";
import { auth, basic, withFolder } from "./fixture.ts";

const source = "auth.json";

const KEYS: [string, string[], string, number | undefined][] = [
  ["the repository", ["q.io", "q.io/ns", "q.io/ns/app"], "q.io/ns/app", 2],
  ["the namespace", ["q.io", "q.io/ns", "q.io/ns/app"], "q.io/ns/other", 1],
  ["the host", ["q.io", "q.io/ns", "q.io/ns/app"], "q.io/else/app", 0],
  ["the longest in any order", ["q.io/a/b", "q.io/a", "q.io"], "q.io/a/b/c", 0],
  ["whole names only", ["q.io/ns/app"], "q.io/ns/app2", undefined],
  ["nothing of another repository", ["q.io/other"], "q.io/ns/app", undefined],
  ["a namespace with a port", ["h:5000/ns"], "h:5000/ns/app", 0],
  ["Docker Hub", ["docker.io"], "docker.io/library/nginx", 0],
  [
    "docker.io first",
    ["https://index.docker.io/v1/", "docker.io"],
    "docker.io/a/b",
    1,
  ],
  ["Docker's key", ["https://index.docker.io/v1/"], "docker.io/a/b", 0],
  [
    "Docker Hub's namespace",
    ["docker.io", "docker.io/library"],
    "docker.io/library/nginx",
    1,
  ],
  [
    "Docker Hub's repository",
    ["docker.io/library/nginx"],
    "docker.io/library/nginx",
    0,
  ],
  ["a namespace called v1", ["h", "h/v1"], "h/v1/app", 1],
  ["a URL", ["https://q.io/v1/"], "q.io/ns/app", 0],
  ["a slash at the end", ["q.io/ns/"], "q.io/ns/app", 0],
  ["a path in another case is another", ["q.io/NS"], "q.io/ns/app", undefined],
];

for (const [what, keys, image, index] of KEYS) {
  test(`authJsonFile() finds by key: ${what}`, () =>
    withFolder(async ({ write }) => {
      const entries = keys.map((key, index) => [key, auth(`u${index}:p`)]);
      const path = await write("auth.json", {
        auths: Object.fromEntries(entries),
      });
      const slash = image.indexOf("/");
      assertEquals(
        await authJsonFile(path, { source })(
          image.slice(0, slash),
          image.slice(slash + 1),
        ),
        (index === undefined
          ? undefined
          : basic(`u${index}:p`, source)) as never,
      );
    }));
}

test("authJsonFile() asks the file's own helper with the host, and no credsStore", () =>
  withFolder(async ({ write }) => {
    const path = await write("auth.json", {
      credsStore: "store",
      credHelpers: { "docker.io": "one" },
      auths: { "q.io": auth("u:p") },
    });
    const calls: string[] = [];
    const run = ({ program, action, input }: HelperRun) => {
      calls.push(`${program} ${action} ${input}`);
      const stdout = JSON.stringify({ Username: "me", Secret: "pass" });
      return Promise.resolve({ type: "exited", code: 0, stdout } as const);
    };
    const provider = authJsonFile(path, { source, run });
    assertEquals(await provider("q.io", "a"), basic("u:p", source) as never);
    assertEquals(
      await provider("docker.io", "a/b"),
      basic("me:pass", "docker-credential-one") as never,
    );
    assertEquals(calls, ["docker-credential-one get docker.io"]);
  }));

test("authJsonFile() reads a .dockercfg, which is nothing but auths", () =>
  withFolder(async ({ write }) => {
    const path = await write(".dockercfg", {
      "https://q.io/v1/": { ...auth("u:p"), email: "me@example.com" },
      credHelpers: { "q.io": "one" },
    });
    assertEquals(
      await authJsonFile(path, { source, legacy: true })("q.io", "a"),
      basic("u:p", source) as never,
    );
  }));

test("authJsonFile() warns of a missing file only if it was named", () =>
  withFolder(async ({ path, warnings, onWarning }) => {
    for (const required of [false, true]) {
      const provider = authJsonFile(`${path}/none.json`, {
        source,
        onWarning,
        required,
      });
      assertEquals(await provider("h", "a"), undefined);
      assertEquals(await provider("h", "b"), undefined);
      const told = warnings.map((warning) =>
        warning.code === "credentials-unusable" &&
        warning.error instanceof StorageError && warning.error.code
      );
      assertEquals(told, required ? ["ENOENT"] : []);
    }
  }));
