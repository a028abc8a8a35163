/** DescribeInstanceTypes and DescribeInstanceTypeOfferings. */
import type {
  DescribeInstanceTypeOfferingsRequest,
  DescribeInstanceTypeOfferingsResult,
  DescribeInstanceTypesRequest,
  DescribeInstanceTypesResult,
  InstanceTypeInfo,
  LocationType,
} from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { fail } from '#services/ec2/errors.ts';
import { compileFilters, type Fields } from '#services/ec2/filters.ts';
import {
  type InstanceType,
  instanceType,
  instanceTypes,
  mostVolumes,
  validCores,
} from '#services/ec2/instance-types/types.ts';
import { pageOf } from '#services/ec2/pages.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { zonesOf } from '#services/ec2/regions/zones.ts';
import { shownFields } from '#services/ec2/shown-fields.ts';

const FREE_TIER: ReadonlySet<string> = new Set(['t2.micro', 't3.micro', 't3.small']);

/** As AWS's model names a type. */
type Named = NonNullable<InstanceTypeInfo['InstanceType']>;

function shown(type: InstanceType): InstanceTypeInfo {
  const { family, vcpus, threadsPerCore } = type;
  const isNitro = family.hypervisor === 'nitro';
  return {
    // One of the model's names.
    InstanceType: type.name as Named,
    CurrentGeneration: family.isCurrent,
    FreeTierEligible: FREE_TIER.has(type.name),
    SupportedUsageClasses: ['on-demand'],
    SupportedRootDeviceTypes: ['ebs'],
    SupportedVirtualizationTypes: ['hvm'],
    BareMetal: false,
    Hypervisor: family.hypervisor,
    ProcessorInfo: {
      SupportedArchitectures: ['x86_64'],
      SustainedClockSpeedInGhz: type.clockGHz,
      Manufacturer: family.maker,
    },
    VCpuInfo: {
      DefaultVCpus: vcpus,
      DefaultCores: vcpus / threadsPerCore,
      DefaultThreadsPerCore: threadsPerCore,
      ...(isNitro && {
        ValidCores: [...validCores(type)],
        ValidThreadsPerCore: threadsPerCore === 2 ? [1, 2] : [1],
      }),
    },
    MemoryInfo: { SizeInMiB: type.memoryMiB },
    InstanceStorageSupported: false,
    EbsInfo: ebsShown(type),
    NetworkInfo: networkShown(type),
    PlacementGroupInfo: { SupportedStrategies: ['partition', 'spread'] },
    HibernationSupported: false,
    BurstablePerformanceSupported: family.isBurstable,
    DedicatedHostsSupported: false,
    AutoRecoverySupported: true,
    SupportedBootModes: ['legacy-bios'],
    NitroEnclavesSupport: 'unsupported',
    NitroTpmSupport: 'unsupported',
    PhcSupport: 'unsupported',
    RebootMigrationSupport: 'unsupported',
  };
}

const MBPS_PER_MEGABYTE = 8;

function ebsShown(type: InstanceType): NonNullable<InstanceTypeInfo['EbsInfo']> {
  const isNitro = type.family.hypervisor === 'nitro';
  const [baseMbps, mostMbps, baseIops, mostIops] = type.ebs ?? [0, 0, 0, 0];
  return {
    EbsOptimizedSupport: type.ebs === undefined ? 'unsupported' : 'default',
    EncryptionSupport: 'supported',
    NvmeSupport: 'unsupported',
    MaximumEbsAttachments: mostVolumes(type),
    AttachmentLimitType: isNitro ? 'shared' : 'dedicated',
    ...(type.ebs !== undefined && {
      EbsOptimizedInfo: {
        BaselineBandwidthInMbps: baseMbps,
        BaselineThroughputInMBps: baseMbps / MBPS_PER_MEGABYTE,
        BaselineIops: baseIops,
        MaximumBandwidthInMbps: mostMbps,
        MaximumThroughputInMBps: mostMbps / MBPS_PER_MEGABYTE,
        MaximumIops: mostIops,
      },
    }),
  };
}

function networkShown(type: InstanceType): NonNullable<InstanceTypeInfo['NetworkInfo']> {
  const { network, interfaces, addresses, family } = type;
  return {
    NetworkPerformance: network,
    MaximumNetworkInterfaces: interfaces,
    MaximumNetworkCards: 1,
    DefaultNetworkCardIndex: 0,
    NetworkCards: [{ NetworkCardIndex: 0, NetworkPerformance: network, MaximumNetworkInterfaces: interfaces }],
    Ipv4AddressesPerInterface: addresses,
    Ipv6AddressesPerInterface: 0,
    Ipv6Supported: false,
    EnaSupport: family.hypervisor === 'nitro' ? 'required' : 'unsupported',
    EfaSupported: false,
    EncryptionInTransitSupported: false,
    EnaSrdSupported: false,
  };
}

const EBS = 'EbsInfo.EbsOptimizedInfo';
const STORAGE = 'InstanceStorageInfo';
const NETWORK = 'NetworkInfo';

const FIELDS: Fields<InstanceTypeInfo> = shownFields((type) => type, {
  'auto-recovery-supported': 'AutoRecoverySupported',
  'bare-metal': 'BareMetal',
  'burstable-performance-supported': 'BurstablePerformanceSupported',
  'current-generation': 'CurrentGeneration',
  'dedicated-hosts-supported': 'DedicatedHostsSupported',
  'ebs-info.attachment-limit-type': 'EbsInfo.AttachmentLimitType',
  'ebs-info.maximum-ebs-attachments': 'EbsInfo.MaximumEbsAttachments',
  'ebs-info.ebs-optimized-info.baseline-bandwidth-in-mbps': `${EBS}.BaselineBandwidthInMbps`,
  'ebs-info.ebs-optimized-info.baseline-iops': `${EBS}.BaselineIops`,
  'ebs-info.ebs-optimized-info.baseline-throughput-in-mbps': `${EBS}.BaselineThroughputInMBps`,
  'ebs-info.ebs-optimized-info.maximum-bandwidth-in-mbps': `${EBS}.MaximumBandwidthInMbps`,
  'ebs-info.ebs-optimized-info.maximum-iops': `${EBS}.MaximumIops`,
  'ebs-info.ebs-optimized-info.maximum-throughput-in-mbps': `${EBS}.MaximumThroughputInMBps`,
  'ebs-info.ebs-optimized-support': 'EbsInfo.EbsOptimizedSupport',
  'ebs-info.encryption-support': 'EbsInfo.EncryptionSupport',
  'ebs-info.nvme-support': 'EbsInfo.NvmeSupport',
  'free-tier-eligible': 'FreeTierEligible',
  'hibernation-supported': 'HibernationSupported',
  hypervisor: 'Hypervisor',
  'instance-storage-info.disk.count': `${STORAGE}.Disks.Count`,
  'instance-storage-info.disk.size-in-gb': `${STORAGE}.Disks.SizeInGB`,
  'instance-storage-info.disk.type': `${STORAGE}.Disks.Type`,
  'instance-storage-info.encryption-support': `${STORAGE}.EncryptionSupport`,
  'instance-storage-info.nvme-support': `${STORAGE}.NvmeSupport`,
  'instance-storage-info.total-size-in-gb': `${STORAGE}.TotalSizeInGB`,
  'instance-storage-supported': 'InstanceStorageSupported',
  'instance-type': 'InstanceType',
  'memory-info.size-in-mib': 'MemoryInfo.SizeInMiB',
  'network-info.bandwidth-weightings': `${NETWORK}.BandwidthWeightings`,
  'network-info.efa-info.maximum-efa-interfaces': `${NETWORK}.EfaInfo.MaximumEfaInterfaces`,
  'network-info.efa-supported': `${NETWORK}.EfaSupported`,
  'network-info.ena-support': `${NETWORK}.EnaSupport`,
  'network-info.encryption-in-transit-supported': `${NETWORK}.EncryptionInTransitSupported`,
  'network-info.flexible-ena-queues-support': `${NETWORK}.FlexibleEnaQueuesSupport`,
  'network-info.ipv4-addresses-per-interface': `${NETWORK}.Ipv4AddressesPerInterface`,
  'network-info.ipv6-addresses-per-interface': `${NETWORK}.Ipv6AddressesPerInterface`,
  'network-info.ipv6-supported': `${NETWORK}.Ipv6Supported`,
  'network-info.maximum-network-cards': `${NETWORK}.MaximumNetworkCards`,
  'network-info.maximum-network-interfaces': `${NETWORK}.MaximumNetworkInterfaces`,
  'network-info.network-performance': `${NETWORK}.NetworkPerformance`,
  'nitro-enclaves-support': 'NitroEnclavesSupport',
  'nitro-tpm-support': 'NitroTpmSupport',
  'nitro-tpm-info.supported-versions': 'NitroTpmInfo.SupportedVersions',
  'processor-info.supported-architecture': 'ProcessorInfo.SupportedArchitectures',
  'processor-info.sustained-clock-speed-in-ghz': 'ProcessorInfo.SustainedClockSpeedInGhz',
  'processor-info.supported-features': 'ProcessorInfo.SupportedFeatures',
  'reboot-migration-support': 'RebootMigrationSupport',
  'supported-boot-mode': 'SupportedBootModes',
  'supported-root-device-type': 'SupportedRootDeviceTypes',
  'supported-usage-class': 'SupportedUsageClasses',
  'supported-virtualization-type': 'SupportedVirtualizationTypes',
  'vcpu-info.default-cores': 'VCpuInfo.DefaultCores',
  'vcpu-info.default-threads-per-core': 'VCpuInfo.DefaultThreadsPerCore',
  'vcpu-info.default-vcpus': 'VCpuInfo.DefaultVCpus',
  'vcpu-info.valid-cores': 'VCpuInfo.ValidCores',
  'vcpu-info.valid-threads-per-core': 'VCpuInfo.ValidThreadsPerCore',
});

export const describeInstanceTypes =
  ({ pages }: Ec2Parts) =>
  (input: DescribeInstanceTypesRequest, call: Call): DescribeInstanceTypesResult => {
    const { InstanceTypes: names = [], Filters: filters } = input;
    const named = names.map((name) => instanceType(name) ?? fail('NoSuchInstanceType', name));
    const passes = compileFilters(filters, FIELDS);
    const { items, more } = pageOf(pages, call, input, [names, filters], function* (position) {
      const all = [...(named.length > 0 ? new Set(named) : instanceTypes)];
      const from = all.findIndex(({ name }) => name === position) + 1;
      for (const type of all.slice(from)) {
        const item = shown(type);
        if (passes(item)) yield { item, position: type.name };
      }
    });
    return { InstanceTypes: [...items], ...more };
  };

interface Offering {
  readonly type: InstanceType;
  readonly location: string;
}

const OFFERING_FIELDS: Fields<Offering> = {
  'instance-type': ({ type }) => type.name,
  location: ({ location }) => location,
};

/** Every type is offered everywhere; whether there is room for it is another question. */
const locationsOf = (region: Call['region'], kind: LocationType): readonly string[] => {
  if (kind === 'region') return [region];
  const zones = zonesOf(region);
  if (kind === 'availability-zone') return zones.map(({ name }) => name);
  return kind === 'availability-zone-id' ? zones.map(({ id }) => id) : [];
};

export const describeInstanceTypeOfferings =
  ({ pages }: Ec2Parts) =>
  (input: DescribeInstanceTypeOfferingsRequest, call: Call): DescribeInstanceTypeOfferingsResult => {
    const { LocationType: kind = 'region', Filters: filters } = input;
    const passes = compileFilters(filters, OFFERING_FIELDS);
    const offerings = instanceTypes
      .flatMap((type) => locationsOf(call.region, kind).map((location): Offering => ({ type, location })))
      .filter(passes);
    const { items, more } = pageOf(pages, call, input, [kind, filters], function* (position) {
      for (let at = position === undefined ? 0 : Number(position) + 1; at < offerings.length; at++) {
        const item = offerings[at];
        if (item !== undefined) yield { item, position: String(at) };
      }
    });
    return {
      InstanceTypeOfferings: items.map(({ type, location }) => ({
        // One of the model's names.
        InstanceType: type.name as Named,
        LocationType: kind,
        Location: location,
      })),
      ...more,
    };
  };
