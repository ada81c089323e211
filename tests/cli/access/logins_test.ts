import { assertEquals } from "@std/assert";
import type { ErrorContext } from "../../../cli/messages/explanation.ts";
import { findLogins, noteTokens } from "../../../cli/access/image_access.ts";
import type { Warning } from "../../../lib/image/events.ts";
import { auth, basic, withFolder } from "../../credentials/fixture.ts";
import { test } from "../../harness.ts";

const signal = new AbortController().signal;

test("findLogins() looks where Docker and Podman do, and notes what it found", () =>
  withFolder(async ({ path, write }) => {
    await write("config.json", { auths: { "r.example": auth("me:pw") } });
    const context: ErrorContext = {};
    const provider = findLogins(
      {
        env: { DOCKER_CONFIG: path },
        home: `${path}/home`,
        platform: "linux",
        registry: "r.example",
      },
      { signal, onWarning: () => {} },
      context,
    );
    assertEquals(await provider("other.example", "a"), undefined);
    assertEquals(context, {});
    const source = `${path}/config.json`;
    assertEquals(await provider("r.example", "a"), basic("me:pw", source));
    assertEquals(context, { login: true, loginSource: source });
  }));

test("findLogins() keeps a given login for its registry, and reads one authfile", () =>
  withFolder(async ({ path, write }) => {
    await write("config.json", { auths: { "c.example": auth("c:pw") } });
    const authfile = await write("auth.json", {
      auths: { "r.example/a": auth("a:pw"), "q.example": auth("q:pw") },
    });
    const warnings: Warning[] = [];
    const settings = {
      env: { DOCKER_CONFIG: path },
      platform: "linux",
      registry: "r.example",
      authfile,
    };
    const options = {
      signal,
      onWarning: (warning: Warning) => warnings.push(warning),
    };
    const given = {
      credential: { kind: "basic", username: "g", password: "pw" } as const,
      source: "--username",
    };
    const withGiven = findLogins({ ...settings, given }, options, {});
    assertEquals(await withGiven("r.example", "a"), given);
    assertEquals(
      await withGiven("q.example", "a"),
      basic("q:pw", authfile),
    );
    assertEquals(await withGiven("c.example", "a"), undefined);
    const without = findLogins(settings, options, {});
    assertEquals(await without("r.example", "a"), basic("a:pw", authfile));
    const none = findLogins(
      { ...settings, authfile: `${path}/none` },
      options,
      {},
    );
    assertEquals(await none("r.example", "a"), undefined);
    assertEquals(warnings.map(({ code }) => code), ["credentials-unusable"]);
  }));

test("noteTokens() notes a token and nothing else", async () => {
  const context: ErrorContext = {};
  const fetch = noteTokens(() => Promise.resolve(new Response(null)), context);
  await fetch("https://r.example/");
  await fetch("https://r.example/", { headers: { authorization: "Basic x" } });
  assertEquals(context, {});
  await fetch("https://r.example/", { headers: { authorization: "Bearer x" } });
  assertEquals(context, { bearer: true });
});
