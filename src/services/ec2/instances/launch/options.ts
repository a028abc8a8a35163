/** Options of a launch that stand by themselves: user data, metadata, CPU, credits, name. Checked, with AWS's defaults. */
import type {
  CpuOptionsRequest,
  CreditSpecificationRequest,
  InstanceMetadataOptionsRequest,
  PrivateDnsNameOptionsRequest,
} from '#platform/model/generated/ec2.ts';
import { fail } from '#services/ec2/errors.ts';
import { type InstanceType, validCores } from '#services/ec2/instance-types/types.ts';
import type { CpuOptions, InstanceRow, MetadataOptions, NameOptions } from '#services/ec2/instances/state.ts';
import type { SubnetRow } from '#services/ec2/subnets/state.ts';

/** "User data is limited to 16 KB, in raw form, before it is base64-encoded." */
const MOST_USER_DATA = 16 * 1024;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

export function checkUserData(base64: string): string {
  const packed = base64.replace(/\s+/g, '');
  if (!BASE64.test(packed) || packed.length % 4 !== 0) fail('MalformedUserData');
  if (Buffer.byteLength(packed, 'base64') > MOST_USER_DATA) fail('UserDataTooLong');
  return packed;
}

const HOPS = { least: 1, most: 64 };

/** What is given, over what was before. */
export function metadataOptions(given: InstanceMetadataOptionsRequest | undefined, before: MetadataOptions) {
  const { HttpTokens, HttpPutResponseHopLimit: hops, HttpEndpoint, InstanceMetadataTags } = given ?? {};
  if (given?.HttpProtocolIpv6 === 'enabled') fail('Unsupported', 'The metadata service has no IPv6 endpoint here.');
  if (hops !== undefined && (hops < HOPS.least || hops > HOPS.most)) {
    fail('InvalidParameter', 'httpPutResponseHopLimit', String(hops), 'Specify a value between 1 and 64.');
  }
  return {
    isEnabled: HttpEndpoint === undefined ? before.isEnabled : HttpEndpoint === 'enabled',
    requiresTokens: HttpTokens === undefined ? before.requiresTokens : HttpTokens === 'required',
    hopLimit: hops ?? before.hopLimit,
    showsTags: InstanceMetadataTags === undefined ? before.showsTags : InstanceMetadataTags === 'enabled',
  };
}

/** "If the AMI was registered with IMDS support v2.0, tokens are required and the hop limit is 2." */
export const metadataDefaults = (imdsSupport: 'v2.0' | undefined): MetadataOptions => ({
  isEnabled: true,
  requiresTokens: imdsSupport === 'v2.0',
  hopLimit: imdsSupport === 'v2.0' ? 2 : 1,
  showsTags: false,
});

export function cpuOptions(given: CpuOptionsRequest | undefined, type: InstanceType): CpuOptions {
  const whole = { cores: type.vcpus / type.threadsPerCore, threadsPerCore: type.threadsPerCore };
  if (given?.AmdSevSnp === 'enabled') fail('Unsupported', 'AMD SEV-SNP is not supported here.');
  if (given?.NestedVirtualization === 'enabled') fail('Unsupported', 'Nested virtualization is not supported here.');
  const { CoreCount: cores, ThreadsPerCore: threads } = given ?? {};
  if (cores === undefined && threads === undefined) return whole;
  if (cores === undefined || threads === undefined) {
    return fail('InvalidCombination', 'CpuOptions must have both CoreCount and ThreadsPerCore.');
  }
  if (type.family.hypervisor === 'xen') fail('InvalidValue', `CPU options are not supported for ${type.name}.`);
  if (!validCores(type).includes(cores)) {
    fail('InvalidParameter', 'CpuOptions.CoreCount', String(cores), `It is not supported for ${type.name}.`);
  }
  if (threads !== 1 && threads !== type.threadsPerCore) {
    fail('InvalidParameter', 'CpuOptions.ThreadsPerCore', String(threads), `It is not supported for ${type.name}.`);
  }
  return { cores, threadsPerCore: threads };
}

/** Of types that have any; `byDefault` is the account's. */
export function creditsOf(
  given: CreditSpecificationRequest | undefined,
  byDefault: (family: string) => 'standard' | 'unlimited',
  { family, name }: InstanceType,
): Pick<InstanceRow, 'credits'> {
  const wish = given?.CpuCredits;
  if (!family.isBurstable) {
    if (wish === undefined) return {};
    return fail('InvalidCombination', `The parameter cpuCredits is not supported for the instance type ${name}.`);
  }
  if (wish === undefined) return { credits: byDefault(family.name) };
  if (wish === 'standard' || wish === 'unlimited') return { credits: wish };
  return fail('InvalidParameter', 'cpuCredits', wish);
}

export function nameOptions(given: PrivateDnsNameOptionsRequest | undefined, subnet: SubnetRow): NameOptions {
  if (given?.EnableResourceNameDnsAAAARecord === true) fail('Unsupported', 'There is no IPv6 here.');
  return {
    type: given?.HostnameType ?? subnet.hostNameType,
    hasARecord: given?.EnableResourceNameDnsARecord ?? subnet.hasDnsARecord,
  };
}
