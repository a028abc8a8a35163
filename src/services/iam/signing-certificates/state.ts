/** Signing certificates. Owner is a user's unique id, or `root`. */
import { jsonRows, table, text } from '#platform/store/keys.ts';

export interface SigningCertificateRow {
  readonly id: string;
  readonly body: string;
  /** SHA-256 of the certificate: one certificate belongs to one user of the account. */
  readonly fingerprint: string;
  readonly status: 'Active' | 'Inactive';
  readonly uploadedAt: number;
}

/** Owner, certificate id. */
export const signingCertificates = table('signing-certificate', [text, text], jsonRows<SigningCertificateRow>(1));
/** Fingerprint -> whose it is. */
export const signingCertificateOwners = table(
  'signing-certificate-owner',
  [text],
  jsonRows<{ readonly owner: string }>(1),
);
