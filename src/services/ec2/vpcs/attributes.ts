/** What of a VPC can be changed later. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { fail } from '#services/ec2/errors.ts';
import { type VpcRow, vpcs } from '#services/ec2/vpcs/state.ts';
import { findVpc } from '#services/ec2/vpcs/vpcs.ts';

export function modifyVpcAttribute(input: Model.ModifyVpcAttributeRequest, { tx }: Call): void {
  const row = findVpc(tx, input.VpcId);
  const support = input.EnableDnsSupport?.Value;
  const hostNames = input.EnableDnsHostnames?.Value;
  const metrics = input.EnableNetworkAddressUsageMetrics?.Value;
  const given = [support, hostNames, metrics].filter((value) => value !== undefined).length;
  if (given === 0) fail('MissingParameter', 'enableDnsSupport');
  // "You cannot modify the DNS resolution and DNS hostnames attributes in the same request."
  if (given > 1) fail('InvalidCombination', 'Only one attribute can be modified at a time');
  // "You can only enable DNS hostnames if you've enabled DNS support."
  if (hostNames === true && !row.hasDnsSupport) {
    fail('InvalidValue', 'DNS hostnames can only be enabled if DNS support is enabled');
  }
  const changed: VpcRow = {
    ...row,
    ...(support !== undefined && { hasDnsSupport: support, hasDnsHostnames: support && row.hasDnsHostnames }),
    ...(hostNames !== undefined && { hasDnsHostnames: hostNames }),
    ...(metrics !== undefined && { hasUsageMetrics: metrics }),
  };
  vpcs.put(tx, changed);
}

const SHOWN: Readonly<Record<Model.VpcAttributeName, (row: VpcRow) => Model.DescribeVpcAttributeResult>> = {
  enableDnsSupport: ({ hasDnsSupport }) => ({ EnableDnsSupport: { Value: hasDnsSupport } }),
  enableDnsHostnames: ({ hasDnsHostnames }) => ({ EnableDnsHostnames: { Value: hasDnsHostnames } }),
  enableNetworkAddressUsageMetrics: ({ hasUsageMetrics }) => ({
    EnableNetworkAddressUsageMetrics: { Value: hasUsageMetrics },
  }),
};

export function describeVpcAttribute(
  { VpcId: id, Attribute: name }: Model.DescribeVpcAttributeRequest,
  { tx }: Call,
): Model.DescribeVpcAttributeResult {
  return { VpcId: id, ...SHOWN[name](findVpc(tx, id)) };
}

export function modifyVpcTenancy(
  { VpcId: id, InstanceTenancy: tenancy }: Model.ModifyVpcTenancyRequest,
  { tx }: Call,
): Model.ModifyVpcTenancyResult {
  vpcs.put(tx, { ...findVpc(tx, id), tenancy });
  return { ReturnValue: true };
}
