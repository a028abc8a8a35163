/**
 * What each type of volume may be: sizes, IOPS and throughput, and how they hang together (EBS User Guide, "Amazon EBS volume types";
 * API Reference, CreateVolume). Of some types IOPS are bought, of others they follow from the size. What the host holds a volume
 * to follows from this as well.
 */
import type { DiskLimits } from '#platform/compute/machine.ts';
import type { VolumeType } from '#platform/model/generated/ec2.ts';
import { fail } from '#services/ec2/errors.ts';
import type { VolumeShape } from '#services/ec2/volumes/state.ts';

interface Range {
  readonly least: number;
  readonly most: number;
}

interface TypeLimits {
  readonly sizeGiB: Range;
  /** To be bought; of the others they follow from the size. */
  readonly iops: (Range & { readonly perGiB: number; readonly byDefault?: number }) | ((sizeGiB: number) => number);
  readonly throughputMiB: (Range & { readonly perIops: number }) | ((sizeGiB: number, iops: number) => number);
  readonly mayBoot: boolean;
}

const TIB = 1024;
const clamp = (value: number, { least, most }: Range): number => Math.min(most, Math.max(least, value));

/** A burst of 3,000 IOPS lasts for half an hour on AWS, with credits that are earned; here small volumes always have it. */
const GP2_BURST = 3000;

const IO2_BOUNDS =
  'io2 volumes configured with greater than 64 TiB or 256K IOPS or 1000:1 IOPS:GB ratio are not supported.';

const LIMITS: Readonly<Record<VolumeType, TypeLimits>> = {
  gp2: {
    sizeGiB: { least: 1, most: 16 * TIB },
    iops: (size) => clamp(3 * size, { least: 100, most: 16_000 }),
    throughputMiB: (size) => (size <= 170 ? 128 : 250),
    mayBoot: true,
  },
  gp3: {
    sizeGiB: { least: 1, most: 64 * TIB },
    iops: { least: 3000, most: 80_000, perGiB: 500, byDefault: 3000 },
    throughputMiB: { least: 125, most: 2000, perIops: 0.25 },
    mayBoot: true,
  },
  io1: {
    sizeGiB: { least: 4, most: 16 * TIB },
    iops: { least: 100, most: 64_000, perGiB: 50 },
    throughputMiB: (_, iops) => (iops <= 32_000 ? Math.min(500, iops / 4) : Math.min(1000, iops / 64)),
    mayBoot: true,
  },
  io2: {
    sizeGiB: { least: 4, most: 64 * TIB },
    iops: { least: 100, most: 256_000, perGiB: 1000 },
    throughputMiB: (_, iops) => Math.min(4000, iops / 4),
    mayBoot: true,
  },
  st1: {
    sizeGiB: { least: 125, most: 16 * TIB },
    iops: () => 500,
    throughputMiB: (size) => Math.min(500, (250 * size) / TIB),
    mayBoot: false,
  },
  sc1: {
    sizeGiB: { least: 125, most: 16 * TIB },
    iops: () => 250,
    throughputMiB: (size) => Math.min(250, (80 * size) / TIB),
    mayBoot: false,
  },
  standard: {
    sizeGiB: { least: 1, most: TIB },
    iops: () => 100,
    throughputMiB: () => 90,
    mayBoot: true,
  },
};

export interface ShapeWish {
  readonly type: VolumeType;
  readonly sizeGiB: number;
  readonly iops?: number | undefined;
  readonly throughputMiB?: number | undefined;
}

/** Checked, with what was left out. */
export function shapeOf({ type, sizeGiB, iops, throughputMiB }: ShapeWish): VolumeShape {
  const { sizeGiB: sizes, ...limits } = LIMITS[type];
  if (sizeGiB < sizes.least) {
    fail('WrongShape', `Volume of ${sizeGiB}GiB is too small for volume type ${type}; minimum is ${sizes.least}GiB.`);
  }
  if (sizeGiB > sizes.most) {
    fail('WrongShape', `Volume of ${sizeGiB}GiB is too large for volume type ${type}; maximum is ${sizes.most}GiB.`);
  }
  const given = iopsOf(type, limits.iops, sizeGiB, iops);
  return { type, sizeGiB, iops: given, ...throughputOf(type, limits.throughputMiB, given, throughputMiB) };
}

function iopsOf(type: VolumeType, limit: TypeLimits['iops'], sizeGiB: number, wish: number | undefined): number {
  if (typeof limit === 'function') {
    if (wish === undefined) return limit(sizeGiB);
    return fail('ShapeCombination', `The parameter iops is not supported for ${type} volumes.`);
  }
  const iops =
    wish ?? limit.byDefault ?? fail('ShapeCombination', `The parameter iops must be specified for ${type} volumes.`);
  if (iops < limit.least) fail('WrongShape', `Volume iops of ${iops} is too low; minimum is ${limit.least}.`);
  if (iops > limit.most) fail('WrongShape', `Volume iops of ${iops} is too high; maximum is ${limit.most}.`);
  const ratio = iops / sizeGiB;
  // What comes with every gp3 volume, however small, is not bought.
  if (ratio > limit.perGiB && iops !== limit.byDefault) {
    if (type === 'io2') fail('ShapeCombination', IO2_BOUNDS);
    fail('WrongShape', `Iops to volume size ratio of ${ratio.toFixed(6)} is too high; maximum is ${limit.perGiB}`);
  }
  return iops;
}

function throughputOf(
  type: VolumeType,
  limit: TypeLimits['throughputMiB'],
  iops: number,
  wish: number | undefined,
): { readonly throughputMiB?: number } {
  if (typeof limit === 'function') {
    if (wish === undefined) return {};
    return fail('ShapeCombination', `The parameter throughput is not supported for ${type} volumes.`);
  }
  const throughputMiB = wish ?? limit.least;
  if (throughputMiB < limit.least) {
    fail('WrongShape', `Volume throughput of ${throughputMiB} is too low; minimum is ${limit.least}.`);
  }
  if (throughputMiB > limit.most) {
    fail('WrongShape', `Volume throughput of ${throughputMiB} is too high; maximum is ${limit.most}.`);
  }
  const ratio = throughputMiB / iops;
  if (ratio > limit.perIops) {
    fail(
      'WrongShape',
      `Throughput (MiBps) to iops ratio of ${ratio.toFixed(6)} is too high; maximum is ${limit.perIops.toFixed(6)} MiBps per iops.`,
    );
  }
  return { throughputMiB };
}

export const mayBoot = (type: VolumeType): boolean => LIMITS[type].mayBoot;

/** Of these a buyer says how many IOPS. */
export const sellsIops = (type: VolumeType): boolean => typeof LIMITS[type].iops !== 'function';
export const sellsThroughput = (type: VolumeType): boolean => typeof LIMITS[type].throughputMiB !== 'function';

const MIB = 1024 * 1024;

/** What the host lets a machine do with it. */
export function diskLimits({ type, sizeGiB, iops, throughputMiB }: VolumeShape): DiskLimits {
  const limit = LIMITS[type].throughputMiB;
  const mib = typeof limit === 'function' ? limit(sizeGiB, iops) : (throughputMiB ?? limit.least);
  return { iops: type === 'gp2' ? Math.max(iops, GP2_BURST) : iops, bytesPerSecond: Math.floor(mib * MIB) };
}
