/**
 * Checks what a caller gives as options, so that a slip of the pen is told at
 * once, by name, and not by what it leads to.
 */

/** Says what a value must be, where it is not: by its type, or by its range. */
export type Rule = (
  value: unknown,
) => { wanted: string; type?: boolean } | undefined;

/** A rule for each of the options; `undefined` is always allowed. */
export type Rules<T> = { readonly [Name in keyof Required<T>]: Rule };

/** As long as the runtimes' timers can wait, in milliseconds. */
export const LONGEST_WAIT_MS = 2 ** 31 - 1;
/** As many connections as can be asked for. */
export const MAX_CONCURRENCY = 64;
/** The most parts that an archive is cut into. */
export const MOST_PARTS = 9_999;
/** The fewest bytes that a part can be allowed to have. */
export const LEAST_PART_BYTES = 1024;

function typed(wanted: string, type: string): Rule {
  return (value) => {
    const actual = typeof value;
    return actual === type ? undefined : { wanted, type: true };
  };
}

/** True or false. */
export const FLAG: Rule = typed("true or false", "boolean");
/** A text. */
export const TEXT: Rule = typed("a text", "string");
/** A function. */
export const CALL: Rule = typed("a function", "function");
/** Whatever the types allow. */
export const ANY: Rule = () => undefined;
/** A list. */
export const LIST: Rule = (value) =>
  Array.isArray(value) ? undefined : { wanted: "a list", type: true };
/** What a request is ended by. */
export const SIGNAL: Rule = (value) =>
  value instanceof AbortSignal
    ? undefined
    : { wanted: "an AbortSignal", type: true };

/** What bytes are written to. */
export const STREAM: Rule = (value) =>
  value instanceof WritableStream
    ? undefined
    : { wanted: "a WritableStream", type: true };

/** A number from `min` to `max`. */
export function numberFrom(min: number, max: number): Rule {
  const wanted = `a number from ${min} to ${max}`;
  return (value) => {
    if (typeof value !== "number") return { wanted, type: true };
    return value >= min && value <= max ? undefined : { wanted };
  };
}

/** A whole number from `min` to `max`. */
export function wholeFrom(min: number, max: number): Rule {
  const wanted = `a whole number from ${min} to ${max}`;
  const number = numberFrom(min, max);
  return (value) => {
    const wrong = number(value);
    if (wrong) return { ...wrong, wanted };
    return Number.isInteger(value) ? undefined : { wanted };
  };
}

/** One of a few texts. */
export function oneOf(...texts: string[]): Rule {
  const wanted = texts.map((text) => JSON.stringify(text)).join(" or ");
  return (value) => {
    if (typeof value !== "string") return { wanted, type: true };
    return texts.includes(value) ? undefined : { wanted };
  };
}

/** `false`, or what another rule allows. */
export function orFalse(rule: Rule): Rule {
  return (value) => {
    const wrong = value === false ? undefined : rule(value);
    return wrong && { ...wrong, wanted: `${wrong.wanted}, or false` };
  };
}

/** What one of several rules allows. */
export function either(one: Rule, other: Rule): Rule {
  return (value) => {
    const [a, b] = [one(value), other(value)];
    return a && b && { ...a, wanted: `${a.wanted} or ${b.wanted}` };
  };
}

/** An object. */
export const OBJECT: Rule = typed("an object", "object");

/** How often a request is tried again. */
export const RETRIES: Rule = wholeFrom(0, 1_000_000);
/** How long a connection may be silent, in milliseconds. */
export const TIMEOUT: Rule = numberFrom(1, LONGEST_WAIT_MS);
/** How long a server may ask to be left alone, in milliseconds. */
export const MAX_WAIT: Rule = numberFrom(0, LONGEST_WAIT_MS);
/** How fast a connection has to be, in bytes a second. */
export const MIN_SPEED: Rule = numberFrom(0, Number.MAX_SAFE_INTEGER);
/** How many connections there are. */
export const CONCURRENCY: Rule = wholeFrom(1, MAX_CONCURRENCY);

/** Of the options for something larger, those for a part of it. */
export function pickOptions<T extends object>(options: T, rules: Rules<T>): T {
  return Object.fromEntries(
    Object.entries(options).filter(([name]) => Object.hasOwn(rules, name)),
  ) as T;
}

/**
 * Checks options.
 *
 * @param action What cannot be done with wrong ones, such as `pull`.
 * @param options What was given.
 * @param rules What may be given.
 * @throws {TypeError} For an option of another name, or a value of another
 * type.
 * @throws {RangeError} For a value that is out of its range.
 */
export function checkOptions<T extends object>(
  action: string,
  options: T,
  rules: Rules<T>,
): void {
  if (
    typeof options !== "object" || options === null || Array.isArray(options)
  ) {
    throw new TypeError(`Cannot ${action}: the options are no object`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(rules, name)) {
      throw new TypeError(
        `Cannot ${action}: there is no option ${JSON.stringify(name)}`,
      );
    }
    const wrong = value === undefined
      ? undefined
      : rules[name as keyof Rules<T>](value);
    if (!wrong) continue;
    const Wrong = wrong.type ? TypeError : RangeError;
    // The value itself may be a secret.
    const shown = typeof value === "number" ? ` ${value}` : "";
    throw new Wrong(
      `Cannot ${action} with ${name}${shown}: it must be ${wrong.wanted}`,
    );
  }
}
