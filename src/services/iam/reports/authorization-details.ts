/** GetAccountAuthorizationDetails: all users, groups, roles and policies of an account, with what they have to do with each other. */
import type * as Model from '#platform/model/generated/iam.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { tagsOf } from '#platform/tags.ts';
import { groupView } from '#services/iam/groups/groups.ts';
import { profilesHolding } from '#services/iam/instance-profiles/instance-profiles.ts';
import { entityArn, nameOfArn } from '#services/iam/names.ts';
import { namedRows, type Positioned, pageOf } from '#services/iam/paging.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { awsManagedPolicies } from '#services/iam/policies/aws-managed.ts';
import { boundaryView } from '#services/iam/policies/boundaries.ts';
import { encodedDocument } from '#services/iam/policies/documents.ts';
import { groupsOf } from '#services/iam/policies/held-policies.ts';
import { awsView, customerView } from '#services/iam/policies/policies.ts';
import { allUsage, isUsed, usageOf } from '#services/iam/policies/usage.ts';
import { roleLastUsed, roleView } from '#services/iam/roles/roles.ts';
import {
  attachments,
  type GroupRow,
  groups,
  inlinePolicies,
  type PolicyRow,
  policies,
  policyVersions,
  type RoleRow,
  roles,
  type UserRow,
  users,
} from '#services/iam/state.ts';
import { tagList } from '#services/iam/tags.ts';
import { userView } from '#services/iam/users/users.ts';

type Lists = Omit<Model.GetAccountAuthorizationDetailsResponse, 'IsTruncated' | 'Marker'>;
/** One entry of one of the lists. */
type Detail =
  | { readonly list: 'UserDetailList'; readonly detail: Model.UserDetail }
  | { readonly list: 'GroupDetailList'; readonly detail: Model.GroupDetail }
  | { readonly list: 'RoleDetailList'; readonly detail: Model.RoleDetail }
  | { readonly list: 'Policies'; readonly detail: Model.ManagedPolicyDetail };

type Source = (call: Call, parts: IamParts, after: string | undefined) => Iterable<Positioned<Detail>>;

/** In the order of the answer; a position begins with the part's name. */
const SOURCES: readonly (readonly [Model.EntityType, Source])[] = [
  ['User', (call, _, after) => mapped(namedRows(call.tx, users, after), (row) => userDetail(call, row))],
  ['Group', (call, _, after) => mapped(namedRows(call.tx, groups, after), (row) => groupDetail(call, row))],
  ['Role', (call, parts, after) => mapped(namedRows(call.tx, roles, after), (row) => roleDetail(call, parts, row))],
  [
    'LocalManagedPolicy',
    (call, _, after) => mapped(namedRows(call.tx, policies, after), (row) => ownDetail(call, row)),
  ],
  ['AWSManagedPolicy', (call, _, after) => awsDetails(call, after)],
];

export const getAuthorizationDetails =
  (parts: IamParts) =>
  (input: Model.GetAccountAuthorizationDetailsRequest, call: Call): Model.GetAccountAuthorizationDetailsResponse => {
    const { Filter: filter } = input;
    const asked = SOURCES.filter(([type]) => filter === undefined || filter.length === 0 || filter.includes(type));
    const { items, end } = pageOf(parts.pages, call, input, filter, function* (after): Generator<Positioned<Detail>> {
      const [afterType, afterName] = after === undefined ? [] : after.split('/', 2);
      const from = Math.max(
        0,
        asked.findIndex(([type]) => type === afterType),
      );
      for (const [type, source] of asked.slice(from)) {
        for (const [name, detail] of source(call, parts, type === afterType ? afterName : undefined)) {
          yield [`${type}/${name}`, detail];
        }
      }
    });
    return { ...listed(items), ...end };
  };

function listed(items: readonly Detail[]): Lists {
  const of = <List extends Detail['list']>(list: List) =>
    items.filter((item): item is Extract<Detail, { list: List }> => item.list === list).map(({ detail }) => detail);
  return {
    UserDetailList: of('UserDetailList'),
    GroupDetailList: of('GroupDetailList'),
    RoleDetailList: of('RoleDetailList'),
    Policies: of('Policies'),
  } as Lists; // Each list's details are of its own type.
}

function* mapped<Row>(rows: Iterable<Positioned<Row>>, detailOf: (row: Row) => Detail): Generator<Positioned<Detail>> {
  for (const [position, row] of rows) yield [position, detailOf(row)];
}

const inlineOf = (tx: ReadTransaction, id: string): Model.PolicyDetail[] =>
  tx.range(inlinePolicies, { prefix: [id] }).map(({ key, row }) => ({
    PolicyName: inlinePolicies.parts(key)[1],
    PolicyDocument: encodedDocument(row.document),
  }));

const attachedOf = (tx: ReadTransaction, id: string) => ({
  AttachedManagedPolicies: tx.range(attachments, { prefix: [id] }).map(({ key }): Model.AttachedPolicy => {
    const arn = attachments.parts(key)[1];
    return { PolicyName: nameOfArn(arn), PolicyArn: arn };
  }),
});

function userDetail({ tx, account }: Call, row: UserRow): Detail {
  const view = userView(account, row);
  const detail = {
    ...view,
    UserPolicyList: inlineOf(tx, row.id),
    GroupList: groupsOf(tx, row.id).map(({ name }) => name),
    ...attachedOf(tx, row.id),
    ...boundaryView(row.boundary),
    Tags: tagList(tagsOf(tx, view.Arn)),
  };
  return { list: 'UserDetailList', detail };
}

function groupDetail({ tx, account }: Call, row: GroupRow): Detail {
  const detail = { ...groupView(account, row), GroupPolicyList: inlineOf(tx, row.id), ...attachedOf(tx, row.id) };
  return { list: 'GroupDetailList', detail };
}

function roleDetail(call: Call, { identity }: IamParts, row: RoleRow): Detail {
  const { tx, account } = call;
  const { MaxSessionDuration: _, Description: __, ...view } = roleView(identity.principals, account, row);
  const detail = {
    ...view,
    InstanceProfileList: profilesHolding(identity.principals, call, row.id),
    RolePolicyList: inlineOf(tx, row.id),
    ...attachedOf(tx, row.id),
    ...boundaryView(row.boundary),
    Tags: tagList(tagsOf(tx, view.Arn)),
    RoleLastUsed: roleLastUsed(tx, identity, row),
  };
  return { list: 'RoleDetailList', detail };
}

function ownDetail({ tx, account }: Call, row: PolicyRow): Detail {
  const versions = tx.range(policyVersions, { prefix: [row.id], reverse: true }).map(({ key, row: version }) => {
    const number = policyVersions.parts(key)[1];
    return {
      Document: encodedDocument(version.document),
      VersionId: `v${number}`,
      IsDefaultVersion: number === row.defaultVersion,
      CreateDate: version.createdAt,
    };
  });
  const usage = usageOf(tx, entityArn(account, 'policy', row));
  const detail = { ...customerView(account, row, usage), PolicyVersionList: versions };
  const described = row.description === undefined ? detail : { ...detail, Description: row.description };
  return { list: 'Policies', detail: described };
}

/** Those of AWS's policies that somebody has. */
function* awsDetails({ tx }: Call, after: string | undefined): Generator<Positioned<Detail>> {
  const usageOfEach = allUsage(tx);
  for (const policy of awsManagedPolicies()) {
    const usage = usageOfEach(policy.arn);
    if (!isUsed(usage) || (after !== undefined && policy.name <= after)) continue;
    const version = {
      Document: encodedDocument(policy.document),
      VersionId: policy.version,
      IsDefaultVersion: true,
      CreateDate: policy.updatedAt,
    };
    yield [policy.name, { list: 'Policies', detail: { ...awsView(policy, usage), PolicyVersionList: [version] } }];
  }
}
