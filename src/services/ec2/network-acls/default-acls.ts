/**
 * The network ACL that every VPC comes with: it lets everything through, as a host does. It is no row, and has its VPC's digits, and
 * its associations those of the subnets. Others can't be made yet.
 */
import type { ReadTransaction } from '#platform/store/store.ts';
import { vpcs } from '#services/ec2/vpcs/state.ts';

export interface DefaultAcl {
  readonly id: string;
  readonly vpc: string;
}

export const sameDigits = (id: string, prefix: string): string => prefix + id.slice(id.indexOf('-'));

export const defaultAclOf = (vpc: string): string => sameDigits(vpc, 'acl');

export const defaultAcls = {
  find(tx: ReadTransaction, id: string): DefaultAcl | undefined {
    const vpc = vpcs.find(tx, sameDigits(id, 'vpc'))?.id;
    return vpc === undefined || !id.startsWith('acl-') ? undefined : { id, vpc };
  },
  all: (tx: ReadTransaction): DefaultAcl[] => vpcs.all(tx).map(({ id }) => ({ id: defaultAclOf(id), vpc: id })),
};
