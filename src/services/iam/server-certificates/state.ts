/** Server certificates, by lower-case name. The private key is sealed for the certificate's id and leaves by no operation. */
import { jsonRows, table, text } from '#platform/store/keys.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { nameKey } from '#services/iam/names.ts';

export interface ServerCertificateRow {
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly uploadedAt: number;
  readonly expiresAt: number;
  readonly body: string;
  readonly chain?: string;
  readonly sealedKey: string;
}

export const serverCertificates = table('server-certificate', [text], jsonRows<ServerCertificateRow>(1));

/** Names are unique without regard to case, but are asked for as they are written. */
export function certificateNamed(tx: ReadTransaction, name: string): ServerCertificateRow | undefined {
  const row = tx.get(serverCertificates, serverCertificates.key(nameKey(name)));
  return row?.name === name ? row : undefined;
}
