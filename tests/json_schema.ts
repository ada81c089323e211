/**
 * Holds a value to a JSON schema, as far as those in docs/ go: a keyword that
 * is not known here is an error, so that none is passed over.
 */

type Schema = Record<string, unknown>;

const NOTES = ["$schema", "$id", "$defs", "title", "description", "default"];

/** What of a value is not as its schema says, each with its place. */
export function schemaFaults(
  schema: Schema,
  value: unknown,
  root: Schema = schema,
  path = "$",
): string[] {
  return Object.entries(schema).flatMap(([keyword, wanted]): string[] => {
    if (NOTES.includes(keyword)) return [];
    const check = KEYWORDS[keyword];
    if (!check) throw new TypeError(`The schema says ${keyword} at ${path}`);
    return check(wanted, value, { schema, root, path });
  });
}

interface Place {
  schema: Schema;
  root: Schema;
  path: string;
}

type Check = (wanted: unknown, value: unknown, place: Place) => string[];

const isObject = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function typeOf(value: unknown): string[] {
  if (value === null) return ["null"];
  if (Array.isArray(value)) return ["array"];
  return Number.isInteger(value) ? ["integer", "number"] : [typeof value];
}

function fault(isWrong: boolean, path: string, words: string): string[] {
  return isWrong ? [`${path}: ${words}`] : [];
}

const KEYWORDS: Record<string, Check> = {
  $ref(wanted, value, { root, path }) {
    const name = /^#\/\$defs\/(\w+)$/.exec(String(wanted))?.[1] ?? "";
    const target = (root.$defs as Record<string, Schema>)[name];
    if (!target) throw new TypeError(`There is no ${wanted}`);
    return schemaFaults(target, value, root, path);
  },
  type(wanted, value, { path }) {
    const types = [wanted].flat();
    const fits = typeOf(value).some((type) => types.includes(type));
    return fault(!fits, path, `is no ${types.join(" or ")}`);
  },
  const: (wanted, value, { path }) =>
    fault(value !== wanted, path, `is not ${JSON.stringify(wanted)}`),
  enum: (wanted, value, { path }) =>
    fault(!(wanted as unknown[]).includes(value), path, "is none of those"),
  required: (wanted, value, { path }) =>
    !isObject(value)
      ? []
      : (wanted as string[]).flatMap((name) =>
        fault(!Object.hasOwn(value, name), path, `lacks ${name}`)
      ),
  properties: (wanted, value, { root, path }) =>
    !isObject(value)
      ? []
      : Object.entries(wanted as Record<string, Schema>).flatMap(
        ([name, schema]) =>
          Object.hasOwn(value, name)
            ? schemaFaults(schema, value[name], root, `${path}.${name}`)
            : [],
      ),
  additionalProperties(wanted, value, { schema, root, path }) {
    if (!isObject(value)) return [];
    const known = Object.keys(schema.properties as Schema ?? {});
    return Object.keys(value).filter((name) => !known.includes(name))
      .flatMap((name) =>
        isObject(wanted)
          ? schemaFaults(wanted, value[name], root, `${path}.${name}`)
          : fault(wanted === false, path, `has ${name}`)
      );
  },
  items: (wanted, value, { root, path }) =>
    !Array.isArray(value)
      ? []
      : value.flatMap((each, i) =>
        schemaFaults(wanted as Schema, each, root, `${path}[${i}]`)
      ),
  minItems: (wanted, value, { path }) =>
    fault(
      Array.isArray(value) && value.length < Number(wanted),
      path,
      "is too short",
    ),
  minLength: (wanted, value, { path }) =>
    fault(
      typeof value === "string" && value.length < Number(wanted),
      path,
      "is too short",
    ),
  minimum: (wanted, value, { path }) =>
    fault(
      typeof value === "number" && value < Number(wanted),
      path,
      "is too small",
    ),
  pattern: (wanted, value, { path }) =>
    fault(
      typeof value === "string" && !new RegExp(String(wanted), "u").test(value),
      path,
      "does not match",
    ),
  oneOf(wanted, value, { root, path }) {
    const fit = (wanted as Schema[]).filter((schema) =>
      schemaFaults(schema, value, root, path).length === 0
    );
    return fault(fit.length !== 1, path, `fits ${fit.length} of several`);
  },
  anyOf(wanted, value, { root, path }) {
    const fit = (wanted as Schema[]).some((schema) =>
      schemaFaults(schema, value, root, path).length === 0
    );
    return fault(!fit, path, "fits none of several");
  },
};
