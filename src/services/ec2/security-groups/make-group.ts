/** A new security group; every VPC has one of the name `default`, which comes with it and goes with it. */
import type { Transaction } from '#platform/store/store.ts';
import { newId } from '#services/ec2/resources.ts';
import { type SecurityGroupRow, type SecurityGroupRule, securityGroups } from '#services/ec2/security-groups/state.ts';

export const DEFAULT_GROUP = 'default';

const everything = { protocol: '-1' } as const;

/** "By default, a security group allows all outbound traffic." */
const allOut = (): SecurityGroupRule => ({
  id: newId('sgr'),
  isEgress: true,
  ...everything,
  peer: { kind: 'ipv4', cidr: '0.0.0.0/0' },
});

export function makeGroup(tx: Transaction, draft: Pick<SecurityGroupRow, 'vpc' | 'name' | 'description'>): string {
  const id = newId('sg');
  securityGroups.put(tx, { id, ...draft, rules: [allOut()] });
  return id;
}

/** Its members reach one another ("Default security groups for your VPCs"). */
export function makeDefaultGroup(tx: Transaction, vpc: string, account: string): void {
  const id = newId('sg');
  const fromMembers: SecurityGroupRule = {
    id: newId('sgr'),
    isEgress: false,
    ...everything,
    peer: { kind: 'group', group: id, account },
  };
  const rules = [fromMembers, allOut()];
  securityGroups.put(tx, { id, vpc, name: DEFAULT_GROUP, description: 'default VPC security group', rules });
}
