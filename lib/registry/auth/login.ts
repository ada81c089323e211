/** The login to one repository, until it is refused. */

import { RegistryError } from "../../image/errors.ts";
import type { OnEvent } from "../../image/events.ts";
import { saysTokenExpired } from "../../net/registry_words.ts";
import type {
  Credential,
  CredentialProvider,
  FoundCredential,
} from "../../image/types.ts";

/** What {@linkcode Login} has to be told. */
export interface LoginOptions {
  /** The registry's name, as in a reference. */
  registry: string;
  /** The repository's name; empty for the registry as a whole. */
  repository: string;
  /** Looks up the login, once a challenge has come. */
  credentials?: CredentialProvider;
  /** Takes warnings. */
  onEvent?: OnEvent;
}

/** Whether a refusal means that a login is missing or has run out. */
export function isUnauthorized(error: RegistryError): boolean {
  // ECR says 403 and public.ecr.aws 400 where others say 401.
  return error.status === 401 ||
    ((error.status === 403 || error.status === 400) &&
      saysTokenExpired(error));
}

/** Whether a token server says that this login, or none, will not do. */
export function isLoginRefusal(error: unknown): error is RegistryError {
  return error instanceof RegistryError &&
    (error.status === 403 || isUnauthorized(error));
}

/**
 * Does something with a login, and without it where that is refused.
 *
 * @param ask What is done.
 * @param login The login, if there is one.
 * @param onRefusal Told of the refusal, before it is done without the login.
 * @throws The refusal of the login where it cannot be done without one either:
 * what is wrong is the login, not that there was none.
 */
export async function withLoginOrWithout<L, T>(
  ask: (login: L | undefined) => Promise<T>,
  login: L | undefined,
  onRefusal: (refusal: RegistryError) => void | Promise<void>,
): Promise<T> {
  try {
    return await ask(login);
  } catch (error) {
    if (login === undefined || !isLoginRefusal(error)) throw error;
    await onRefusal(error);
    return await ask(undefined).catch(() => {
      throw error;
    });
  }
}

/** A login that is looked up when it is needed, and once. */
export class Login {
  readonly #options: LoginOptions;
  #found: Promise<FoundCredential | undefined> | undefined;
  /** Replaces the login's token where a token server has sent a new one. */
  #identityToken: string | undefined;
  #refusal: RegistryError | undefined;

  /** Looks up nothing yet. */
  constructor(options: LoginOptions) {
    this.#options = options;
  }

  /**
   * The login.
   *
   * @returns The login; nothing where there is none, or it was refused.
   */
  async credential(): Promise<Credential | undefined> {
    const { credentials, registry, repository } = this.#options;
    if (this.#refusal) return undefined;
    this.#found ??= Promise.resolve(credentials?.(registry, repository));
    const credential = (await this.#found)?.credential;
    return credential?.kind === "identity-token" && this.#identityToken
      ? { ...credential, token: this.#identityToken }
      : credential;
  }

  /**
   * Takes a new identity token in place of the one that was looked up.
   *
   * @param token The token, if the server has sent one.
   */
  replaceToken(token: string | undefined): void {
    if (token) this.#identityToken = token;
  }

  /** The refusal of the login, once it was refused. */
  get refusal(): RegistryError | undefined {
    return this.#refusal;
  }

  /**
   * Goes on without the login, which was refused, and says so once.
   *
   * @param refusal The refusal.
   * @param known Whether a token was granted for the login, so that it is
   * right, but of no use for the repository: a token server need not know
   * what a registry has.
   */
  async drop(refusal: RegistryError, known = false): Promise<void> {
    const { registry, repository, onEvent } = this.#options;
    const found = await this.#found;
    if (this.#refusal || found === undefined) return;
    this.#refusal = refusal;
    onEvent?.({
      type: "warning",
      warning: {
        code: "credentials-refused",
        registry,
        repository,
        source: found.source,
        known,
      },
    });
  }
}
