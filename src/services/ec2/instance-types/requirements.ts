/** GetInstanceTypesFromInstanceRequirements: the types that have what is asked for ("Attribute-based instance type selection"). */
import type {
  GetInstanceTypesFromInstanceRequirementsRequest,
  GetInstanceTypesFromInstanceRequirementsResult,
  InstanceRequirementsRequest,
} from '#platform/model/generated/ec2.ts';
import { compileGlob } from '#platform/policy/match.ts';
import type { Call } from '#platform/service.ts';
import { fail } from '#services/ec2/errors.ts';
import { type InstanceType, instanceTypes } from '#services/ec2/instance-types/types.ts';
import { pageOf } from '#services/ec2/pages.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';

interface Bounds {
  readonly Min?: number;
  readonly Max?: number;
}

const isWithin = (value: number, bounds: Bounds | undefined): boolean =>
  value >= (bounds?.Min ?? 0) && value <= (bounds?.Max ?? Number.POSITIVE_INFINITY);

const isLike = (name: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => compileGlob([{ text: pattern, wild: true }], 'plain')(name));

/** `included` is both, `required` that alone, `excluded` the others: what is left out is as AWS's default. */
const suits = (has: boolean, wish: 'included' | 'required' | 'excluded' | undefined): boolean =>
  wish === 'included' || has === (wish === 'required');

type Test = (type: InstanceType, wanted: InstanceRequirementsRequest) => boolean;

const TESTS: readonly Test[] = [
  ({ vcpus }, { VCpuCount: bounds }) => isWithin(vcpus, bounds),
  ({ memoryMiB }, { MemoryMiB: bounds }) => isWithin(memoryMiB, bounds),
  ({ memoryMiB, vcpus }, { MemoryGiBPerVCpu: bounds }) => isWithin(memoryMiB / 1024 / vcpus, bounds),
  ({ interfaces }, { NetworkInterfaceCount: bounds }) => isWithin(interfaces, bounds),
  ({ ebs }, { BaselineEbsBandwidthMbps: bounds }) => isWithin(ebs?.[0] ?? 0, bounds),
  ({ family }, { CpuManufacturers: makers = [] }) =>
    makers.length === 0 || makers.some((maker) => maker === family.maker.toLowerCase()),
  ({ family }, { InstanceGenerations: generations = [] }) =>
    generations.length === 0 || generations.includes(family.isCurrent ? 'current' : 'previous'),
  ({ family }, { BurstablePerformance: wish }) => suits(family.isBurstable, wish),
  ({ name }, { AllowedInstanceTypes: allowed = [] }) => allowed.length === 0 || isLike(name, allowed),
  ({ name }, { ExcludedInstanceTypes: excluded = [] }) => !isLike(name, excluded),
  // No type here is a whole machine, has accelerators or disks of its own, hibernates, or encrypts what it sends.
  (_, { BareMetal: wish }) => wish !== 'required',
  (_, { LocalStorage: wish }) => wish !== 'required',
  (_, { AcceleratorCount: bounds }) => isWithin(0, bounds),
  (_, { RequireHibernateSupport: isNeeded, RequireEncryptionInTransit: isEncrypted }) => !isNeeded && !isEncrypted,
];

export const getInstanceTypesFromInstanceRequirements =
  ({ pages }: Ec2Parts) =>
  (
    input: GetInstanceTypesFromInstanceRequirementsRequest,
    call: Call,
  ): GetInstanceTypesFromInstanceRequirementsResult => {
    const { ArchitectureTypes: architectures, VirtualizationTypes: kinds, InstanceRequirements: wanted } = input;
    if ((wanted.AllowedInstanceTypes?.length ?? 0) > 0 && (wanted.ExcludedInstanceTypes?.length ?? 0) > 0) {
      fail('InvalidCombination', 'AllowedInstanceTypes and ExcludedInstanceTypes can not be specified together.');
    }
    const isPossible = architectures.includes('x86_64') && kinds.includes('hvm');
    const found = isPossible ? instanceTypes.filter((type) => TESTS.every((test) => test(type, wanted))) : [];
    const { items, more } = pageOf(pages, call, input, [architectures, kinds, wanted], function* (position) {
      const from = found.findIndex(({ name }) => name === position) + 1;
      for (const { name } of found.slice(from)) yield { item: { InstanceType: name }, position: name };
    });
    return { InstanceTypes: [...items], ...more };
  };
