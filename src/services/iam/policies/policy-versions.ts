/** Versions of a managed policy: five at most, one of them in force. */

import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Call } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { noSuchVersion } from '#services/iam/errors.ts';
import { identitiesChanged } from '#services/iam/identity/memory.ts';
import { nameKey } from '#services/iam/names.ts';
import { counted, pageOf } from '#services/iam/paging.ts';
import { checkManagedDocument, encodedDocument } from '#services/iam/policies/documents.ts';
import { ownPolicy, requirePolicy } from '#services/iam/policies/managed-policies.ts';
import { addToCount, type PolicyRow, policies, policyVersions, wholeSecond } from '#services/iam/state.ts';

export const MOST_VERSIONS = 5;

const versionId = (number: number): string => `v${number}`;
const numberOf = (id: string): number => Number(/^v(\d{1,9})/.exec(id)?.[1] ?? 0);

function putDefault(tx: Transaction, row: PolicyRow, defaultVersion: number, now: number): void {
  tx.put(policies, policies.key(nameKey(row.name)), { ...row, defaultVersion, updatedAt: now });
  identitiesChanged(tx);
}

export function createPolicyVersion(
  input: Model.CreatePolicyVersionRequest,
  { tx, account, now: at }: Call,
): Model.CreatePolicyVersionResponse {
  const { PolicyArn: arn, PolicyDocument: document, SetAsDefault: isDefault = false } = input;
  const now = wholeSecond(at);
  const row = ownPolicy(tx, account, arn);
  checkManagedDocument(document);
  if (tx.range(policyVersions, { prefix: [row.id] }).length >= MOST_VERSIONS) {
    const limit = `A managed policy can have up to ${MOST_VERSIONS} versions.`;
    fail('LimitExceeded', `${limit} Before you create a new version, you must delete an existing version.`);
  }
  const number = row.lastVersion + 1;
  tx.put(policyVersions, policyVersions.key(row.id, number), { document, createdAt: now });
  addToCount(tx, 'policy-version', 1);
  putDefault(tx, { ...row, lastVersion: number }, isDefault ? number : row.defaultVersion, now);
  return { PolicyVersion: { VersionId: versionId(number), IsDefaultVersion: isDefault, CreateDate: now } };
}

export function getPolicyVersion(
  { PolicyArn: arn, VersionId: id }: Model.GetPolicyVersionRequest,
  { tx, account }: Call,
): Model.GetPolicyVersionResponse {
  const found = requirePolicy(tx, account, arn);
  if (found.kind === 'aws') {
    const { policy } = found;
    if (policy.version !== id) noSuchVersion(arn, id);
    const Document = encodedDocument(policy.document);
    return { PolicyVersion: { Document, VersionId: id, IsDefaultVersion: true, CreateDate: policy.updatedAt } };
  }
  const { row } = found;
  const number = numberOf(id);
  const version = tx.get(policyVersions, policyVersions.key(row.id, number)) ?? noSuchVersion(arn, id);
  return {
    PolicyVersion: {
      Document: encodedDocument(version.document),
      VersionId: versionId(number),
      IsDefaultVersion: number === row.defaultVersion,
      CreateDate: version.createdAt,
    },
  };
}

export const listPolicyVersions =
  (pages: PageTokens) =>
  (input: Model.ListPolicyVersionsRequest, call: Call): Model.ListPolicyVersionsResponse => {
    const { tx, account } = call;
    const found = requirePolicy(tx, account, input.PolicyArn);
    const versions: Model.PolicyVersion[] =
      found.kind === 'aws'
        ? [{ VersionId: found.policy.version, IsDefaultVersion: true, CreateDate: found.policy.updatedAt }]
        : tx.range(policyVersions, { prefix: [found.row.id], reverse: true }).map(({ key, row }) => {
            const number = policyVersions.parts(key)[1];
            const IsDefaultVersion = number === found.row.defaultVersion;
            return { VersionId: versionId(number), IsDefaultVersion, CreateDate: row.createdAt };
          });
    const { items, end } = pageOf(pages, call, input, input.PolicyArn, counted(versions));
    return { Versions: items, ...end };
  };

export function setDefaultPolicyVersion(
  { PolicyArn: arn, VersionId: id }: Model.SetDefaultPolicyVersionRequest,
  { tx, account, now: at }: Call,
): void {
  const row = ownPolicy(tx, account, arn);
  const number = numberOf(id);
  if (!tx.get(policyVersions, policyVersions.key(row.id, number))) noSuchVersion(arn, id);
  putDefault(tx, row, number, wholeSecond(at));
}

export function deletePolicyVersion(
  { PolicyArn: arn, VersionId: id }: Model.DeletePolicyVersionRequest,
  { tx, account }: Call,
): void {
  const row = ownPolicy(tx, account, arn);
  const number = numberOf(id);
  const key = policyVersions.key(row.id, number);
  if (!tx.get(policyVersions, key)) noSuchVersion(arn, id);
  if (number === row.defaultVersion) fail('DeleteConflict', 'Cannot delete the default version of a policy.');
  tx.delete(policyVersions, key);
  addToCount(tx, 'policy-version', -1);
}
