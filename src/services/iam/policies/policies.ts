/** Managed policies: the account's own, and those of AWS beside them in every list. */

import { type AccountId, iamId } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { deleteTags, tagsOf } from '#platform/tags.ts';
import { limitExceeded } from '#services/iam/errors.ts';
import { identitiesChanged } from '#services/iam/identity/memory.ts';
import { entityArn, nameKey } from '#services/iam/names.ts';
import { namedRows, type Positioned, pageOf } from '#services/iam/paging.ts';
import { type AwsManagedPolicy, awsManagedPolicies } from '#services/iam/policies/aws-managed.ts';
import { checkManagedDocument } from '#services/iam/policies/documents.ts';
import { ownPolicy, requirePolicy } from '#services/iam/policies/managed-policies.ts';
import { allUsage, isUsed, type Usage, usageOf } from '#services/iam/policies/usage.ts';
import { addToCount, countOf, type PolicyRow, policies, policyVersions, wholeSecond } from '#services/iam/state.ts';
import { tagList, writeTags } from '#services/iam/tags.ts';

const POLICIES_PER_ACCOUNT = 'L-E95E4862';

const versionId = (number: number): string => `v${number}`;

export function customerView(account: AccountId, row: PolicyRow, usage: Usage): Model.Policy & Usage {
  return {
    PolicyName: row.name,
    PolicyId: row.id,
    Arn: entityArn(account, 'policy', row),
    Path: row.path,
    DefaultVersionId: versionId(row.defaultVersion),
    ...usage,
    IsAttachable: true,
    CreateDate: row.createdAt,
    UpdateDate: row.updatedAt,
  };
}

export function awsView(policy: AwsManagedPolicy, usage: Usage): Model.Policy & Usage {
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.version,
    ...usage,
    IsAttachable: policy.isAttachable,
    CreateDate: policy.createdAt,
    UpdateDate: policy.updatedAt,
  };
}

/** With description and tags, which lists leave out. */
function wholePolicy(tx: ReadTransaction, account: AccountId, row: PolicyRow): Model.Policy {
  const arn = entityArn(account, 'policy', row);
  const view = customerView(account, row, usageOf(tx, arn));
  const tags = tagList(tagsOf(tx, arn));
  return {
    ...view,
    ...(row.description !== undefined && { Description: row.description }),
    ...(tags.length > 0 && { Tags: tags }),
  };
}

export function createPolicy(input: Model.CreatePolicyRequest, call: Call): Model.CreatePolicyResponse {
  const { tx, account } = call;
  const now = wholeSecond(call.now);
  const { PolicyName: name, Path: path = '/', PolicyDocument: document, Description: description } = input;
  const key = policies.key(nameKey(name));
  checkManagedDocument(document);
  if (tx.get(policies, key)) {
    fail('EntityAlreadyExists', `A policy called ${name} already exists. Duplicate names are not allowed.`);
  }
  const most = call.quota(POLICIES_PER_ACCOUNT);
  if (countOf(tx, 'policy') >= most) limitExceeded('PoliciesPerAccount', most);
  const row: PolicyRow = {
    name,
    path,
    id: iamId('ANPA', 17),
    createdAt: now,
    updatedAt: now,
    defaultVersion: 1,
    lastVersion: 1,
    ...(description !== undefined && { description }),
  };
  tx.put(policies, key, row);
  tx.put(policyVersions, policyVersions.key(row.id, 1), { document, createdAt: now });
  addToCount(tx, 'policy', 1);
  addToCount(tx, 'policy-version', 1);
  writeTags(tx, entityArn(account, 'policy', row), input.Tags);
  return { Policy: wholePolicy(tx, account, row) };
}

export function getPolicy({ PolicyArn }: Model.GetPolicyRequest, { tx, account }: Call): Model.GetPolicyResponse {
  const found = requirePolicy(tx, account, PolicyArn);
  if (found.kind === 'customer') return { Policy: wholePolicy(tx, account, found.row) };
  const { policy } = found;
  const Description = policy.description;
  return { Policy: { ...awsView(policy, usageOf(tx, policy.arn)), ...(Description !== undefined && { Description }) } };
}

/** AWS's stand before the account's own, each in the order of names; a position says in which part it is. */
function* allPolicies(
  call: Call,
  scope: Model.policyScopeType,
  after: string | undefined,
): Generator<Positioned<Model.Policy & Usage>> {
  const { tx, account } = call;
  const usage = allUsage(tx);
  if (scope !== 'Local' && !after?.startsWith('own/')) {
    for (const policy of awsManagedPolicies()) {
      const position = `aws/${policy.name}`;
      if (after === undefined || position > after) yield [position, awsView(policy, usage(policy.arn))];
    }
  }
  if (scope === 'AWS') return;
  const from = after?.startsWith('own/') ? after.slice('own/'.length) : undefined;
  for (const [name, row] of namedRows(tx, policies, from)) {
    yield [`own/${name}`, customerView(account, row, usage(entityArn(account, 'policy', row)))];
  }
}

export const listPolicies =
  (pages: PageTokens) =>
  (input: Model.ListPoliciesRequest, call: Call): Model.ListPoliciesResponse => {
    const { Scope: scope = 'All', OnlyAttached: onlyAttached, PathPrefix: prefix = '/' } = input;
    const { PolicyUsageFilter: usage } = input;
    const isAsked = (policy: Model.Policy & Usage): boolean => {
      if (!policy.Path?.startsWith(prefix)) return false;
      if (onlyAttached && policy.AttachmentCount === 0) return false;
      if (usage === 'PermissionsBoundary') return policy.PermissionsBoundaryUsageCount > 0;
      return usage === undefined || policy.AttachmentCount > 0;
    };
    const query = [scope, onlyAttached, prefix, usage];
    const { items, end } = pageOf(pages, call, input, query, function* (after): Generator<Positioned<Model.Policy>> {
      for (const each of allPolicies(call, scope, after)) if (isAsked(each[1])) yield each;
    });
    return { Policies: items, ...end };
  };

export function deletePolicy({ PolicyArn: arn }: Model.DeletePolicyRequest, { tx, account }: Call): void {
  const row = ownPolicy(tx, account, arn);
  if (isUsed(usageOf(tx, arn))) fail('DeleteConflict', 'Cannot delete a policy attached to entities.');
  if (tx.range(policyVersions, { prefix: [row.id], limit: 2 }).length > 1) {
    const versions = "This policy has more than one version. Before you delete a policy, you must delete the policy's";
    fail('DeleteConflict', `${versions} versions. The default version is deleted with the policy.`);
  }
  tx.deleteRange(policyVersions, [row.id]);
  tx.delete(policies, policies.key(nameKey(row.name)));
  addToCount(tx, 'policy', -1);
  addToCount(tx, 'policy-version', -1);
  deleteTags(tx, arn);
  identitiesChanged(tx);
}
