/**
 * Rules of security groups, from and to the two forms that the API has: permissions, which are a protocol and ports with any number of
 * peers, and rules, each with one peer and an id of its own ("Security group rules"). Inside there are rules only.
 */
import type { IpPermission, SecurityGroupRuleRequest } from '#platform/model/generated/ec2.ts';
import { formatBlock, parseBlock } from '#platform/network/ipv4.ts';
import { fail } from '#services/ec2/errors.ts';
import { canonicalIpv6Block } from '#services/ec2/ipv6-block.ts';
import type { Peer, SecurityGroupRule } from '#services/ec2/security-groups/state.ts';

/** A rule without its id and direction. */
export type RuleDraft = Pick<SecurityGroupRule, 'protocol' | 'fromPort' | 'toPort' | 'peer' | 'description'>;

/** Looks up what a rule refers to; throws if it is not there. */
export interface Referred {
  group(given: { readonly id?: string; readonly name?: string; readonly account?: string }): Peer;
  list(id: string): Peer;
}

const NUMBERS: Readonly<Record<string, string>> = { '1': 'icmp', '6': 'tcp', '17': 'udp', '58': 'icmpv6' };
const NAMES: ReadonlySet<string> = new Set([...Object.values(NUMBERS), '-1']);
const LAST_PORT = 65_535;
const LAST_TYPE = 255;
const MOST_DESCRIPTION = 255;

type Ports = Pick<SecurityGroupRule, 'fromPort' | 'toPort'>;

function protocolOf(given: string | undefined): string {
  const asked = (given ?? fail('MissingParameter', 'ipProtocol')).toLowerCase();
  if (asked === 'all') return '-1';
  const protocol = NUMBERS[asked] ?? asked;
  const isNumber = /^\d{1,3}$/.test(protocol) && Number(protocol) <= 255;
  if (NAMES.has(protocol) || isNumber) return protocol;
  return fail('InvalidValue', `Invalid value '${given}' for IP protocol. Unknown protocol.`);
}

/** "Specifying -1 or a protocol number … allows traffic on all ports, regardless of any port range you specify." */
function portsOf(protocol: string, from: number | undefined, to: number | undefined): Ports {
  if (protocol === 'tcp' || protocol === 'udp') {
    if (from === undefined || to === undefined) {
      return fail('InvalidValue', "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.");
    }
    const isRange = from >= 0 && to <= LAST_PORT && from <= to;
    if (!isRange) fail('InvalidValue', `Invalid value '${from}-${to}' for portRange. Ports are 0 to ${LAST_PORT}.`);
    return { fromPort: from, toPort: to };
  }
  if (protocol !== 'icmp' && protocol !== 'icmpv6') return {};
  const isOptional = protocol === 'icmpv6';
  const type =
    from ??
    (isOptional ? -1 : fail('InvalidValue', 'Invalid value for portRange. Must specify both type and code with ICMP.'));
  const code = to ?? -1;
  const isKnown = (value: number): boolean => value >= -1 && value <= LAST_TYPE;
  // "If the start port is -1 (all ICMP types), then the end port must be -1 (all ICMP codes)."
  if (!isKnown(type) || !isKnown(code) || (type === -1 && code !== -1)) {
    fail('InvalidValue', `Invalid value '${type}-${code}' for portRange. ICMP types and codes are -1 to ${LAST_TYPE}.`);
  }
  return { fromPort: type, toPort: code };
}

export function descriptionOf(given: string | undefined): Pick<SecurityGroupRule, 'description'> {
  if (given === undefined || given === '') return {};
  if (given.length > MOST_DESCRIPTION || !/^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]*$/.test(given)) {
    fail(
      'InvalidValue',
      'Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*',
    );
  }
  return { description: given };
}

const malformed = (cidr: string | undefined): never => fail('InvalidValue', `CIDR block ${cidr} is malformed`);

function ipv4Peer(cidr: string | undefined): Peer {
  const block = parseBlock(cidr ?? '') ?? malformed(cidr);
  return { kind: 'ipv4', cidr: formatBlock(block) };
}

const ipv6Peer = (cidr: string | undefined): Peer => ({
  kind: 'ipv6',
  cidr: canonicalIpv6Block(cidr ?? '') ?? malformed(cidr),
});

export function draftsOf(permissions: readonly IpPermission[], referred: Referred): RuleDraft[] {
  const drafts = permissions.flatMap((permission) => {
    const protocol = protocolOf(permission.IpProtocol);
    const ports = portsOf(protocol, permission.FromPort, permission.ToPort);
    const peers = peersOf(permission, referred);
    if (peers.length === 0) fail('MissingParameter', 'ipPermissions.ipRanges');
    return peers.map(([peer, description]) => ({ protocol, ...ports, peer, ...descriptionOf(description) }));
  });
  if (new Set(drafts.map(identity)).size < drafts.length) {
    fail('InvalidValue', 'The same permission must not appear multiple times');
  }
  return drafts;
}

function peersOf(permission: IpPermission, referred: Referred): (readonly [Peer, string | undefined])[] {
  const { IpRanges = [], Ipv6Ranges = [], UserIdGroupPairs = [], PrefixListIds = [] } = permission;
  return [
    ...IpRanges.map(({ CidrIp, Description }) => [ipv4Peer(CidrIp), Description] as const),
    ...Ipv6Ranges.map(({ CidrIpv6, Description }) => [ipv6Peer(CidrIpv6), Description] as const),
    ...UserIdGroupPairs.map(({ GroupId: id, GroupName: name, UserId: account, Description }) => {
      const given = { ...(id && { id }), ...(name && { name }), ...(account && { account }) };
      return [referred.group(given), Description] as const;
    }),
    ...PrefixListIds.map(({ PrefixListId: id, Description }) => [referred.list(id ?? ''), Description] as const),
  ];
}

export function draftOfRequest(request: SecurityGroupRuleRequest, referred: Referred): RuleDraft {
  const protocol = protocolOf(request.IpProtocol);
  const { CidrIpv4: ipv4, CidrIpv6: ipv6, PrefixListId: list, ReferencedGroupId: id } = request;
  const peers = [
    ipv4 === undefined ? undefined : ipv4Peer(ipv4),
    ipv6 === undefined ? undefined : ipv6Peer(ipv6),
    list === undefined ? undefined : referred.list(list),
    id === undefined ? undefined : referred.group({ id }),
  ].filter((peer) => peer !== undefined);
  const [peer] = peers;
  if (peer === undefined) return fail('MissingParameter', 'CidrIpv4');
  if (peers.length > 1) {
    fail('InvalidCombination', 'Only one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupId can be specified.');
  }
  return {
    protocol,
    ...portsOf(protocol, request.FromPort, request.ToPort),
    peer,
    ...descriptionOf(request.Description),
  };
}

function peerText(peer: Peer): string {
  if (peer.kind === 'group') return peer.group;
  return peer.kind === 'prefix-list' ? peer.list : peer.cidr;
}

/** Two rules of one direction that allow the same are the same rule. */
export const identity = ({ protocol, fromPort, toPort, peer }: RuleDraft): string =>
  [protocol, fromPort ?? '', toPort ?? '', peerText(peer)].join(' ');

/** As refusals name a rule. */
export function ruleText({ protocol, fromPort, toPort, peer }: RuleDraft): string {
  const name = protocol === '-1' ? 'ALL' : protocol.toUpperCase();
  const ports = fromPort === undefined ? '' : `, from port: ${fromPort}, to port: ${toPort}`;
  return `peer: ${peerText(peer)}, ${name}${ports}, ALLOW`;
}

export function permissionsOf(rules: readonly RuleDraft[]): IpPermission[] {
  const groups = Map.groupBy(rules, ({ protocol, fromPort, toPort }) => [protocol, fromPort, toPort].join(' '));
  return [...groups.values()].map((alike) => permissionOf(alike));
}

function permissionOf(alike: readonly RuleDraft[]): IpPermission {
  const { protocol = '-1', fromPort, toPort } = alike[0] ?? {};
  const described = (rule: RuleDraft) => (rule.description === undefined ? {} : { Description: rule.description });
  return {
    IpProtocol: protocol,
    ...(fromPort !== undefined && { FromPort: fromPort }),
    ...(toPort !== undefined && { ToPort: toPort }),
    UserIdGroupPairs: alike.flatMap((rule) =>
      rule.peer.kind === 'group' ? { ...described(rule), UserId: rule.peer.account, GroupId: rule.peer.group } : [],
    ),
    IpRanges: alike.flatMap((rule) =>
      rule.peer.kind === 'ipv4' ? { ...described(rule), CidrIp: rule.peer.cidr } : [],
    ),
    Ipv6Ranges: alike.flatMap((rule) =>
      rule.peer.kind === 'ipv6' ? { ...described(rule), CidrIpv6: rule.peer.cidr } : [],
    ),
    PrefixListIds: alike.flatMap((rule) =>
      rule.peer.kind === 'prefix-list' ? { ...described(rule), PrefixListId: rule.peer.list } : [],
    ),
  };
}
