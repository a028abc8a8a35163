/**
 * What a key's state allows (AWS KMS Developer Guide, "Key states of AWS KMS keys"). Each check names the states that it
 * refuses, with the error; reading and listing are always allowed.
 */
import type { KeyState } from '#platform/model/generated/kms.ts';
import { fail } from '#services/kms/errors.ts';
import type { OpenKey } from '#services/kms/keys/open-key.ts';

type Refusal = 'Disabled' | 'PendingImport' | 'PendingDeletion' | 'PendingReplicaDeletion' | 'NotPendingDeletion';
type Check = Partial<Record<KeyState, Refusal>>;

const DELETED: Check = { PendingDeletion: 'PendingDeletion', PendingReplicaDeletion: 'PendingReplicaDeletion' };

const CHECKS = {
  /** Cryptographic operations, GetPublicKey, CreateGrant. */
  use: { ...DELETED, Disabled: 'Disabled', PendingImport: 'PendingImport' },
  /** Aliases, description, tags; import. */
  change: DELETED,
  /** EnableKey and DisableKey. */
  toggle: { ...DELETED, PendingImport: 'PendingImport' },
  /** Rotation, replicas. */
  rotate: { ...DELETED, Disabled: 'Disabled', PendingImport: 'PendingImport' },
  cancel: { Enabled: 'NotPendingDeletion', Disabled: 'NotPendingDeletion', PendingImport: 'NotPendingDeletion' },
} as const satisfies Record<string, Check>;

export function checkState(key: OpenKey, check: keyof typeof CHECKS): void {
  const refusals: Check = CHECKS[check];
  const refusal = refusals[key.row.state];
  if (refusal !== undefined) fail(refusal, key.arn);
}

/** AWS manages its own keys: no state, policy, alias, tag or rotation of theirs is for the account to change. */
export function checkCustomerManaged({ row, arn }: OpenKey): void {
  if (row.manager === 'AWS') fail('AwsManaged', arn);
}
