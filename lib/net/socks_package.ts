/**
 * The package `socks` for deno.json. It is not named there itself: `deno task`
 * would fetch it before any task, even one that needs nothing of it.
 */
export { SocksClient } from "npm:socks@2.8.10";
