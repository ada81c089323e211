/**
 * The package `yaml` for deno.json, as `socks` is: named there itself, `deno
 * task` would fetch it before any task.
 */
export {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  visit,
  type YAMLMap,
} from "npm:yaml@2.9.1";
