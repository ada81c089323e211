/** The pull test of each registry of the zoo. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "../harness.ts";
import type { Facts } from "./facts.ts";
import { image, onScene } from "./scene.ts";
import { ALL } from "./species/all.ts";

/** Whether a login must be sent at all. */
const asks = ({ auth }: Facts) => auth !== undefined;

for (const facts of ALL) {
  const { name, open, closed, auth, storage } = facts;
  const bearer = auth?.kind === "bearer" ? auth : undefined;
  const any = closed ?? open!;

  if (open) {
    test(`${name}: an open image is pulled without a login`, () =>
      onScene(facts, async (scene) => {
        const { warnings } = await scene.pullOk(open);
        assertEquals(warnings, []);
        const { zoo } = scene;
        for (const { headers } of zoo.sent) {
          assert(!headers.get("authorization")?.startsWith("Basic"));
        }
        const blobs = zoo.log().filter((line) => line.includes("/blobs/"));
        assertEquals(blobs.length, 4);
        if (bearer) {
          assertEquals(
            zoo.log(realmHost(bearer)).filter(isToken(bearer)).length,
            1,
          );
        }
        if (storage) {
          assertEquals(zoo.log(storage.host).length, 4);
          for (const { url, headers } of zoo.sent) {
            if (url.host === storage.host) {
              assertEquals(headers.get("authorization"), null);
            }
          }
        }
      }));
  }

  if (closed) {
    test(`${name}: a closed image is pulled with a login`, () =>
      onScene(facts, async (scene) => {
        const { zoo } = scene;
        const login = zoo.login("right");
        const { warnings } = await scene.pullOk(closed, login);
        assertEquals(warnings, []);
        const hosts = new Set(
          zoo.sent.filter(({ headers }) =>
            headers.get("authorization")?.startsWith("Basic")
          ).map(({ url }) => url.host),
        );
        assertEquals([...hosts], [bearer ? realmHost(bearer) : zoo.host]);
      }));
  }

  if (closed && bearer) {
    test(`${name}: a closed image is pulled with an identity token`, () =>
      onScene(facts, async (scene) => {
        const { zoo } = scene;
        await scene.pullOk(closed, zoo.login("identity token"));
        const asked = zoo.log(realmHost(bearer)).filter(isToken(bearer));
        assertMatch(asked[0]!, /^POST /);
        // Where POST is unknown, it goes as the password of <token>.
        assertEquals(asked.length, bearer.post === "identity token" ? 1 : 2);
      }));
  }

  if (open && asks(facts)) {
    test(`${name}: a stale login does not keep an open image from anyone`, () =>
      onScene(facts, async (scene) => {
        const { warnings } = await scene.pullOk(
          open,
          scene.zoo.login("wrong"),
        );
        const codes = warnings.map(({ code }) => code);
        assertEquals(codes, ["credentials-refused"]);
      }));
  }

  if (!asks(facts)) {
    test(`${name}: a login that nobody asks for is not sent`, () =>
      onScene(facts, async (scene) => {
        await scene.pullOk(any, scene.zoo.login("right"));
        for (const { headers } of scene.zoo.sent) {
          assertEquals(headers.get("authorization"), null);
        }
      }));
  }

  if (bearer) {
    test(`${name}: a token that runs out by the clock is renewed in time`, () =>
      onScene(facts, async (scene) => {
        const { zoo } = scene;
        let refused = 0;
        zoo.onAnswer = ({ url: { host, pathname } }, { status }) => {
          const ahead = facts.name === "Docker Hub" && pathname === "/v2/";
          if (host === zoo.host && status >= 400 && !ahead) refused++;
          // Each blob takes longer than a token lasts.
          if (pathname.includes("/blobs/") && status < 300) {
            zoo.time += bearer.lifetime * 1100;
          }
        };
        await scene.pullOk(any, zoo.login("right"));
        const tokens = zoo.log(realmHost(bearer)).filter(isToken(bearer));
        assertEquals(tokens.length, 4);
        // The first request of all, and /v2/ where that knows more; but none
        // where the token server is known.
        const known = ["Docker Hub", "GHCR"].includes(facts.name);
        assertEquals(refused, known ? 0 : facts.name === "gcr.io" ? 2 : 1);
      }));

    test(`${name}: a token that the registry takes no longer is renewed`, () =>
      onScene(facts, async (scene) => {
        const { zoo } = scene;
        const seen = new Set<string>();
        zoo.onRequest = ({ url: { host, pathname } }) => {
          if (host !== zoo.host || !pathname.includes("/blobs/")) return;
          if (!seen.has(pathname)) zoo.expireTokens();
          seen.add(pathname);
        };
        const { warnings } = await scene.pullOk(any, zoo.login("right"));
        assertEquals(warnings, []);
        const tokens = zoo.log(realmHost(bearer)).filter(isToken(bearer));
        assertEquals(tokens.length, 1 + seen.size);
      }));
  }

  test(`${name}: what broke off goes on where it was`, () =>
    onScene(facts, async (scene) => {
      const { zoo } = scene;
      zoo.breakBlobs(65_536);
      const login = closed ? zoo.login("right") : undefined;
      const { result } = await scene.pullOk(any, login);
      const layers = image.layers.reduce((sum, { size }) => sum + size, 0);
      assertEquals(result!.downloaded, layers);
      const sent = zoo.registry.requests
        .filter(({ path, status }) => path.includes("/blobs/") && status < 300)
        .reduce((sum, { sent }) => sum + sent, 0);
      // No byte was sent twice.
      assertEquals(sent, layers + image.config.bytes.length);
    }));

  if (storage) {
    test(`${name}: a signed address that is over amid a blob is asked for anew`, () =>
      onScene(facts, async (scene) => {
        const { zoo } = scene;
        zoo.breakBlobs(65_536);
        // The waits before further tries outlast every address.
        const { result } = await scene.pullOk(
          any,
          closed ? zoo.login("right") : undefined,
          {
            sleep: () => {
              zoo.time += storage.lifetime * 2000;
              return Promise.resolve();
            },
          },
        );
        const refused = zoo.registry.requests.filter(({ url, status }) =>
          new URL(url).host === storage.host && status >= 400
        );
        assert(refused.length > 0, "no address was over");
        const resumed = zoo.registry.requests.filter(({ url, status }) =>
          new URL(url).host === storage.host && status === 206
        );
        assert(resumed.length > 0, "nothing was resumed");
        assertEquals(result!.layers, 3);
      }));
  }
}

function realmHost({ realm }: { realm: string }): string {
  return new URL(realm).host;
}

function isToken({ realm }: { realm: string }): (line: string) => boolean {
  const { pathname } = new URL(realm);
  return (line) => line.split(" ")[1] === pathname;
}
