/** Security groups by id, or by the name that one of the default VPC has; and what rules refer to. */
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { findPrefixList } from '#services/ec2/prefix-lists/find-list.ts';
import type { Referred } from '#services/ec2/security-groups/rules.ts';
import { type SecurityGroupRow, securityGroups } from '#services/ec2/security-groups/state.ts';
import { findDefaultVpc } from '#services/ec2/vpcs/make-vpc.ts';

export const findGroup = (tx: ReadTransaction, id: string): SecurityGroupRow =>
  securityGroups.find(tx, id) ?? fail('NoSuchGroup', id);

const groupsOf = (tx: ReadTransaction, vpc: string): SecurityGroupRow[] =>
  securityGroups.all(tx).filter((group) => group.vpc === vpc);

export const groupNamed = (tx: ReadTransaction, vpc: string, name: string): SecurityGroupRow | undefined =>
  groupsOf(tx, vpc).find((group) => group.name === name);

/** Throws InvalidGroup.NotFound: names go for the default VPC only. */
export function defaultVpcGroup(tx: ReadTransaction, name: string): SecurityGroupRow {
  const vpc = findDefaultVpc(tx)?.id;
  return (vpc === undefined ? undefined : groupNamed(tx, vpc, name)) ?? fail('NoSuchGroup', name);
}

export interface GivenGroup {
  readonly GroupId?: string;
  readonly GroupName?: string;
}

export function givenGroup(tx: ReadTransaction, { GroupId: id, GroupName: name }: GivenGroup): SecurityGroupRow {
  if (id !== undefined && id !== '') return findGroup(tx, id);
  if (name !== undefined && name !== '') return defaultVpcGroup(tx, name);
  return fail('MissingParameter', 'groupId');
}

/** The id of the group that an input names, for permissions; undefined of one that is not there. */
export function givenGroupId(tx: ReadTransaction, { GroupId: id, GroupName: name }: GivenGroup): string | undefined {
  if (id !== undefined || name === undefined) return id;
  const vpc = findDefaultVpc(tx)?.id;
  return vpc === undefined ? undefined : groupNamed(tx, vpc, name)?.id;
}

export const referredFrom = ({ tx, account, region }: Call, { vpc }: SecurityGroupRow): Referred => ({
  group({ id, name, account: owner = account }) {
    const asked = id ?? name ?? fail('MissingParameter', 'groupId');
    // Groups of other accounts and VPCs can be referred to across a peering connection; there are none.
    const row = owner === account ? findReferred(asked) : undefined;
    if (row === undefined) return fail('NoSuchGroup', asked);
    if (row.vpc !== vpc) fail('GroupInOtherNetwork');
    return { kind: 'group', group: row.id, account };

    function findReferred(text: string): SecurityGroupRow | undefined {
      return id === undefined ? groupNamed(tx, vpc, text) : securityGroups.find(tx, text);
    }
  },
  list: (id) => ({ kind: 'prefix-list', list: findPrefixList(tx, region, id).id }),
});
