import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import { buildImage, type BuiltImage, push } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { type Authority, makeAuthority } from "./servers/certificates.ts";
import { missing } from "./servers/daemon.ts";
import { startDockerRegistry } from "./servers/docker_registry.ts";
import {
  type LineRequest,
  type SlowLine,
  startSlowLine,
} from "./servers/slow_line.ts";
import { startTokenServer } from "./servers/token_server.ts";
import { HOST_PLATFORM, pullOk, Workspace } from "./workspace.ts";

const USER = "ann";
const PASSWORD = "pa:ss wörd";
const LOGIN = { DOCKER_USERNAME: USER, DOCKER_PASSWORD: PASSWORD };
const NAME = "e2e/app";

const workspace = new Workspace();
const skip = missing("docker-registry", "openssl");
/** A minute is spent once, on the sources. */
const again = (process.env.DOCKER_PULL_COMMAND || !("Deno" in globalThis)) &&
  "takes a minute; the sources are tested with it under Deno";
let authority: Authority | undefined;

interface Situation {
  image: BuiltImage;
  /** The life of a token, in seconds. */
  expiresIn: number;
  /** What the client is told of it. */
  announced?: number;
  /** The line's speed. */
  bytesPerSecond: number;
  /** Breaks the line off. */
  breaks?: (request: LineRequest, sent: number) => boolean;
}

/** What is left of a pull. */
interface Outcome {
  line: SlowLine;
  /** How many tokens there were. */
  issued: number;
  /** What the registry says of a token now. */
  ask: (token: string) => Promise<number>;
}

/** Pulls over a slow line with tokens that soon run out. */
async function pullSlowly(
  situation: Situation,
  check: (outcome: Outcome) => Promise<void>,
): Promise<void> {
  const { image, expiresIn, announced, bytesPerSecond, breaks } = situation;
  authority ??= makeAuthority(workspace.makeFolder());
  const tokens = await startTokenServer({
    certificate: authority,
    users: { [USER]: PASSWORD },
    expiresIn,
    announced,
  });
  const registry = await startDockerRegistry({
    folder: workspace.folder,
    token: tokens.registryOptions,
  });
  const { url } = registry;
  const line = await startSlowLine({ to: url, bytesPerSecond, breaks });
  try {
    const authorization = `Bearer ${tokens.sign(NAME, ["pull", "push"])}`;
    await push(image, { url, repository: NAME, tag: "1.0", authorization });
    const cwd = workspace.makeFolder();
    const args = ["--no-cache", "-o", "image.tar", `${line.host}/${NAME}:1.0`];
    const { stderr } = await pullOk(args, cwd, LOGIN);
    // No token that ran out was worth a word to the user.
    assert(!/warning|refuse/.test(stderr), stderr);
    const archive = readFileSync(join(cwd, "image.tar"));
    for (const { digest } of image.layers) {
      assert(archive.includes(image.blobs.get(digest)! as typeof archive));
    }
    await check({
      line,
      issued: tokens.issued(),
      async ask(token) {
        const { digest } = image.layers[0]!;
        const response = await fetch(`${url}/v2/${NAME}/blobs/${digest}`, {
          method: "HEAD",
          headers: { authorization: `Bearer ${token}` },
        });
        await response.body?.cancel();
        return response.status;
      },
    });
  } finally {
    await line.close();
    await registry.stop();
    await tokens.close();
  }
}

/** Checks that no more went over the line than the image, and a little. */
function assertOnce(image: BuiltImage, line: SlowLine, slack: number): void {
  for (const { digest, size } of image.layers) {
    const sent = line.requests.filter(({ path, status }) =>
      path.endsWith(digest) && status < 300
    ).reduce((total, request) => total + request.sent, 0);
    assert(sent >= size && sent <= size + slack, `${sent} of ${size} bytes`);
  }
}

test("tokens of 5 seconds last for a pull of a minute", {
  skip: skip || again,
}, async () => {
  const large = { size: 4_000_000 };
  const image = await buildImage({
    platform: HOST_PLATFORM,
    layers: [large, ...Array.from({ length: 20 }, () => ({ size: 400_000 }))],
  });
  const { digest } = image.layers[0]!;
  let broken = false;
  await pullSlowly({
    image,
    expiresIn: 5,
    bytesPerSecond: 200_000,
    // Long after the token of that request has run out.
    breaks: ({ path }, sent) =>
      path.endsWith(digest) && !broken && (broken = sent > 2_000_000),
  }, async ({ line, issued, ask }) => {
    const { requests } = line;
    const used = [...new Set(requests.flatMap(({ token }) => token ?? []))];
    assert(issued > 8, `${issued} tokens`);
    assertEquals(used.length, issued, "a token is fetched to be used");
    // The first request had none yet.
    assertEquals([requests[0]?.status, requests[0]?.token], [401, undefined]);
    // The line was broken, and what had come was not fetched again.
    const second = requests.find(({ path, status }) =>
      path.endsWith(digest) && status === 206
    );
    assert(broken && /^bytes=[1-9]/.test(second?.range ?? ""), second?.range);
    assertOnce(image, line, 65_536);
    // The registry took the first token then, and takes it no more.
    const first = requests.find(({ token }) => token === used[0])!;
    assertEquals([first.status, await ask(used[0]!)], [200, 401]);
  });
});

test("a token that runs out before its time is replaced amid the pull", {
  skip,
}, async () => {
  const layers = Array.from({ length: 12 }, () => ({ size: 100_000 }));
  const image = await buildImage({ platform: HOST_PLATFORM, layers });
  await pullSlowly({
    image,
    expiresIn: 3,
    announced: 300,
    bytesPerSecond: 100_000,
  }, async ({ line, issued, ask }) => {
    const refused = line.requests.flatMap(({ status, token }) =>
      status === 401 && token !== undefined ? [token] : []
    );
    assert(refused.length > 0, "no token was refused");
    // None is fetched but where one was refused.
    const renewed = issued - 1;
    assert(
      new Set(refused).size <= renewed && renewed <= refused.length,
      `${issued} tokens, ${refused.length} refusals`,
    );
    assertOnce(image, line, 0);
    assertEquals(await ask(refused[0]!), 401);
  });
});

workspace.stopAtEnd();
