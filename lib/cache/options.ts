/** How a cache is asked for. */

import { type Rules, SIGNAL, TEXT } from "../image/options.ts";

/** What is said of a cache. */
export interface CacheOptions {
  /**
   * The folder of the cache.
   *
   * @default {"docker_images_cache"}
   */
  cacheDir?: string;
  /** Ends it; it then throws the signal's reason. */
  signal?: AbortSignal;
}

/** The folder of the cache where no other is named. */
export const DEFAULT_FOLDER = "docker_images_cache";

export const CACHE_RULES: Rules<CacheOptions> = {
  cacheDir: TEXT,
  signal: SIGNAL,
};
