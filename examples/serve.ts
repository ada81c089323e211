/**
 * Serves an archive, a layout or the cache as a registry, until Ctrl-C:
 * `deno run -A examples/serve.ts all.tar 5000`. Bun runs it as it is.
 */

import process from "node:process";
import { listen, ListenError, serve } from "../mod.ts";

const [path = "all.tar", port = "5000"] = process.argv.slice(2);

// As a handler of requests, for any server: Deno.serve(serve(path)).
const answer = serve(path);
const catalog = await answer(new Request("http://localhost/v2/_catalog"));
console.log(await catalog.text());

// Or at a port, until a signal comes.
const controller = new AbortController();
process.once("SIGINT", () => controller.abort());
process.once("SIGTERM", () => controller.abort());
try {
  const { url, names, closed } = await listen(path, {
    port: Number(port),
    signal: controller.signal,
    onRequest: ({ method, target, status }) =>
      console.log(method, target, status),
    onProblem: ({ code, subject }) => console.warn(code, subject),
  });
  for (const name of names) console.log(`docker pull ${url.slice(7)}/${name}`);
  await closed;
} catch (error) {
  if (!(error instanceof ListenError)) throw error;
  console.error(`Port ${error.port} cannot be listened at: ${error.code}`);
  process.exitCode = 1;
}
