/** All that is answered: the registry, and a page for people. */

import { DockerPullError } from "../image/errors.ts";
import {
  type Answer,
  type Asked,
  errorAnswer,
  Refusal,
  textAnswer,
  withoutBody,
} from "./answer.ts";
import type { ServeProblem } from "./catalog.ts";
import { openShelf } from "./open_shelf.ts";
import { Registry } from "./registry.ts";

/** How a place is served. */
export interface ServeOptions {
  /** Told of what is not served, and why. */
  onProblem?: (problem: ServeProblem) => void;
}

/** A place that is served. */
export class Site {
  readonly #path: string;
  readonly #onProblem: (problem: ServeProblem) => void;
  #registry: Promise<Registry> | undefined;

  /** Opens nothing yet. */
  constructor(path: string, { onProblem = () => {} }: ServeOptions = {}) {
    this.#path = path;
    this.#onProblem = onProblem;
  }

  /**
   * The registry, with all that it serves read once.
   *
   * @throws {StorageError} If it cannot be read.
   * @throws {ArchiveError} If there are no images in it.
   */
  async open(): Promise<Registry> {
    if (!this.#registry) {
      const opening = openShelf(this.#path)
        .then((shelf) => new Registry(shelf, this.#onProblem));
      this.#registry = opening;
      opening.catch(() => this.#registry = undefined);
    }
    const registry = await this.#registry;
    await registry.catalog();
    return registry;
  }

  /** Answers a request; it never throws. */
  async answer(asked: Asked): Promise<Answer> {
    const [path = "", query = ""] = split(asked.target);
    try {
      const registry = await this.open();
      if (path === "/v2" || path.startsWith("/v2/")) {
        return await registry.answer(asked, path, query);
      }
      const answer = await this.#page(registry, asked, path, query);
      return asked.method === "HEAD" ? withoutBody(answer) : answer;
    } catch (error) {
      const code = error instanceof DockerPullError ? error.code : "unknown";
      this.#onProblem({ code: "unreadable", subject: code, path: this.#path });
      return errorAnswer(
        new Refusal(500, "UNKNOWN", "what is served cannot be read"),
      );
    }
  }

  async #page(
    registry: Registry,
    asked: Asked,
    path: string,
    query: string,
  ): Promise<Answer> {
    if (asked.method !== "GET" && asked.method !== "HEAD") {
      const allow = { allow: "GET, HEAD" };
      return textAnswer(405, PLAIN, "This is read-only.\n", allow);
    }
    if (path !== "/") return textAnswer(404, PLAIN, "There is nothing here.\n");
    const { pageAnswer } = await import("./page/page.ts");
    return await pageAnswer(registry, asked, new URLSearchParams(query));
  }
}

const PLAIN = "text/plain; charset=utf-8";

/** The path and the query of a request, as they were sent. */
function split(target: string): [path: string, query: string] {
  // As a proxy is asked.
  const local = target.replace(/^[a-z]+:\/\/[^/?#]*/i, "") || "/";
  const mark = local.indexOf("?");
  return mark < 0 ? [local, ""] : [local.slice(0, mark), local.slice(mark + 1)];
}
