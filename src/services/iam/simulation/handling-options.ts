/** ResourceHandlingOption: which resources a simulated launch of an instance must name (SimulateCustomPolicy, that parameter). */
import { invalidInput } from '#services/iam/errors.ts';

const INSTANCE = ['instance', 'image', 'security-group', 'network-interface'];

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  'EC2-VPC-InstanceStore': INSTANCE,
  'EC2-VPC-InstanceStore-Subnet': [...INSTANCE, 'subnet'],
  'EC2-VPC-EBS': [...INSTANCE, 'volume'],
  'EC2-VPC-EBS-Subnet': [...INSTANCE, 'subnet', 'volume'],
};

export function checkHandlingOption(option: string | undefined, resources: readonly string[]): void {
  if (option === undefined) return;
  const required = Object.hasOwn(REQUIRED, option) ? REQUIRED[option] : undefined;
  if (required === undefined) invalidInput(`Invalid resource handling option: ${option}`);
  for (const type of required ?? []) {
    const isThere = resources.some((arn) => new RegExp(`^arn:[^:]*:ec2:[^:]*:[^:]*:${type}/`).test(arn));
    if (!isThere) invalidInput(`The resource handling option ${option} requires a resource of type ${type}.`);
  }
}
