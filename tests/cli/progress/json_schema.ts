/** A validator of JSON schemas, as far as those of docs/ go. */

/** A schema, of which other words are refused. */
export interface Schema {
  oneOf?: Schema[];
  $defs?: Record<string, Schema>;
  $ref?: string;
  const?: unknown;
  enum?: unknown[];
  type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: false;
  items?: Schema;
  pattern?: string;
  minimum?: number;
  [word: `$${string}`]: unknown;
  title?: string;
  description?: string;
}

const WORDS = [
  "oneOf",
  "$defs",
  "$ref",
  "$schema",
  "const",
  "enum",
  "type",
  "properties",
  "required",
  "additionalProperties",
  "items",
  "pattern",
  "minimum",
  "title",
  "description",
];

/** What is wrong with a value, by the place in it; nothing where it is right. */
export function faults(
  value: unknown,
  schema: Schema,
  root: Schema = schema,
  at = "",
): string[] {
  const unknown = Object.keys(schema).filter((word) => !WORDS.includes(word));
  if (unknown.length > 0) throw new TypeError(`cannot check ${unknown}`);
  if (schema.$ref) {
    const name = schema.$ref.replace("#/$defs/", "");
    return faults(value, root.$defs![name]!, root, at);
  }
  if (schema.oneOf) {
    const all = schema.oneOf.map((each) => faults(value, each, root, at));
    const right = all.filter(({ length }) => length === 0).length;
    if (right === 1) return [];
    return right > 1
      ? [`${at}: several fit`]
      : all.sort((a, b) => a.length - b.length)[0]!;
  }
  const wrong: string[] = [];
  const refuse = (what: string) =>
    void wrong.push(`${at}: ${what}: ${JSON.stringify(value)}`);
  if ("const" in schema && value !== schema.const) refuse("const");
  if (schema.enum && !schema.enum.includes(value)) refuse("enum");
  if (schema.type && !isOf(value, schema.type)) {
    refuse(schema.type);
    return wrong;
  }
  const { pattern, minimum } = schema;
  if (pattern && !new RegExp(pattern, "u").test(String(value))) {
    refuse("pattern");
  }
  if (minimum !== undefined && Number(value) < minimum) refuse("minimum");
  if (Array.isArray(value) && schema.items) {
    for (const [i, each] of value.entries()) {
      wrong.push(...faults(each, schema.items, root, `${at}/${i}`));
    }
  }
  if (schema.type === "object") {
    const fields = value as Record<string, unknown>;
    for (const name of schema.required ?? []) {
      if (!Object.hasOwn(fields, name)) refuse(`lacks ${name}`);
    }
    for (const [name, field] of Object.entries(fields)) {
      const own = schema.properties?.[name];
      if (own) wrong.push(...faults(field, own, root, `${at}/${name}`));
      else if (schema.additionalProperties === false) refuse(`has ${name}`);
    }
  }
  return wrong;
}

function isOf(value: unknown, type: NonNullable<Schema["type"]>): boolean {
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  const found: string = value === null || Array.isArray(value)
    ? "other"
    : typeof value;
  return found === type;
}
