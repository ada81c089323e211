/** The push test of each registry of the zoo: whole, broken off, resumed. */

import { assert, assertEquals } from "@std/assert";
import { test } from "../harness.ts";
import type { Fault, RecordedRequest } from "../registry_server/mod.ts";
import { assertSentence, runCommand } from "./command.ts";
import { type Facts, pushedTo, type Sentence } from "./facts.ts";
import { onPush, type PushScene, SIZE, source } from "./push_scene.ts";
import { PUSHED, REFUSING } from "./species/pushed.ts";
import { usual, wrongLogin } from "./species/sentences.ts";

/** What is asked for, whichever upload it is of. */
function nameOf({ method, path, url }: RecordedRequest): string {
  return `${method} ${new URL(url).host}${path.replace(/upload-\d+$/, "ID")}`;
}

/** A connection that breaks before a request, amid its body, after its answer. */
const BREAKS: ((record: RecordedRequest) => Fault)[] = [
  () => ({
    throws: Object.assign(new TypeError("connection reset by peer"), {
      code: "ECONNRESET",
    }),
  }),
  ({ headers }) => ({
    breakAfter: Math.floor(Number(headers.get("content-length") ?? 0) / 2),
  }),
  () => ({ loseAnswer: true }),
];

/** How many requests have come that send the bytes of blobs. */
function uploads({ zoo }: PushScene): number {
  return zoo.registry.requests.filter(({ method, path }) =>
    path.includes("/blobs/upload") && (method === "PATCH" || method === "PUT")
  ).length;
}

for (const facts of PUSHED) {
  const { name, auth } = facts;

  test(`${name}: an image is pushed, and the next time nothing is sent`, () =>
    onPush(facts, async (scene) => {
      const { zoo } = scene;
      const login = scene.login();
      const { error } = await scene.push(login);
      if (error) throw error;
      scene.assertThere();
      const sent = uploads(scene);
      const documents = () =>
        zoo.registry.log.filter((line) => /^PUT .*\/manifests\//.test(line))
          .length;
      const put = documents();
      const again = await scene.push(login);
      if (again.error) throw again.error;
      assertEquals([uploads(scene), documents()], [sent, put]);
      const { sent: bytes, uploaded } = again.result!.pushed;
      assertEquals([bytes, uploaded], [0, 0]);
      if (auth?.kind !== "bearer") return;
      const { realm } = auth;
      const scopes = zoo.sent.filter(({ url }) =>
        `${url.origin}${url.pathname}` === new URL(realm).origin +
            new URL(realm).pathname
      ).map(({ url, body }) =>
        (url.search ? url.searchParams : new URLSearchParams(body))
          .getAll("scope")
      );
      for (const scope of scopes) {
        assertEquals(scope, [`repository:${pushedTo(facts)}:pull,push`]);
      }
    }));

  // One that forgets uploads by itself, too, is given up at some time.
  const isOdd = facts.uploads!.rules.forgetsAfter !== undefined;
  test(`${name}: a push in which each request breaks off, in each way`, {
    skip: isOdd && "it forgets uploads by itself",
  }, () =>
    onPush(facts, async (scene) => {
      const { zoo } = scene;
      const tries = new Map<string, number>();
      zoo.registry.fault = (record) => {
        const name = nameOf(record);
        const count = tries.get(name) ?? 0;
        tries.set(name, count + 1);
        return BREAKS[count]?.(record);
      };
      const { error } = await scene.push(undefined, {
        retries: 60,
        concurrency: 1,
      });
      if (error) throw error;
      scene.assertThere();
      for (const [name, count] of tries) {
        // That one merely opens a connection ahead.
        if (!name.endsWith("/v2/")) assert(count > 2, name);
      }
    }));

  test(`${name}: a push that is stopped at each request, and goes on`, () =>
    onPush(facts, async (scene) => {
      const { zoo } = scene;
      const login = scene.login();
      let runs = 0;
      for (let nth = 1;; nth++) {
        const stop = new AbortController();
        let count = 0;
        zoo.onRequest = () => {
          if (++count === nth) stop.abort(new Error("enough"));
        };
        const { signal } = stop;
        const { error } = await scene.push(login, { signal, concurrency: 1 });
        runs++;
        if (!signal.aborted) {
          if (error) throw error;
          break;
        }
        if (error) assertEquals((error as Error).message, "enough");
        assert(runs < 100, "it never ends");
      }
      scene.assertThere();
      assert(runs > 10, `${runs}`);
      // What is under way when it is stopped comes to its end.
      const { forgetsAfter, chunks, maxBody } = facts.uploads!.rules;
      // What is refused is found out by each run.
      if (forgetsAfter || chunks || maxBody) return;
      assert(scene.received() < 1.15 * SIZE, `${scene.received()}`);
    }));

  if (auth?.kind === "bearer") {
    test(`${name}: a token that runs out amid a push is renewed`, () =>
      onPush(facts, async (scene) => {
        const { zoo } = scene;
        zoo.onRequest = ({ method, url }) => {
          // What is asked at the same time would wear out each other's tokens.
          if (/^P/.test(method) && url.host === zoo.host) {
            zoo.time += auth.lifetime * 600;
          }
        };
        const { error } = await scene.push(undefined, { concurrency: 1 });
        if (error) throw error;
        scene.assertThere();
      }));
  }

  if (auth) {
    for (const kind of ["wrong", "none"] as const) {
      test(`${name}: a push with ${kind} login is one sentence`, () =>
        onPush(facts, async (scene) => {
          const { registry } = facts;
          await refused(scene, {
            login: kind === "wrong" ? scene.zoo.login("wrong") : undefined,
            sentence: kind === "wrong"
              ? {
                ...wrongLogin(registry),
                says: /refuses (?:the user name or password|this login)/,
                code: 3,
              }
              : {
                ...usual(registry).noLogin!,
                says: /lets nobody push there without a login/,
                code: 3,
              },
          });
        }));
    }
  }
}

interface Refused {
  sentence: Sentence;
  login?: ReturnType<PushScene["login"]>;
  repository?: string;
}

/** Pushes by the command, which must fail with one sentence. */
async function refused(
  scene: PushScene,
  { sentence, login, repository }: Refused,
): Promise<void> {
  const { zoo } = scene;
  const { facts } = zoo;
  const to = repository ?? pushedTo(facts);
  const ran = await runCommand([
    "push",
    "--verbose",
    "--retries=0",
    "--no-cache",
    await source(),
    `${facts.registry}/${to}:1.0`,
  ], { fetch: zoo.fetch, registry: facts.registry, ...(login && { login }) });
  assertSentence(ran, sentence);
  zoo.secrets.assertClean("standard error", ran.stderr);
}

/** What has to be so before each is refused. */
const PREPARE: Record<string, (scene: PushScene, facts: Facts) => void> = {
  missing: () => {},
  readOnly: () => {},
  room: ({ zoo }) => void (zoo.registry.uploads!.rules.room = 1e6),
  tag: ({ zoo }, facts) => {
    const there = zoo.registry.repository(pushedTo(facts));
    there.tags.set("1.0", `sha256:${"0".repeat(64)}`);
  },
};

for (const facts of REFUSING) {
  for (
    const [what, sentence] of Object.entries(facts.uploads!.sentences ?? {})
  ) {
    test(`${facts.name}: ${what}, and a push is refused with one sentence`, () =>
      onPush(facts, async (scene) => {
        PREPARE[what]!(scene, facts);
        const repository = what === "missing"
          ? pushedTo(facts).replace(/[^/]+$/, "missing")
          : undefined;
        await refused(scene, { sentence, login: scene.login(), repository });
      }));
  }
}
