/**
 * What EC2's resources have in common: an id with the type's prefix, by which CreateTags and others know the type, and an ARN of
 * type and id, under which the platform keeps their tags. Each noun adds a row to RESOURCES.
 */
import { formatArn } from '#platform/base/arn.ts';
import { hexId } from '#platform/base/ids.ts';
import type { ResourceType } from '#platform/model/generated/ec2.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { INSTANCE_RESOURCES } from '#services/ec2/instance-resources.ts';
import { findKeyPairById } from '#services/ec2/key-pairs/state.ts';
import { NETWORK_RESOURCES } from '#services/ec2/network-resources.ts';
import { STORAGE_RESOURCES } from '#services/ec2/storage-resources.ts';

export interface ResourceKind {
  readonly type: ResourceType;
  readonly exists: (tx: ReadTransaction, id: string) => boolean;
  readonly absent: (id: string) => never;
}

/** Prefix of the id -> kind. */
const RESOURCES: Readonly<Record<string, ResourceKind>> = {
  ...INSTANCE_RESOURCES,
  ...NETWORK_RESOURCES,
  ...STORAGE_RESOURCES,
  key: {
    type: 'key-pair',
    exists: (tx, id) => findKeyPairById(tx, id) !== undefined,
    absent: (id) => fail('NoSuchKeyPair', id),
  },
};

/** Eight digits were the form until 2018. */
const FORM = /^([a-z]+(?:-[a-z]+)*)-[0-9a-f]{8}(?:[0-9a-f]{9})?$/;

/** `key-0123456789abcdef0` */
export const newId = (prefix: string): string => `${prefix}-0${hexId(8)}`;

interface Place {
  readonly region: string;
  readonly account: string;
}

export const resourceArn = ({ region, account }: Place, type: ResourceType, id: string): string =>
  formatArn('ec2', region, account, `${type}/${id}`);

export const resourceId = (arn: string): string => arn.slice(arn.indexOf('/') + 1);

/** The ARN. Throws InvalidID, or the error of a resource of this type that is not there. */
export function findResource(tx: ReadTransaction, id: string): string {
  const kind = RESOURCES[FORM.exec(id)?.[1] ?? ''] ?? fail('InvalidId', id);
  return kind.exists(tx, id) ? resourceArn(tx.partition.name, kind.type, id) : kind.absent(id);
}

/** What an ARN of EC2's names. */
export const resourceType = (arn: string): string => arn.slice(arn.lastIndexOf(':') + 1, arn.indexOf('/'));
