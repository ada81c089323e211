/**
 * One way to register a test under Deno, Bun and Node: `Deno.test` where
 * there is one, because its sanitizers find leaks, else `node:test`.
 */

/** How a test is run. */
export interface TestOptions {
  /** Why it cannot run here; it is then counted as skipped. */
  skip?: string | false;
  /** Milliseconds after which it has failed, where the runner has a limit. */
  timeout?: number;
  /** What is left behind that a package does not let go of at once. */
  leaves?: "timers";
}

/** A promise that is settled from outside; Node 20 has none of its own. */
export interface Deferred<T> {
  /** Settles when it is told to. */
  promise: Promise<T>;
  /** Settles it. */
  resolve: (value: T) => void;
}

/** Makes a promise that is settled from outside. */
export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => resolve = settle);
  return { promise, resolve };
}

type Body = () => void | Promise<void>;

interface Runner {
  test(
    definition: {
      name: string;
      ignore: boolean;
      fn: Body;
      sanitizeOps?: boolean;
      sanitizeResources?: boolean;
    },
  ): void;
}

const deno = (globalThis as { Deno?: Runner }).Deno;
const node = deno ? undefined : await import("node:test");

/** Registers a test. */
export function test(name: string, body: Body): void;
export function test(name: string, options: TestOptions, body: Body): void;
export function test(
  name: string,
  first: Body | TestOptions,
  second?: Body,
): void {
  const options = typeof first === "function" ? {} : first;
  const fn = typeof first === "function" ? first : second!;
  const title = options.skip ? `${name} (skipped: ${options.skip})` : name;
  if (deno) {
    const ignore = Boolean(options.skip);
    deno.test(
      options.leaves
        ? {
          name: title,
          ignore,
          fn,
          sanitizeOps: false,
          sanitizeResources: false,
        }
        : { name: title, ignore, fn },
    );
  } else {
    node!.test(title, {
      skip: Boolean(options.skip),
      timeout: options.timeout ?? 600_000,
    }, fn);
  }
}
