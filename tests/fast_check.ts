/**
 * fast-check for deno.json. It is not named there itself: `deno task` would
 * fetch it before any task, even one that needs nothing of it.
 */
export * from "npm:fast-check@4.10.2";
export { default } from "npm:fast-check@4.10.2";
