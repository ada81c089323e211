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
    unreadable: "Cannot read a.tar: sha256:1",
  };
  for (const [code, sentence] of Object.entries(sentences)) {
    const problem = { code, path: "a.tar", subject: "sha256:1" };
    assertEquals(serveProblemSentence(problem as ServeProblem), sentence);
  }
});

test("explainError() says why it cannot be listened somewhere", () => {
  const cases: [ListenError, string, string][] = [
    [
      new ListenError("127.0.0.1", 5000, "EADDRINUSE"),
      "Cannot listen at 127.0.0.1:5000: another program listens there",
      "choose another port, as in --listen 127.0.0.1:5001",
    ],
    [
      new ListenError("::", 80, "EACCES"),
      "Cannot listen at [::]:80: the system allows it to its administrator only",
      "choose a port from 1024 on, as in --listen [::]:8080",
    ],
    [
      new ListenError("10.9.8.7", 5000, "EADDRNOTAVAIL"),
      "Cannot listen at 10.9.8.7:5000: this machine has no such address",
      "choose one of its own, 127.0.0.1, or 0.0.0.0 for all of them, with " +
      "--listen HOST:PORT",
    ],
    [
      new ListenError("x.test", 5000, "ENOTFOUND"),
      "Cannot listen at x.test:5000: there is no host of that name",
      "choose an address, with --listen HOST:PORT",
    ],
    [
      new ListenError("127.0.0.1", 5000, "not-permitted"),
      "Cannot listen at 127.0.0.1:5000: Deno does not allow it",
      "let Deno do that, as by --allow-net=127.0.0.1:5000",
    ],
    [
      new ListenError("127.0.0.1", 5000, "EMFILE"),
      "Cannot listen at 127.0.0.1:5000: EMFILE",
      "choose another place, with --listen HOST:PORT",
    ],
  ];
  for (const [error, sentence, hint] of cases) {
    assertEquals(explainError(error), { sentence, hint, code: 8 });
  }
});
