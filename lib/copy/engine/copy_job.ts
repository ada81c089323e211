/** One graph on its way to its target. */

import { onAbort } from "../../image/abort.ts";
import type { BlobOutcome } from "../../transfer/transfer.ts";
import type { Copy, CopyResult } from "./copy_options.ts";
import type { ImageGraph } from "./graph.ts";
import type { TargetOptions, TargetWriter } from "./target.ts";

/** A blob that only what has failed would have. */
export class Unwanted extends Error {}

/**
 * What keeps a graph from coming: its configurations, a blob or what else goes
 * on, or its target, for which nothing more needs to come.
 */
export type Death = "documents" | "blob" | "target";

/** What has become of it so far. */
export class CopyJob {
  /** What is copied. */
  readonly graph: ImageGraph;
  /** What is written, from when it is open. */
  writer: TargetWriter | undefined;
  /** The digests of the blobs that are not brought, whatever it has. */
  lacks: ReadonlySet<string> = new Set();
  /** Settles when it is visible, or has failed; there once that has begun. */
  committed: Promise<void> | undefined;
  readonly #copy: Copy;
  readonly #onDead: (error: unknown, why: Death) => void;
  readonly #outcomes = new Map<string, BlobOutcome>();
  readonly #missing: Set<string>;
  readonly #failed = new Map<string, unknown>();
  #upToDate = false;
  #forget = () => {};
  #failure: { error: unknown } | undefined;

  /** Begins with nothing; `onDead` is told of what keeps it from coming. */
  constructor(
    copy: Copy,
    onDead: (error: unknown, why: Death) => void,
  ) {
    this.graph = copy.graph;
    this.#copy = copy;
    this.#onDead = onDead;
    this.#missing = new Set(copy.graph.blobs.keys());
    // Nobody waits for it where all ends before that.
    copy.ready?.catch(() => {});
    for (const { documents } of this.graph.images) {
      documents.catch((error) => this.fail(error, "documents"));
    }
  }

  /** Whether it can still succeed. */
  get alive(): boolean {
    return this.#failure === undefined;
  }

  /** Whether it is still to be brought. */
  get pending(): boolean {
    return this.alive && !this.#upToDate;
  }

  /** Looks whether it is there already. */
  async look(options: TargetOptions): Promise<void> {
    await this.#step(options, async () => {
      const delta = await this.#copy.target.lacks?.(this.graph);
      if (delta) this.lacks = new Set(delta.layers.map((each) => each.digest));
      this.#upToDate = !options.force &&
        await this.#copy.target.holds(this.graph, options);
    });
  }

  /** Opens its target. */
  async open(options: TargetOptions): Promise<void> {
    await this.#step(options, async () => {
      const { ready, target, onOpen } = this.#copy;
      await ready;
      const writer = this.writer = await target.open(this.graph, options);
      const end = () => this.fail(writer.ended!.reason, "target");
      this.#forget = onAbort(writer.ended, end);
      if (writer.ended?.aborted) end();
      onOpen?.();
    });
  }

  /** Bytes of what is there when all is written. */
  async size(): Promise<number> {
    return await this.#copy.target.sizeOf(this.graph);
  }

  /** A blob of it is there. */
  came(digest: string, outcome: BlobOutcome): void {
    this.#outcomes.set(digest, outcome);
    this.#missing.delete(digest);
  }

  /** A blob of it cannot be had. */
  lost(digest: string, error: unknown): void {
    if (error instanceof Unwanted) return;
    this.#failed.set(digest, error);
    this.fail(error);
  }

  /** Makes it visible where nothing is missing any more. */
  commitIfComplete(): void {
    if (!this.writer || !this.alive || this.#missing.size > 0) return;
    this.committed ??= this.writer.commit(this.graph)
      .catch((error) => this.fail(error));
  }

  /** It cannot succeed any more. */
  fail(error: unknown, why: Death = "blob"): void {
    if (!this.alive) return;
    this.#failure = { error };
    this.#onDead(error, why);
  }

  /** Ends for now what did not come. */
  async end(reason: unknown): Promise<void> {
    await this.committed;
    this.#forget();
    const done = this.committed && this.alive;
    if (!done) await this.writer?.close(this.#failure?.error ?? reason);
  }

  /** What came of it. */
  result(): CopyResult {
    const outcomes = [...this.graph.blobs.keys()]
      .flatMap((digest) => this.#outcomes.get(digest) ?? []);
    return {
      upToDate: this.#upToDate,
      outcomes,
      failure: this.#failure,
      failed: this.#failed,
    };
  }

  async #step(
    { signal }: TargetOptions,
    step: () => Promise<void>,
  ): Promise<void> {
    if (!this.pending) return;
    try {
      await step();
    } catch (error) {
      this.fail(error);
      signal?.throwIfAborted();
    }
  }
}
