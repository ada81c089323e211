/** The benchmark's programs in C: what they fetch is what there is. */
import { assertEquals, assertMatch } from "@std/assert";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { measure, runQuietly, which } from "../../bench/measure.ts";
import { buildNative } from "../../bench/native.ts";
import { floorRow } from "../../bench/peers.ts";
import type { Job } from "../../bench/rows.ts";
import { type Server, startPace } from "../../bench/servers.ts";
import { inFolder } from "../disk/folder.ts";
import { deferred, test } from "../harness.ts";

const compiler = which("cc");
const skip = process.platform === "linux" && compiler
  ? false
  : "there is no C compiler, or this is not Linux";

const blobs = [5_000_000, 3, 700_000].map((size, index) =>
  new Uint8Array(size).fill(index + 1)
);
const digestOf = (bytes: Uint8Array) =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** Serves the blobs, one of them with other bytes if asked to. */
async function withBlobs(
  body: (job: Pick<Job, "host" | "repository" | "blobs">) => Promise<void>,
  damaged = false,
): Promise<void> {
  const server = createServer((request, response) => {
    const found = blobs.find((bytes) => request.url?.endsWith(digestOf(bytes)));
    const bytes = found && damaged ? found.toReversed().fill(9, 0, 1) : found;
    response.writeHead(bytes ? 200 : 404, {
      "content-length": bytes?.length ?? 0,
    }).end(bytes);
  });
  const listening = deferred();
  server.listen(0, "127.0.0.1", () => listening.resolve());
  await listening.promise;
  const { port } = server.address() as AddressInfo;
  try {
    await body({
      host: `127.0.0.1:${port}`,
      repository: "a/b",
      blobs: blobs.map((bytes) => ({
        digest: digestOf(bytes),
        size: bytes.length,
      })),
    });
  } finally {
    const closed = deferred();
    server.close(() => closed.resolve());
    server.closeAllConnections();
    await closed.promise;
  }
}

test("without a compiler, each program has its reason", () =>
  inFolder((folder) => {
    const { programs, missing } = buildNative(undefined, folder);
    assertEquals(programs, {});
    assertEquals(Object.keys(missing), ["floor", "pace", "link"]);
    return Promise.resolve();
  }));

test("the floor writes what there is, once or twice, and verifies it", {
  skip,
}, () =>
  inFolder((folder) =>
    withBlobs(async (served) => {
      const { programs, missing } = buildNative(compiler, folder);
      if (!programs.floor) {
        // A machine without OpenSSL's headers is told so, and no more.
        assertMatch(missing.floor ?? "", /floor\.c cannot be built/);
        return;
      }
      const job = { ...served, folder } as Job;
      const tools = { programs, missing };
      const scratch = join(folder, "time.txt");
      for (const files of [1, 2] as const) {
        const commands = floorRow(tools, files).commands(job);
        await measure(commands, { cwd: folder, scratch });
      }
      const expected = new Uint8Array(await new Blob(blobs).arrayBuffer());
      for (const name of ["out.bin", "second.bin"]) {
        const found = await readFile(join(folder, name));
        assertEquals(digestOf(found), digestOf(expected), name);
      }
    })
  ));

test(
  "the floor fails where bytes are others",
  { skip },
  () =>
    inFolder((folder) =>
      withBlobs(async (served) => {
        const tools = buildNative(compiler, folder);
        if (!tools.programs.floor) return;
        const job = { ...served, folder } as Job;
        const [command = []] = floorRow(tools, 1).commands(job);
        const problem = await runQuietly(command, folder)
          .then(() => "", (error: Error) => error.message);
        assertMatch(problem, /has other bytes/);
      }, true)
    ),
);

test("what goes through the pacing proxy is what there is, and counted", {
  skip,
}, () =>
  inFolder((folder) =>
    withBlobs(async ({ host, repository, blobs }) => {
      const { programs } = buildNative(compiler, folder);
      const server: Server = {
        host,
        counts: () => Promise.resolve({ bytes: 7, requests: 8 }),
        stop: () => Promise.resolve(),
      };
      const paced = await startPace(programs.pace!, server, 1e9);
      try {
        for (const { digest, size } of blobs) {
          const response = await fetch(
            `http://${paced.host}/v2/${repository}/blobs/${digest}`,
            { headers: { connection: "close" } },
          );
          const bytes = new Uint8Array(await response.arrayBuffer());
          assertEquals([bytes.length, digestOf(bytes)], [size, digest]);
        }
        const { connections = 0, ...rest } = await paced.counts();
        assertEquals(rest, { bytes: 7, requests: 8 });
        assertEquals(connections > 0 && connections <= blobs.length, true);
      } finally {
        await paced.stop();
      }
    })
  ));

test(
  "a link that is no link is refused",
  { skip },
  () =>
    inFolder(async (folder) => {
      const { programs } = buildNative(compiler, folder);
      if (!programs.link) return;
      const ended = deferred<number | null>();
      spawn(programs.link, ["1"]).once("exit", (code) => ended.resolve(code));
      assertEquals(await ended.promise, 2);
    }),
);
