/** The version of this package; a test holds it to those of its manifests. */
export const VERSION = "0.1.0";
