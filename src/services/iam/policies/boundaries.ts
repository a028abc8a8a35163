/** Permissions boundaries of users and roles: a managed policy that limits what the others may give. */
import type { AccountId } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type { AttachedPermissionsBoundary } from '#platform/model/generated/iam.ts';
import type { Call } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { notAttachable } from '#services/iam/errors.ts';
import { identitiesChanged } from '#services/iam/identity/memory.ts';
import { nameKey } from '#services/iam/names.ts';
import { type Owner, type OwnerRow, ownerOf } from '#services/iam/owners.ts';
import { awsManagedPolicy } from '#services/iam/policies/aws-managed.ts';
import { checkPolicyArn, managedDocument } from '#services/iam/policies/managed-policies.ts';
import { boundaryOf, EMPTY, type EntityKind } from '#services/iam/state.ts';

export const boundaryView = (arn: string | undefined): { PermissionsBoundary?: AttachedPermissionsBoundary } =>
  arn === undefined
    ? {}
    : { PermissionsBoundary: { PermissionsBoundaryType: 'PermissionsBoundaryPolicy', PermissionsBoundaryArn: arn } };

/** Notes that the user or role `id` is bounded by the policy, which must be there. */
export function linkBoundary(tx: Transaction, account: AccountId, noun: EntityKind, id: string, arn: string): void {
  checkPolicyArn(arn);
  if (managedDocument(tx, account, arn) === undefined) {
    fail('NoSuchEntity', `Scope ARN: ${arn} does not exist or is not attachable.`);
  }
  if (awsManagedPolicy(arn)?.isAttachable === false) notAttachable(noun);
  tx.put(boundaryOf, boundaryOf.key(arn, id), EMPTY);
}

export function unlinkBoundary(tx: Transaction, { id, boundary }: OwnerRow): void {
  if (boundary !== undefined) tx.delete(boundaryOf, boundaryOf.key(boundary, id));
}

export const putBoundary =
  <In, Row extends OwnerRow>(owner: Owner<In, Row>) =>
  (input: In & { readonly PermissionsBoundary: string }, { tx, account }: Call): void => {
    const row = ownerOf(tx, owner, input);
    unlinkBoundary(tx, row);
    linkBoundary(tx, account, owner.noun, row.id, input.PermissionsBoundary);
    tx.put(owner.table, owner.table.key(nameKey(row.name)), { ...row, boundary: input.PermissionsBoundary });
    identitiesChanged(tx);
  };

export const deleteBoundary =
  <In, Row extends OwnerRow>(owner: Owner<In, Row>) =>
  (input: In, { tx }: Call): void => {
    const row = ownerOf(tx, owner, input);
    if (row.boundary === undefined) {
      fail('NoSuchEntity', `The ${owner.noun} ${row.name} has no permissions boundary.`);
    }
    unlinkBoundary(tx, row);
    const { boundary: _, ...rest } = row;
    // A row without its optional boundary is a row of the same kind.
    tx.put(owner.table, owner.table.key(nameKey(row.name)), rest as unknown as Row);
    identitiesChanged(tx);
  };
