/** Managed policies attached to users, roles and groups, and the way back from a policy to them. */
import type * as Model from '#platform/model/generated/iam.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Call } from '#platform/service.ts';
import { limitExceeded, noSuchPolicy, notAttachable, notAttached } from '#services/iam/errors.ts';
import { identitiesChanged } from '#services/iam/identity/memory.ts';
import { nameOfArn } from '#services/iam/names.ts';
import { GROUP, type Owner, type OwnerRow, ownerOf, ROLE, USER } from '#services/iam/owners.ts';
import { counted, type PageEnd, type PageInput, pageOf } from '#services/iam/paging.ts';
import { awsManagedPolicy } from '#services/iam/policies/aws-managed.ts';
import { checkPolicyArn, managedDocument, requirePolicy } from '#services/iam/policies/managed-policies.ts';
import { attachedTo, attachments, boundaryOf, EMPTY, entities } from '#services/iam/state.ts';

type Attached = { readonly PolicyArn: string };

export const attach =
  <In, Row extends OwnerRow>(owner: Owner<In, Row>) =>
  (input: In & Attached, call: Call): void => {
    const { tx, account } = call;
    const { id } = ownerOf(tx, owner, input);
    const arn = input.PolicyArn;
    checkPolicyArn(arn);
    if (managedDocument(tx, account, arn) === undefined) noSuchPolicy(arn);
    if (awsManagedPolicy(arn)?.isAttachable === false) notAttachable(owner.noun);
    const key = attachments.key(id, arn);
    if (tx.get(attachments, key)) return;
    const { limit, quota } = owner.attachments;
    const most = call.quota(quota);
    if (tx.range(attachments, { prefix: [id] }).length >= most) limitExceeded(limit, most);
    tx.put(attachments, key, EMPTY);
    tx.put(attachedTo, attachedTo.key(arn, id), EMPTY);
    identitiesChanged(tx);
  };

export const detach =
  <In, Row extends OwnerRow>(owner: Owner<In, Row>) =>
  (input: In & Attached, { tx }: Call): void => {
    const { id } = ownerOf(tx, owner, input);
    const arn = input.PolicyArn;
    checkPolicyArn(arn);
    const key = attachments.key(id, arn);
    if (!tx.get(attachments, key)) notAttached(arn);
    tx.delete(attachments, key);
    tx.delete(attachedTo, attachedTo.key(arn, id));
    identitiesChanged(tx);
  };

export const listAttached =
  <In, Row extends OwnerRow>(pages: PageTokens, owner: Owner<In, Row>) =>
  (
    input: In & PageInput & { readonly PathPrefix?: string },
    call: Call,
  ): { AttachedPolicies: Model.AttachedPolicy[] } & PageEnd => {
    const { id } = ownerOf(call.tx, owner, input);
    const { PathPrefix: prefix = '/' } = input;
    const arns = call.tx
      .range(attachments, { prefix: [id] })
      .map(({ key }) => attachments.parts(key)[1])
      .filter((arn) => arn.slice(arn.indexOf(':policy/') + ':policy'.length).startsWith(prefix));
    const { items, end } = pageOf(pages, call, input, [id, prefix], counted(arns));
    return { AttachedPolicies: items.map((arn) => ({ PolicyName: nameOfArn(arn), PolicyArn: arn })), ...end };
  };

interface Entity {
  readonly kind: 'user' | 'role' | 'group';
  readonly row: OwnerRow;
}

function entitiesOf(call: Call, arn: string, usage: Model.PolicyUsageType | undefined): Entity[] {
  const { tx } = call;
  const attached = tx.range(attachedTo, { prefix: [arn] }).map(({ key }) => attachedTo.parts(key)[1]);
  const bounded = tx.range(boundaryOf, { prefix: [arn] }).map(({ key }) => boundaryOf.parts(key)[1]);
  const ids = new Set([
    ...(usage === 'PermissionsBoundary' ? [] : attached),
    ...(usage === 'PermissionsPolicy' ? [] : bounded),
  ]);
  return [...ids].flatMap((id) => {
    const entity = tx.get(entities, entities.key(id));
    if (!entity) return [];
    const { table } = { user: USER, role: ROLE, group: GROUP }[entity.kind];
    const row = tx.get<OwnerRow>(table, table.key(entity.name));
    return row ? [{ kind: entity.kind, row }] : [];
  });
}

export const listEntitiesForPolicy =
  (pages: PageTokens) =>
  (input: Model.ListEntitiesForPolicyRequest, call: Call): Model.ListEntitiesForPolicyResponse => {
    const { PolicyArn: arn, EntityFilter: filter, PathPrefix: prefix = '/', PolicyUsageFilter: usage } = input;
    requirePolicy(call.tx, call.account, arn);
    const kinds: Readonly<Record<string, string>> = { User: 'user', Role: 'role', Group: 'group' };
    const isAsked = ({ kind, row }: Entity): boolean =>
      (filter === undefined || kinds[filter] === kind) && row.path.startsWith(prefix);
    const all = entitiesOf(call, arn, usage).filter(isAsked);
    const { items, end } = pageOf(pages, call, input, [arn, filter, prefix, usage], counted(all));
    const of = (kind: Entity['kind']) => items.filter((entity) => entity.kind === kind).map(({ row }) => row);
    return {
      PolicyGroups: of('group').map(({ name, id }) => ({ GroupName: name, GroupId: id })),
      PolicyUsers: of('user').map(({ name, id }) => ({ UserName: name, UserId: id })),
      PolicyRoles: of('role').map(({ name, id }) => ({ RoleName: name, RoleId: id })),
      ...end,
    };
  };
