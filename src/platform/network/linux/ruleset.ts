/**
 * What may pass, as text for nft: made whole from the plan and put in place at once, so that no moment has half of it. A guest is held to
 * its own addresses where its frames come in, before anything looks at them; security groups decide on what is forwarded; to the
 * namespace itself a guest may speak of DHCP, DNS and metadata alone. Whatever no rule takes is dropped.
 *
 * Security groups keep state: answers to what was let through pass, also when the rule has gone since, as on AWS.
 */
import { FIRST_MACHINE_UID } from '#platform/compute/machine-uid.ts';
import { addressAt } from '#platform/network/ipv4.ts';
import {
  DNS_ADDRESS,
  GATEWAY,
  METADATA_ADDRESS,
  TUNNEL_PORTS,
  TUNNEL_TABLE,
  tapOf,
} from '#platform/network/linux/names.ts';
import {
  attachedTo,
  type InterfacePlan,
  type RulePlan,
  tunnelEndsOf,
  type VpcPlan,
} from '#platform/network/network.ts';

export function rulesetOf(plan: VpcPlan): string {
  const nics = attachedTo(plan);
  const ends = tunnelEndsOf(plan);
  return [
    ...emptied('inet vpc'),
    ...emptied('netdev guests'),
    ...block('table inet vpc', [
      ...plan.sets.flatMap(({ id, cidrs }) => setOf(setName(id), cidrs)),
      ...forward(plan, nics),
      ...nics.flatMap((nic) => [...outOf(nic), ...into(nic)]),
      ...ends.flatMap(outOf),
      ...input(nics),
      ...output(nics, ends),
      ...tunnelled(nics, ends),
      ...translation(plan),
    ]),
    ...block('table netdev guests', nics.flatMap(ownFrames)),
    ...(ends.length > 0 ? tunnelSources : []),
    '',
  ].join('\n');
}

/** Made, if it is not there, to be deleted: in one transaction with what follows. */
const emptied = (table: string): string[] => [`table ${table}`, `delete table ${table}`];

const block = (head: string, lines: readonly string[]): string[] => [
  `${head} {`,
  ...lines.map((line) => `  ${line}`),
  '}',
];

const chain = (name: string, lines: readonly string[]): string[] => block(`chain ${name}`, lines);
const list = (items: readonly string[]): string => `{ ${items.join(', ')} }`;
const quoted = (items: readonly string[]): string => list(items.map((item) => `"${item}"`));
/** A line, or none where it would be about nothing: nft has no empty sets. */
const about = (items: readonly string[], line: (set: string) => string): string[] =>
  items.length === 0 ? [] : [line(list(items))];

const setName = (id: string): string => `s_${id.replaceAll('-', '_')}`;

const setOf = (name: string, cidrs: readonly string[]): string[] =>
  block(`set ${name}`, [
    'type ipv4_addr',
    'flags interval',
    'auto-merge',
    ...about(cidrs, (all) => `elements = ${all}`),
  ]);

const publicPairs = ({ interfaces }: VpcPlan): [string, string][] =>
  interfaces.flatMap(({ addresses }) =>
    addresses.flatMap(({ privateIp, publicIp }): [string, string][] => (publicIp ? [[publicIp, privateIp]] : [])),
  );

function forward(plan: VpcPlan, nics: readonly InterfacePlan[]): string[] {
  const taps = nics.map(({ id }) => tapOf(id));
  const leaving = publicPairs(plan).map(([, inner]) => inner);
  return [
    ...chain('forward', [
      'type filter hook forward priority filter; policy drop;',
      'ct state invalid drop',
      'ct state established,related accept',
      ...about(
        taps.map((tap) => `"${tap}" : jump out_${tap}`),
        (all) => `iifname vmap ${all}`,
      ),
      `oifname "${GATEWAY}" jump leave`,
      ...about(
        taps.map((tap) => `"${tap}" : jump in_${tap}`),
        (all) => `oifname vmap ${all}`,
      ),
    ]),
    // Who has no public address does not get out, wherever the routes lead.
    ...chain('leave', [...about(leaving, (all) => `ip saddr ${all} accept`), 'drop']),
  ];
}

const outOf = ({ id, egress }: InterfacePlan): string[] =>
  chain(`out_${tapOf(id)}`, [
    ...egress.flatMap((rule) => matchOf(rule, 'daddr')).map((match) => `${match} return`),
    'drop',
  ]);

function into({ id, ingress, isSourceChecked, addresses }: InterfacePlan): string[] {
  const own = addresses.map(({ privateIp }) => privateIp);
  return chain(`in_${tapOf(id)}`, [
    ...(isSourceChecked ? about(own, (all) => `ip daddr != ${all} drop`) : []),
    ...ingress.flatMap((rule) => matchOf(rule, 'saddr')).map((match) => `${match} accept`),
    'drop',
  ]);
}

/** None for what IPv4 can't match. */
function matchOf({ protocol, fromPort, toPort, peer }: RulePlan, side: 'saddr' | 'daddr'): string[] {
  const from = 'set' in peer ? `ip ${side} @${setName(peer.set)} ` : cidrMatch(peer.cidr, side);
  if (from === undefined) return [];
  return [`${from}${protocolMatch(protocol, fromPort, toPort)}`.trim() || 'meta nfproto ipv4'];
}

function cidrMatch(cidr: string, side: string): string | undefined {
  if (cidr.includes(':')) return undefined;
  return cidr === '0.0.0.0/0' ? '' : `ip ${side} ${cidr} `;
}

function protocolMatch(protocol: RulePlan['protocol'], from = -1, to = -1): string {
  switch (protocol) {
    case 'all':
      return '';
    case 'tcp':
    case 'udp':
      return from <= 0 && (to === -1 || to === 65535) ? `meta l4proto ${protocol}` : `${protocol} dport ${from}-${to}`;
    case 'icmp':
      if (from === -1) return 'meta l4proto icmp';
      return to === -1 ? `icmp type ${from}` : `icmp type ${from} icmp code ${to}`;
    default:
      return `meta l4proto ${protocol}`;
  }
}

function input(nics: readonly InterfacePlan[]): string[] {
  const answered = nics.filter(({ metadataHopLimit }) => metadataHopLimit !== undefined).map(({ id }) => tapOf(id));
  return chain('input', [
    'type filter hook input priority filter; policy drop;',
    'ct state established,related accept',
    'iifname "lo" accept',
    `iifname "${GATEWAY}" drop`,
    'udp dport 67 accept',
    `ip daddr ${DNS_ADDRESS} meta l4proto { tcp, udp } th dport 53 accept`,
    ...(answered.length === 0 ? [] : [`iifname ${quoted(answered)} ip daddr ${METADATA_ADDRESS} tcp dport 80 accept`]),
    `ip daddr ${METADATA_ADDRESS} tcp dport 80 reject with tcp reset`,
  ]);
}

/** Answers of the metadata address go as far as each instance's hop limit; the machines' own processes say nothing at all. */
function output(nics: readonly InterfacePlan[], ends: readonly InterfacePlan[]): string[] {
  const taps = Map.groupBy(nics, ({ metadataHopLimit }) => metadataHopLimit);
  const limits = [...taps].flatMap(([limit, those]) =>
    limit === undefined
      ? []
      : [`ip saddr ${METADATA_ADDRESS} oifname ${quoted(those.map(({ id }) => tapOf(id)))} ip ttl set ${limit}`],
  );
  const tunnels = ends.flatMap(({ id, addresses }) =>
    addresses.map(({ privateIp }) => `ip saddr ${privateIp} ${FROM_TUNNEL} oifname "tap*" goto tunnel_${tapOf(id)}`),
  );
  return [
    ...ends.flatMap(({ id }) => chain(`tunnel_${tapOf(id)}`, [`jump out_${tapOf(id)}`, 'accept'])),
    ...chain('output', [
      'type filter hook output priority mangle; policy accept;',
      `meta skuid >= ${FIRST_MACHINE_UID} drop`,
      ...tunnels,
      // Without root machines are nobody else: but what is begun here is DHCP's alone, from a port that takes a right.
      'meta l4proto { tcp, udp } ct state new th sport != 67 drop',
      ...limits,
    ]),
  ];
}

const [FIRST_TUNNEL_PORT, LAST_TUNNEL_PORT] = TUNNEL_PORTS;
const FROM_TUNNEL = `tcp sport ${FIRST_TUNNEL_PORT}-${LAST_TUNNEL_PORT} ct state new`;

/** What comes out of a tunnel is judged where it goes to, once it has the source that it is to be seen with. */
function tunnelled(nics: readonly InterfacePlan[], ends: readonly InterfacePlan[]): string[] {
  const sources = ends.flatMap(({ addresses }) => addresses.map(({ privateIp }) => privateIp));
  if (sources.length === 0) return [];
  return chain('tunnelled', [
    'type filter hook postrouting priority srcnat + 10; policy accept;',
    `ct original ip saddr != ${list(sources)} accept`,
    'ct state != new accept',
    ...about(
      nics.map(({ id }) => `"${tapOf(id)}" : goto in_${tapOf(id)}`),
      (all) => `oifname vmap ${all}`,
    ),
  ]);
}

/** Which source a tunnel is to be seen with is told for it alone, just before it opens: this table stays when the others are made anew. */
const tunnelSources = [
  ...block(`table ${TUNNEL_TABLE}`, [
    ...block('map sources', ['type ipv4_addr . inet_service : ipv4_addr', 'flags timeout']),
    ...block('chain leaving', ['type nat hook postrouting priority srcnat - 1; policy accept;']),
  ]),
  `flush chain ${TUNNEL_TABLE} leaving`,
  ...block(`table ${TUNNEL_TABLE}`, chain('leaving', ['snat ip to ip saddr . tcp sport map @sources'])),
];

/** The next tunnel from there is seen with the source `as`. */
export const tunnelSource = (from: string, port: number, as: string): string =>
  `add element ${TUNNEL_TABLE} sources { ${from} . ${port} timeout 30s : ${as} }\n`;

/** The resolver has a second address in each VPC; it answers under the one that was asked. Public addresses are 1:1. */
function translation(plan: VpcPlan): string[] {
  const resolvers = list(plan.cidrs.map((cidr) => addressAt(cidr, 2)));
  const pairs = publicPairs(plan);
  return [
    ...chain('arriving', [
      'type nat hook prerouting priority dstnat; policy accept;',
      `ip daddr ${resolvers} meta l4proto { tcp, udp } th dport 53 dnat ip to ${DNS_ADDRESS}`,
      ...about(
        pairs.map(([outer, inner]) => `${outer} : ${inner}`),
        (all) => `iifname "${GATEWAY}" dnat ip to ip daddr map ${all}`,
      ),
    ]),
    ...chain('leaving', [
      'type nat hook postrouting priority srcnat; policy accept;',
      ...about(
        pairs.map(([outer, inner]) => `${inner} : ${outer}`),
        (all) => `oifname "${GATEWAY}" snat ip to ip saddr map ${all}`,
      ),
    ]),
  ];
}

/** Of each guest's frames only its own: its MAC, its addresses, in ARP and in IP; and DHCP while it has none yet. */
function ownFrames({ id, mac, addresses, isSourceChecked }: InterfacePlan): string[] {
  const tap = tapOf(id);
  const own = list(addresses.map(({ privateIp }) => privateIp));
  return chain(`from_${tap}`, [
    `type filter hook ingress device "${tap}" priority 0; policy drop;`,
    `ether saddr != ${mac} drop`,
    // Also before it has an address (RFC 5227's probes).
    `arp saddr ether ${mac} arp saddr ip { 0.0.0.0, ${addresses.map(({ privateIp }) => privateIp).join(', ')} } accept`,
    'ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept',
    isSourceChecked ? `ip saddr ${own} accept` : 'ether type ip accept',
  ]);
}

interface OuterRules {
  readonly publicCidr: string;
  readonly closedToGuests: readonly string[];
}

const LINK_LOCAL = '169.254.0.0/16';

/**
 * Of where VPCs lead to: nobody from there comes to this machine's own services, or to addresses of its link. Each cloud of a machine has its
 * own table, which says the same of all VPCs and differs in its public addresses alone.
 */
export const outerRuleset = (table: string, outerLinks: string, { publicCidr, closedToGuests }: OuterRules): string =>
  [
    ...emptied(table),
    ...block(`table ${table}`, [
      ...chain('input', [
        'type filter hook input priority filter; policy accept;',
        `iifname "${outerLinks}*" ct state established,related accept`,
        `iifname "${outerLinks}*" drop`,
      ]),
      ...chain('forward', [
        'type filter hook forward priority filter; policy accept;',
        // Answers to who came in from there.
        `iifname "${outerLinks}*" ct state established,related accept`,
        ...[LINK_LOCAL, ...closedToGuests].map((cidr) => `iifname "${outerLinks}*" ip daddr ${cidr} drop`),
      ]),
      ...chain('leaving', [
        'type nat hook postrouting priority srcnat; policy accept;',
        `ip saddr ${publicCidr} oifname != "${outerLinks}*" masquerade`,
      ]),
    ]),
    '',
  ].join('\n');
