/** `@std/tar` over modern-tar. */
export * from "./tar_stream.ts";
export * from "./untar_stream.ts";
