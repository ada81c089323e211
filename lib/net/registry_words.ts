/**
 * What registries say in words of their own, and in no code: all such words
 * that anything is decided by.
 *
 * @see {@link https://docs.docker.com/docker-hub/usage/pulls/} `pull rate limit`
 * @see {@link https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors-docker.html} `Your authorization token has expired`
 * @see {@link https://github.com/distribution/distribution/blob/v2.8.3/registry/api/errcode/register.go}
 */

import type { RegistryError } from "../image/errors.ts";

const says = (pattern: RegExp) => ({ errors }: RegistryError): boolean =>
  errors.some(({ message }) => pattern.test(message));

/**
 * Docker Hub's limit, which is over in hours: "You have reached your pull rate
 * limit".
 */
export const saysPullLimit: (error: RegistryError) => boolean = says(
  /pull rate limit/i,
);

/**
 * A token that has run out: ECR says so by 403, public.ecr.aws by 400, where
 * others say 401.
 */
export const saysTokenExpired: (error: RegistryError) => boolean = says(
  /(?:expired|invalid)[^.]*\btoken\b|\btoken\b[^.]*(?:expired|invalid)/i,
);

/** A login that has run out, as ECR, Quay and GitLab say of their tokens. */
export const saysExpired: (error: RegistryError) => boolean = says(
  /\bexpired\b/i,
);
