/** The part of `@std/assert` that the tests use, over node:assert. */
import nodeAssert, { AssertionError } from "node:assert";

export { AssertionError };

// deno-lint-ignore no-explicit-any
type Class<T> = abstract new (...args: any[]) => T;

export function assert(
  value: unknown,
  message = "Assertion failed",
): asserts value {
  if (!value) fail(message);
}

export function fail(message = "Failed assertion"): never {
  throw new AssertionError({ message, stackStartFn: fail });
}

export function assertEquals<T>(
  actual: T,
  expected: T,
  message?: string,
): void {
  nodeAssert.deepStrictEqual(actual, expected, message);
}

export function assertNotEquals<T>(
  actual: T,
  expected: T,
  message?: string,
): void {
  nodeAssert.notDeepStrictEqual(actual, expected, message);
}

export function assertStringIncludes(
  actual: string,
  expected: string,
  message?: string,
): void {
  assert(
    actual.includes(expected),
    message ?? `Expected "${actual}" to contain "${expected}"`,
  );
}

export function assertMatch(
  actual: string,
  expected: RegExp,
  message?: string,
): void {
  assert(
    expected.test(actual),
    message ?? `Expected "${actual}" to match ${expected}`,
  );
}

export function assertInstanceOf<T>(
  actual: unknown,
  expected: Class<T>,
  message?: string,
): asserts actual is T {
  assert(
    actual instanceof expected,
    message ?? `Expected ${actual} to be a ${expected.name}`,
  );
}

function checked<T>(error: unknown, expected?: Class<T>, includes = ""): T {
  if (!expected) return error as T;
  assertInstanceOf(error, expected);
  assertStringIncludes((error as Error).message, includes);
  return error;
}

export function assertThrows<E extends Error = Error>(
  body: () => unknown,
  expected?: Class<E>,
  includes?: string,
): E {
  try {
    body();
  } catch (error) {
    return checked(error, expected, includes);
  }
  fail("Expected function to throw");
}

export async function assertRejects<E extends Error = Error>(
  body: () => PromiseLike<unknown>,
  expected?: Class<E>,
  includes?: string,
): Promise<E> {
  try {
    await body();
  } catch (error) {
    return checked(error, expected, includes);
  }
  fail("Expected function to reject");
}
