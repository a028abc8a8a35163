/**
 * What a launch asks for: the request, over the launch template that it names. What this cloud can't give is refused as a whole, rather
 * than left out quietly.
 */
import type { RequestLaunchTemplateData, RunInstancesRequest } from '#platform/model/generated/ec2.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { type UsedTemplate, usedTemplate } from '#services/ec2/launch-templates/find.ts';

export interface LaunchRequest {
  readonly wanted: RunInstancesRequest;
  readonly template: UsedTemplate | undefined;
}

export function launchRequest(tx: ReadTransaction, input: RunInstancesRequest): LaunchRequest {
  const template = input.LaunchTemplate && usedTemplate(tx, input.LaunchTemplate);
  const wanted = template === undefined ? input : over(template.data, input);
  refuseUnsupported(wanted);
  return { wanted, template };
}

/** "Any parameters that you specify in RunInstances override the same parameters in the launch template." */
function over(data: RequestLaunchTemplateData, input: RunInstancesRequest): RunInstancesRequest {
  const { ElasticGpuSpecifications: gpus, RamDiskId: ramdisk, InstanceRequirements, ...same } = data;
  if (InstanceRequirements !== undefined && input.InstanceType === undefined) {
    fail('InvalidCombination', 'A launch template with InstanceRequirements can be used by fleets alone.');
  }
  const renamed = { ...(gpus && { ElasticGpuSpecification: gpus }), ...(ramdisk && { RamdiskId: ramdisk }) };
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  // All else has the same names and, but for how the model calls them, the same types.
  return { ...(same as Partial<RunInstancesRequest>), ...renamed, ...given } as RunInstancesRequest;
}

type Wanted = RunInstancesRequest;

/** What makes a request one that this cloud can't fulfil, and why. */
const UNSUPPORTED: readonly (readonly [(wanted: Wanted) => boolean, string])[] = [
  [
    ({ InstanceMarketOptions: market }) => market?.MarketType !== undefined && market.MarketType !== 'on-demand',
    'Only On-Demand Instances can be launched here.',
  ],
  [({ HibernationOptions: options }) => options?.Configured === true, 'Hibernation is not supported here.'],
  [({ EnclaveOptions: options }) => options?.Enabled === true, 'Enclaves are not supported here.'],
  [
    ({ Ipv6AddressCount: count = 0, Ipv6Addresses: list = [] }) => count > 0 || list.length > 0,
    'There is no IPv6 here.',
  ],
  [({ ElasticGpuSpecification: list = [] }) => list.length > 0, 'Elastic GPUs are not supported here.'],
  [({ ElasticInferenceAccelerators: list = [] }) => list.length > 0, 'Elastic Inference is not supported here.'],
  [({ LicenseSpecifications: list = [] }) => list.length > 0, 'License configurations are not supported here.'],
  [({ SecondaryInterfaces: list = [] }) => list.length > 0, 'Secondary interfaces are not supported here.'],
  [({ KernelId, RamdiskId }) => KernelId !== undefined || RamdiskId !== undefined, 'An image has its own kernel here.'],
  [
    ({ Placement: place }) => place?.Tenancy !== undefined && place.Tenancy !== 'default',
    'Only default tenancy is supported here.',
  ],
  [
    ({ Placement: place }) => (place?.HostId ?? place?.HostResourceGroupArn) !== undefined,
    'Dedicated Hosts are not supported here.',
  ],
  [
    ({ Placement: place }) => (place?.GroupName ?? place?.GroupId) !== undefined,
    'Placement groups are not supported here.',
  ],
  [
    ({ CapacityReservationSpecification: spec }) => spec?.CapacityReservationTarget !== undefined,
    'Capacity Reservations are not supported here.',
  ],
];

function refuseUnsupported(wanted: Wanted): void {
  for (const [isAsked, why] of UNSUPPORTED) if (isAsked(wanted)) fail('Unsupported', why);
}
