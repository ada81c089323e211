import { assertEquals } from "@std/assert";
import { explainError } from "../../../cli/messages/errors.ts";
import { serveProblemSentence } from "../../../cli/messages/serving.ts";
import type { ServeProblem } from "../../../lib/serve/catalog.ts";
import { ListenError } from "../../../lib/serve/listen_error.ts";
import { test } from "../../harness.ts";

test("serveProblemSentence() has a sentence for each code", () => {
  const sentences: Record<ServeProblem["code"], string> = {
    missing: "a.tar lacks sha256:1",
    damaged: "a.tar is damaged: sha256:1 is not served",
    name: 'a.tar calls an image "sha256:1", which is no name',
    delta: "a.tar is a delta: sha256:1 of the layers are not in it, and are " +
      "not served",
    unreadable: "Cannot read a.tar: sha256:1",
  };
  for (const [code, sentence] of Object.entries(sentences)) {
    const problem = { code, path: "a.tar", subject: "sha256:1" };
    assertEquals(serveProblemSentence(problem as ServeProblem), sentence);
  }
});

test("explainError() says why it cannot be listened somewhere", () => {
  const cases: [ConstructorParameters<typeof ListenError>, string, string][] = [
    [
      ["127.0.0.1", 5000, "EADDRINUSE"],
      "127.0.0.1:5000: another program listens there",
      "another port, as in --listen 127.0.0.1:5001",
    ],
    [
      ["::", 80, "EACCES"],
      "[::]:80: the system allows it to its administrator only",
      "a port from 1024 on, as in --listen [::]:8080",
    ],
    [
      ["10.9.8.7", 5000, "EADDRNOTAVAIL"],
      "10.9.8.7:5000: this machine has no such address",
      "one of its own, 127.0.0.1, or 0.0.0.0 for all of them, with " +
      "--listen HOST:PORT",
    ],
    [
      ["x.test", 5000, "ENOTFOUND"],
      "x.test:5000: there is no host of that name",
      "an address, with --listen HOST:PORT",
    ],
    [
      ["127.0.0.1", 5000, "EMFILE"],
      "127.0.0.1:5000: EMFILE",
      "another place, with --listen HOST:PORT",
    ],
  ];
  for (const [where, why, choice] of cases) {
    assertEquals(explainError(new ListenError(...where)), {
      sentence: `Cannot listen at ${why}`,
      hint: `choose ${choice}`,
      code: 8,
    });
  }
  assertEquals(
    explainError(new ListenError("127.0.0.1", 5000, "not-permitted")),
    {
      sentence: "Cannot listen at 127.0.0.1:5000: Deno does not allow it",
      hint: "let Deno do that, as by --allow-net=127.0.0.1:5000",
      code: 8,
    },
  );
});
