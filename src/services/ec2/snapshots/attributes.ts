/** With whom a snapshot is shared; and whether the account may share with everybody at all. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { announce, EVERYBODY } from '#services/ec2/sharing.ts';
import { type SnapshotRow, snapshots } from '#services/ec2/snapshots/state.ts';
import { findSnapshot } from '#services/ec2/snapshots/take.ts';
import { changedSharing, sharingChange, shownPermissions } from '#services/ec2/storage/launch-permissions.ts';
import { changeStorageSettings, storageSettings } from '#services/ec2/storage/state.ts';

export function describeSnapshotAttribute(
  { SnapshotId: id, Attribute: attribute }: Model.DescribeSnapshotAttributeRequest,
  { tx }: Call,
): Model.DescribeSnapshotAttributeResult {
  const { sharedWith } = findSnapshot(tx, id);
  if (attribute === 'productCodes') return { SnapshotId: id, ProductCodes: [] };
  return { SnapshotId: id, CreateVolumePermissions: shownPermissions(sharedWith) };
}

export const modifySnapshotAttribute =
  (parts: Ec2Parts) =>
  async (input: Model.ModifySnapshotAttributeRequest, call: Call): Promise<void> => {
    if (input.Attribute === 'productCodes') fail('InvalidParameter', 'attribute', input.Attribute);
    const change = sharingChange({
      permissions: input.CreateVolumePermission,
      OperationType: input.OperationType,
      users: input.UserIds,
      groups: input.GroupNames,
    });
    if (change.add.length + change.remove.length === 0) fail('MissingParameter', 'createVolumePermission');
    call.partition.read((tx) => check(tx, findSnapshot(tx, input.SnapshotId), change.add));
    await announce(parts, call, input.SnapshotId);
    await again(() =>
      call.transact((tx) => {
        const row = findSnapshot(tx, input.SnapshotId);
        check(tx, row, change.add);
        snapshots.put(tx, { ...row, sharedWith: changedSharing(row.sharedWith, change) });
      }),
    );
  };

/** "Encrypted snapshots … cannot be made public. Snapshots encrypted with your default KMS key cannot be shared" */
function check(tx: ReadTransaction, { kmsKey }: SnapshotRow, added: readonly string[]): void {
  if (added.length === 0) return;
  const { snapshotSharing = 'unblocked' } = storageSettings(tx);
  if (added.includes(EVERYBODY)) {
    if (kmsKey !== undefined) fail('PublicEncrypted');
    if (snapshotSharing !== 'unblocked') fail('PublicBlocked', 'snapshot');
  }
}

export function resetSnapshotAttribute(input: Model.ResetSnapshotAttributeRequest, { tx }: Call): void {
  const row = findSnapshot(tx, input.SnapshotId);
  if (input.Attribute !== 'createVolumePermission') fail('InvalidParameter', 'attribute', input.Attribute);
  snapshots.put(tx, { ...row, sharedWith: [] });
}

export function enableSnapshotBlock(
  { State: state }: Model.EnableSnapshotBlockPublicAccessRequest,
  { tx }: Call,
): Model.EnableSnapshotBlockPublicAccessResult {
  if (state === 'unblocked') fail('InvalidParameter', 'state', state);
  changeStorageSettings(tx, { snapshotSharing: state });
  return { State: state };
}

export function disableSnapshotBlock(_: unknown, { tx }: Call): Model.DisableSnapshotBlockPublicAccessResult {
  changeStorageSettings(tx, { snapshotSharing: 'unblocked' });
  return { State: 'unblocked' };
}

export const getSnapshotBlock = (_: unknown, { tx }: Call): Model.GetSnapshotBlockPublicAccessStateResult => ({
  State: storageSettings(tx).snapshotSharing ?? 'unblocked',
  ManagedBy: 'account',
});
