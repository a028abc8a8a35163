/** SSH public keys: a user's unique id, the key's id. */
import { jsonRows, table, text } from '#platform/store/keys.ts';

export interface SshKeyRow {
  readonly id: string;
  /** As it was uploaded. */
  readonly body: string;
  readonly fingerprint: string;
  readonly status: 'Active' | 'Inactive';
  readonly uploadedAt: number;
}

export const sshKeys = table('ssh-key', [text, text], jsonRows<SshKeyRow>(1));
