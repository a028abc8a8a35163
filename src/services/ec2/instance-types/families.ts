/**
 * The families of instance types that this cloud has: those of AWS's current and common ones whose processors are of the x86 kind, as hosts'
 * are. Figures are AWS's, so that what is sized for AWS is sized for here: processors and memory are given as they stand, network and EBS
 * figures tell what AWS's do. They were held against the User Guide (general purpose, compute and memory optimized instances; IP addresses per
 * network interface; EBS-optimized instances) as of June 2023. Processors, clocks, memory, networks, interfaces, addresses, hypervisors and the
 * most bandwidth to EBS were held against what DescribeInstanceTypes answers, as AWS's own projects keep it (Karpenter's list of instance types,
 * August 2026; limits.go of the VPC resource controller, October 2025): so the seventh generation is right in these, and its IOPS and
 * baselines to EBS, as well as R6a's since it has more than in 2023, are those of the sixth.
 */

/** Size, vCPUs, memory in GiB, network interfaces, IPv4 addresses of each, network performance, EBS: see `EbsFigures`. */
export type SizeFigures = readonly [
  size: string,
  vcpus: number,
  memoryGiB: number,
  interfaces: number,
  addresses: number,
  network: string,
  ebs?: EbsFigures | undefined,
];

/** Baseline and maximum: bandwidth in Mbps, IOPS. */
type EbsFigures = readonly [baseMbps: number, mostMbps: number, baseIops: number, mostIops: number];

export interface Family {
  readonly name: string;
  readonly clockGHz: number;
  /** Of sizes that have another one. */
  readonly clocks?: Readonly<Record<string, number>>;
  readonly maker: 'Intel' | 'AMD';
  readonly hypervisor: 'nitro' | 'xen';
  readonly isBurstable: boolean;
  readonly isCurrent: boolean;
  readonly sizes: readonly SizeFigures[];
}

// biome-ignore format: a table
const T2: readonly SizeFigures[] = [
  ['nano',    1, 0.5, 2,  2, 'Low to Moderate'],
  ['micro',   1,   1, 2,  2, 'Low to Moderate'],
  ['small',   1,   2, 3,  4, 'Low to Moderate'],
  ['medium',  2,   4, 3,  6, 'Low to Moderate'],
  ['large',   2,   8, 3, 12, 'Low to Moderate'],
  ['xlarge',  4,  16, 3, 15, 'Moderate'],
  ['2xlarge', 8,  32, 3, 15, 'Moderate'],
];

const UP_TO_5 = 'Up to 5 Gigabit';
// biome-ignore format: a table
const T3: readonly SizeFigures[] = [
  ['nano',    2, 0.5, 2,  2, UP_TO_5, [43, 2085, 250, 11_800]],
  ['micro',   2,   1, 2,  2, UP_TO_5, [87, 2085, 500, 11_800]],
  ['small',   2,   2, 3,  4, UP_TO_5, [174, 2085, 1000, 11_800]],
  ['medium',  2,   4, 3,  6, UP_TO_5, [347, 2085, 2000, 11_800]],
  ['large',   2,   8, 3, 12, UP_TO_5, [695, 2780, 4000, 15_700]],
  ['xlarge',  4,  16, 4, 15, UP_TO_5, [695, 2780, 4000, 15_700]],
  ['2xlarge', 8,  32, 4, 15, UP_TO_5, [695, 2780, 4000, 15_700]],
];
// biome-ignore format: a table
const T3A: readonly SizeFigures[] = [
  ['nano',    2, 0.5, 2,  2, UP_TO_5, [45, 2085, 250, 11_800]],
  ['micro',   2,   1, 2,  2, UP_TO_5, [90, 2085, 500, 11_800]],
  ['small',   2,   2, 2,  4, UP_TO_5, [175, 2085, 1000, 11_800]],
  ['medium',  2,   4, 3,  6, UP_TO_5, [350, 2085, 2000, 11_800]],
  ...T3.slice(4),
];

const UP_TO_10 = 'Up to 10 Gigabit';
const UP_TO_12 = 'Up to 12.5 Gigabit';

/** Size, vCPUs, interfaces, addresses, network, EBS: memory is so much for each vCPU. */
type Scaled = readonly [string, number, number, number, string, EbsFigures];

const sized = (memoryOfVcpu: number, sizes: readonly Scaled[]): readonly SizeFigures[] =>
  sizes.map(([size, vcpus, interfaces, addresses, network, ebs]) => [
    size,
    vcpus,
    vcpus * memoryOfVcpu,
    interfaces,
    addresses,
    network,
    ebs,
  ]);

// biome-ignore format: a table
const FIFTH: readonly Scaled[] = [
  ['large',     2,  3, 10, UP_TO_10,     [650, 4750, 3600, 18_750]],
  ['xlarge',    4,  4, 15, UP_TO_10,     [1150, 4750, 6000, 18_750]],
  ['2xlarge',   8,  4, 15, UP_TO_10,     [2300, 4750, 12_000, 18_750]],
  ['4xlarge',  16,  8, 30, UP_TO_10,     [4750, 4750, 18_750, 18_750]],
  ['8xlarge',  32,  8, 30, '10 Gigabit', [6800, 6800, 30_000, 30_000]],
  ['12xlarge', 48,  8, 30, '12 Gigabit', [9500, 9500, 40_000, 40_000]],
  ['16xlarge', 64, 15, 50, '20 Gigabit', [13_600, 13_600, 60_000, 60_000]],
  ['24xlarge', 96, 15, 50, '25 Gigabit', [19_000, 19_000, 80_000, 80_000]],
];

// biome-ignore format: a table
const C5: readonly SizeFigures[] = [
  ['large',     2,   4,  3, 10, UP_TO_10,     [650, 4750, 4000, 20_000]],
  ['xlarge',    4,   8,  4, 15, UP_TO_10,     [1150, 4750, 6000, 20_000]],
  ['2xlarge',   8,  16,  4, 15, UP_TO_10,     [2300, 4750, 10_000, 20_000]],
  ['4xlarge',  16,  32,  8, 30, UP_TO_10,     [4750, 4750, 20_000, 20_000]],
  ['9xlarge',  36,  72,  8, 30, '12 Gigabit', [9500, 9500, 40_000, 40_000]],
  ['12xlarge', 48,  96,  8, 30, '12 Gigabit', [9500, 9500, 40_000, 40_000]],
  ['18xlarge', 72, 144, 15, 50, '25 Gigabit', [19_000, 19_000, 80_000, 80_000]],
  ['24xlarge', 96, 192, 15, 50, '25 Gigabit', [19_000, 19_000, 80_000, 80_000]],
];

// biome-ignore format: a table
const SIXTH: readonly Scaled[] = [
  ['large',     2,  3, 10, UP_TO_12,        [650, 10_000, 3600, 40_000]],
  ['xlarge',    4,  4, 15, UP_TO_12,        [1250, 10_000, 6000, 40_000]],
  ['2xlarge',   8,  4, 15, UP_TO_12,        [2500, 10_000, 12_000, 40_000]],
  ['4xlarge',  16,  8, 30, UP_TO_12,        [5000, 10_000, 20_000, 40_000]],
  ['8xlarge',  32,  8, 30, '12.5 Gigabit',  [10_000, 10_000, 40_000, 40_000]],
  ['12xlarge', 48,  8, 30, '18.75 Gigabit', [15_000, 15_000, 60_000, 60_000]],
  ['16xlarge', 64, 15, 50, '25 Gigabit',    [20_000, 20_000, 80_000, 80_000]],
  ['24xlarge', 96, 15, 50, '37.5 Gigabit',  [30_000, 30_000, 120_000, 120_000]],
];
const LARGEST_SIXTH: Scaled = ['32xlarge', 128, 15, 50, '50 Gigabit', [40_000, 40_000, 160_000, 160_000]];
const LARGEST_SEVENTH: Scaled = ['48xlarge', 192, 15, 50, '50 Gigabit', [40_000, 40_000, 240_000, 240_000]];
const SIXTH_INTEL = [...SIXTH, LARGEST_SIXTH];
const SIXTH_AMD = [...SIXTH_INTEL, LARGEST_SEVENTH];
const SEVENTH = [...SIXTH, LARGEST_SEVENTH];

const family = (
  name: string,
  maker: Family['maker'],
  clockGHz: number,
  sizes: readonly SizeFigures[],
  more: Partial<Family> = {},
): Family => ({ name, maker, clockGHz, sizes, hypervisor: 'nitro', isBurstable: false, isCurrent: true, ...more });

// biome-ignore format: a table
export const FAMILIES: readonly Family[] = [
  family('t2',  'Intel', 2.3, T2, { hypervisor: 'xen', isBurstable: true, clocks: { nano: 2.4, micro: 2.5, small: 2.5 } }),
  family('t3',  'Intel', 2.5, T3,  { isBurstable: true }),
  family('t3a', 'AMD',   2.2, T3A, { isBurstable: true }),
  family('m5',  'Intel', 3.1, sized(4, FIFTH)),
  family('m6i', 'Intel', 3.5, sized(4, SIXTH_INTEL)),
  family('m6a', 'AMD',   3.6, sized(4, SIXTH_AMD)),
  family('m7i', 'Intel', 3.2, sized(4, SEVENTH)),
  family('c5',  'Intel', 3.4, C5, { clocks: { '12xlarge': 3.6, '24xlarge': 3.6 } }),
  family('c6i', 'Intel', 3.5, sized(2, SIXTH_INTEL)),
  family('c6a', 'AMD',   3.6, sized(2, SIXTH_AMD)),
  family('c7i', 'Intel', 3.2, sized(2, SEVENTH)),
  family('r5',  'Intel', 3.1, sized(8, FIFTH)),
  family('r6i', 'Intel', 3.5, sized(8, SIXTH_INTEL)),
  family('r6a', 'AMD',   3.6, sized(8, SIXTH_AMD)),
  family('r7i', 'Intel', 3.2, sized(8, SEVENTH)),
];
