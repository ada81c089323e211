/** Bombs of gzip, over real connections: no runtime may set them off. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { assertEquals, assertRejects } from "@std/assert";
import {
  AuthenticationError,
  DockerPullError,
  InvalidDocumentError,
} from "../../lib/image/errors.ts";
import { pull } from "../../lib/copy/pull.ts";
import { MEDIA_TYPES } from "../fixtures/image.ts";
import { test } from "../harness.ts";
import { serve } from "../registry_server/serve.ts";

const BOMB = new Uint8Array(gzipSync(new Uint8Array(100_000_000)));

for (
  const [what, kind] of [
    ["manifest", InvalidDocumentError],
    ["token", AuthenticationError],
    ["error", DockerPullError],
  ] as const
) {
  test(`a bomb of gzip in place of a ${what} is not set off`, async () => {
    const encodings = new Set<string | null>();
    const served = await serve((request) => {
      encodings.add(request.headers.get("accept-encoding"));
      const { pathname, origin } = new URL(request.url);
      const challenge = `Bearer realm="${origin}/token",service="x"`;
      if (what === "token" && pathname !== "/token") {
        const headers = { "www-authenticate": challenge };
        return Promise.resolve(new Response("{}", { status: 401, headers }));
      }
      return Promise.resolve(
        new Response(BOMB, {
          status: what === "error" ? 403 : 200,
          headers: {
            "content-type": MEDIA_TYPES.oci.manifest,
            "content-encoding": "gzip",
          },
        }),
      );
    });
    const folder = mkdtempSync(join(tmpdir(), "docker-pull-bomb-"));
    try {
      const { message } = await assertRejects(
        () =>
          pull(`${served.host}/team/app:1.0`, {
            cacheDir: false,
            output: join(folder, "image.tar"),
          }),
        kind,
      ) as Error;
      assertEquals(message.length < 2000, true);
      assertEquals([...encodings], ["identity"]);
    } finally {
      await served.close();
      rmSync(folder, { recursive: true });
    }
  });
}
