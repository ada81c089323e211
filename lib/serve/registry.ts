/**
 * Answers the requests of a registry's clients: the part of the
 * distribution-spec that reads.
 *
 * @see {@link https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints}
 */

import { basename, resolve } from "node:path";
import {
  type Answer,
  type Asked,
  errorAnswer,
  Refusal,
  textAnswer,
  withoutBody,
} from "./answer.ts";
import { blobAnswer } from "./blobs.ts";
import { type Catalog, makeCatalog, type ServeProblem } from "./catalog.ts";
import { Damage } from "./damage.ts";
import { Documents } from "./documents.ts";
import { pageAnswer } from "./lists.ts";
import { manifestAnswer } from "./manifests.ts";
import { repositoryOfFile } from "./names.ts";
import { Referrers } from "./referrers.ts";
import type { Contents, Shelf } from "./shelf.ts";

/** As long as a repository's name may be. */
const MAX_NAME = 255;
const COMPONENT = "[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*";
const NAME = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
/** How often a file may be replaced while it is opened. */
const MOST_TRIES = 3;

/** A read-only registry over a place. */
export class Registry {
  /** Reads the documents of the place. */
  readonly documents: Documents = new Documents();
  readonly #shelf: Shelf;
  readonly #onProblem: (problem: ServeProblem) => void;
  readonly #damage: Damage;
  readonly #referrers = new Referrers(this.documents);
  #known: { contents: Contents; catalog: Promise<Catalog> } | undefined;

  /** Opens nothing yet. */
  constructor(shelf: Shelf, onProblem: (problem: ServeProblem) => void) {
    this.#shelf = shelf;
    this.#onProblem = onProblem;
    this.#damage = new Damage((subject, path) =>
      onProblem({ code: "damaged", subject, path })
    );
  }

  /** What people know the place by: the name of its file or folder. */
  get title(): string {
    return basename(resolve(this.#shelf.path));
  }

  /**
   * What is served at this moment.
   *
   * @throws {StorageError} If it cannot be read.
   */
  async catalog(): Promise<Catalog> {
    const contents = await this.#shelf.contents();
    if (this.#known?.contents !== contents) {
      const known = { contents, catalog: this.#make(contents) };
      this.#known = known;
      // What failed is tried again.
      known.catalog.catch(() => {
        if (this.#known === known) this.#known = undefined;
      });
    }
    return await this.#known.catalog;
  }

  async #make(contents: Contents): Promise<Catalog> {
    const { path } = this.#shelf;
    const fallback = repositoryOfFile(path);
    const catalog = await makeCatalog(contents, this.documents, fallback);
    for (const problem of catalog.problems) {
      this.#onProblem({ ...problem, path });
    }
    return catalog;
  }

  /**
   * Answers a request.
   *
   * @param path The path, `/v2/` or below, as it was sent.
   * @throws {StorageError} If what is served cannot be read.
   */
  async answer(asked: Asked, path: string, query: string): Promise<Answer> {
    let answer: Answer;
    try {
      answer = await this.#answer(asked, path, new URLSearchParams(query));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      answer = errorAnswer(
        error,
        error.status === 405 ? { allow: "GET, HEAD" } : {},
      );
    }
    answer.headers["docker-distribution-api-version"] = "registry/2.0";
    return asked.method === "HEAD" ? withoutBody(answer) : answer;
  }

  async #answer(
    asked: Asked,
    path: string,
    query: URLSearchParams,
  ): Promise<Answer> {
    if (asked.method !== "GET" && asked.method !== "HEAD") {
      throw new Refusal(405, "UNSUPPORTED", "this registry is read-only");
    }
    const rest = decoded(path).replace(/^\/v2\/?/, "");
    if (rest === "") return textAnswer(200, "application/json", "{}\n");
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const answer = await this.#find(
        asked,
        await this.catalog(),
        rest,
        query,
      );
      if (answer) return answer;
    }
    throw new Refusal(503, "UNKNOWN", "what is served is being replaced");
  }

  async #find(
    asked: Asked,
    catalog: Catalog,
    rest: string,
    query: URLSearchParams,
  ): Promise<Answer | undefined> {
    const { repositories, names } = catalog;
    if (rest === "_catalog") {
      return pageAnswer(
        repositories.map((each) => names.listed(each)),
        query,
        "/v2/_catalog",
        (page) => ({ repositories: page }),
      );
    }
    const [, name, kind, last] =
      /^(.+)\/(manifests|blobs|tags|referrers)\/([^/]+)$/s.exec(rest) ?? [];
    if (
      name === undefined || last === undefined ||
      (kind === "tags" && last !== "list")
    ) {
      throw new Refusal(404, "UNSUPPORTED", "there is nothing at that path");
    }
    if (name.length > MAX_NAME || !NAME.test(name)) {
      throw new Refusal(400, "NAME_INVALID", "it is no repository's name");
    }
    const from = query.get("ns") ?? undefined;
    const home = names.find(name, from);
    if (kind === "referrers") {
      return await this.#referrers.answer(catalog, home, last, query);
    }
    if (!home) {
      throw new Refusal(
        404,
        "NAME_UNKNOWN",
        "there is no such repository",
        { name },
      );
    }
    switch (kind) {
      case "manifests":
        return await manifestAnswer(asked, catalog, this.documents, home, last);
      case "blobs":
        return await blobAnswer(asked, catalog, this.#damage, home, last);
    }
    const path = `/v2/${name}/tags/list`;
    return pageAnswer([...home.tags.keys()], query, path, (tags) => ({
      name,
      tags,
    }));
  }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new Refusal(400, "NAME_INVALID", "the path is not UTF-8");
  }
}
