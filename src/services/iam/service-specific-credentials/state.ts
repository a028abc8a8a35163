/** Service-specific credentials: a user's unique id, the credential's id. Of the secret only a hash is kept. */
import { jsonRows, table, text } from '#platform/store/keys.ts';

export interface ServiceCredentialRow {
  readonly id: string;
  /** `codecommit.amazonaws.com` */
  readonly service: string;
  /** `jane-at-123456789012`: the user name of a password, or the alias of an API key. */
  readonly name: string;
  readonly status: 'Active' | 'Inactive';
  readonly createdAt: number;
  readonly expiresAt?: number;
  /** SHA-256 of the secret, which is random and long: nothing to guess, so no slow hash. */
  readonly hash: string;
}

export const serviceCredentials = table('service-credential', [text, text], jsonRows<ServiceCredentialRow>(1));
