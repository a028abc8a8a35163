/** What policies may ask of volumes, snapshots and images (Service Authorization Reference, "Amazon EC2", by resource type). */
import type { CallScope, ConditionValues, Permission } from '#platform/service.ts';
import { tagsOf } from '#platform/tags.ts';
import { builtAmis } from '#services/ec2/images/built-images.ts';
import { images } from '#services/ec2/images/state.ts';
import { instanceKeys } from '#services/ec2/instances/permissions.ts';
import { instances } from '#services/ec2/instances/state.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { zonesOf } from '#services/ec2/regions/zones.ts';
import { resourceArn, resourceId, resourceType } from '#services/ec2/resources.ts';
import { snapshots } from '#services/ec2/snapshots/state.ts';
import { type VolumeShape, volumes } from '#services/ec2/volumes/state.ts';
import { isoTime } from '#services/ec2/volumes/view.ts';

type Scope = Pick<CallScope, 'account' | 'region'>;

export const volumeArn = (id: string, scope: Scope): string => resourceArn(scope, 'volume', id);
export const snapshotArn = (id: string, scope: Scope): string => resourceArn(scope, 'snapshot', id);
/** An image that is built here belongs to nobody of this cloud: its ARN has no account. */
export const imageArn = (id: string, scope: Scope): string => resourceArn({ ...scope, account: '' }, 'image', id);

interface AboutVolume extends Partial<Omit<VolumeShape, 'type'>> {
  readonly id?: string;
  readonly type: string;
  readonly zone: string | undefined;
  readonly isEncrypted: boolean;
  readonly kmsKey?: string | undefined;
  readonly snapshot?: string | undefined;
}

export const volumeKeys = (volume: AboutVolume, { account, region }: Scope): ConditionValues => ({
  'ec2:availabilityzone': volume.zone,
  'ec2:availabilityzoneid': zonesOf(region as CallScope['region']).find(({ name }) => name === volume.zone)?.id,
  'ec2:encrypted': String(volume.isEncrypted),
  'ec2:kmskeyid': volume.kmsKey,
  'ec2:parentsnapshot': volume.snapshot && snapshotArn(volume.snapshot, { account, region }),
  'ec2:volumeid': volume.id,
  'ec2:volumeiops': volume.iops === undefined ? undefined : String(volume.iops),
  'ec2:volumesize': volume.sizeGiB === undefined ? undefined : String(volume.sizeGiB),
  'ec2:volumethroughput': volume.throughputMiB === undefined ? undefined : String(volume.throughputMiB),
  'ec2:volumetype': volume.type,
});

/** Of whatever the permission is about. */
export const storageConditions =
  (parts: Ec2Parts) =>
  (_: unknown, scope: CallScope, { resource }: Permission): ConditionValues => {
    const id = resourceId(resource);
    const found = scope.read((tx): ConditionValues => {
      switch (resourceType(resource)) {
        case 'volume': {
          const row = volumes.find(tx, id);
          return row === undefined ? {} : volumeKeys({ ...row, isEncrypted: row.kmsKey !== undefined }, scope);
        }
        case 'snapshot': {
          const row = snapshots.find(tx, id);
          return row === undefined ? {} : snapshotKeys(row, scope);
        }
        case 'image':
          return imageKeys(parts, images.find(tx, id), id, scope);
        case 'instance': {
          const row = instances.find(tx, id);
          return row === undefined ? {} : instanceKeys(row, scope.region);
        }
        default:
          return {};
      }
    });
    const tags = scope.read((tx) => tagsOf(tx, resource));
    const tagged = Object.entries(tags).map(([key, value]) => [`ec2:resourcetag/${key.toLowerCase()}`, value]);
    return { 'ec2:region': scope.region, ...found, ...Object.fromEntries(tagged) };
  };

const snapshotKeys = (
  row: {
    readonly id: string;
    readonly volume: string;
    readonly sizeGiB: number;
    readonly startedAt: number;
    readonly kmsKey?: string;
  },
  scope: Scope,
): ConditionValues => ({
  'ec2:encrypted': String(row.kmsKey !== undefined),
  'ec2:owner': scope.account,
  'ec2:parentvolume': volumeArn(row.volume, scope),
  'ec2:snapshotid': row.id,
  'ec2:snapshottime': isoTime(row.startedAt),
  'ec2:volumesize': String(row.sizeGiB),
});

function imageKeys(
  parts: Ec2Parts,
  row: { readonly sharedWith: readonly string[] } | undefined,
  id: string,
  { account, region }: Scope,
): ConditionValues {
  const isBuilt = builtAmis(parts, region).some((ami) => ami.id === id);
  return {
    'ec2:imageid': id,
    'ec2:imagetype': 'machine',
    'ec2:owner': isBuilt ? 'amazon' : account,
    'ec2:public': String(isBuilt || row?.sharedWith.includes('all') === true),
    'ec2:rootdevicetype': 'ebs',
  };
}
