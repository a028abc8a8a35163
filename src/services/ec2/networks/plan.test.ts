/** Every rule, route and set of a VPC's rows is in its plan, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { NetworkInterfaceRow } from '#services/ec2/network-interfaces/state.ts';
import type { SecurityGroupRow, SecurityGroupRule } from '#services/ec2/security-groups/state.ts';
import { planOf, type VpcRows } from './plan.ts';

const rows = (given: Partial<VpcRows> = {}): VpcRows => ({
  region: 'us-east-1',
  vpc: {
    id: 'vpc-1',
    isDefault: false,
    cidrs: [
      { id: 'a', cidr: '10.0.0.0/16' },
      { id: 'b', cidr: '10.1.0.0/16' },
    ],
    dhcpOptions: 'dopt-1',
    tenancy: 'default',
    hasDnsSupport: true,
    hasDnsHostnames: false,
    hasUsageMetrics: false,
    createdAt: 0,
  },
  subnets: [subnet('subnet-1', '10.0.1.0/24'), subnet('subnet-2', '10.0.2.0/24')],
  tables: [],
  gateway: undefined,
  groups: [],
  interfaces: [],
  instances: [],
  lists: [],
  options: undefined,
  ...given,
});

const subnet = (id: string, cidr: string) => ({
  id,
  vpc: 'vpc-1',
  cidr,
  zone: 'us-east-1a',
  isDefault: false,
  givesPublicIp: false,
  hostNameType: 'ip-name' as const,
  hasDnsARecord: false,
});

const face = (id: string, given: Partial<NetworkInterfaceRow> = {}): NetworkInterfaceRow => ({
  id,
  vpc: 'vpc-1',
  subnet: 'subnet-1',
  zone: 'us-east-1a',
  mac: '02:00:00:00:00:01',
  description: '',
  groups: [],
  addresses: [{ ip: '10.0.1.5' }],
  isSourceChecked: true,
  requester: '123456789012',
  createdAt: 0,
  ...given,
});

const attached = (instance: string): Pick<NetworkInterfaceRow, 'attachment'> => ({
  attachment: {
    id: 'eni-attach-1',
    instance,
    deviceIndex: 0,
    deletesOnTermination: true,
    attachedAt: 0,
    status: 'attached',
  },
});

const local = { destination: '10.0.0.0/16', target: 'local', origin: 'CreateRouteTable' } as const;
const route = (destination: string, target: string) => ({ destination, target, origin: 'CreateRoute' }) as const;
const list = (id: string, ...cidrs: string[]) => ({
  id,
  name: id,
  addressFamily: 'IPv4' as const,
  maxEntries: 9,
  version: 2,
  entries: cidrs.map((cidr) => ({ cidr })),
  state: 'modify-complete' as const,
});

test('a subnet has the routes of its table, the main one if it has none, most specific first', () => {
  const plan = planOf(
    rows({
      gateway: 'igw-1',
      interfaces: [face('eni-1', attached('i-1')), face('eni-2')],
      lists: [list('pl-1', '192.0.2.0/24', '198.51.100.0/24')],
      tables: [
        { id: 'rtb-1', vpc: 'vpc-1', associations: [{ id: 'main' }], routes: [local, route('0.0.0.0/0', 'igw-9')] },
        {
          id: 'rtb-2',
          vpc: 'vpc-1',
          associations: [{ id: 'own', subnet: 'subnet-2' }],
          routes: [
            route('pl-1', 'eni-1'),
            route('0.0.0.0/0', 'igw-1'),
            local,
            route('198.51.100.0/24', 'eni-2'),
            route('::/0', 'igw-1'),
          ],
        },
      ],
    }),
  );
  assert.deepEqual(plan.subnets[0]?.routes, [
    { destination: '10.0.0.0/16', target: 'local' },
    { destination: '0.0.0.0/0', target: 'blackhole' },
  ]);
  assert.deepEqual(plan.subnets[1]?.routes, [
    // What names its destination goes before what has it from a list; an interface that is attached to nothing leads nowhere.
    { destination: '198.51.100.0/24', target: 'blackhole' },
    { destination: '192.0.2.0/24', target: { interface: 'eni-1' } },
    { destination: '10.0.0.0/16', target: 'local' },
    { destination: '0.0.0.0/0', target: 'internet' },
  ]);
  assert.deepEqual([plan.hasInternetGateway, plan.cidrs], [true, ['10.0.0.0/16', '10.1.0.0/16']]);
});

test('an interface is known to its machine, by its name, and answered by the metadata address as its instance says', () => {
  const metadata = { isEnabled: true, requiresTokens: true, hopLimit: 2, showsTags: false };
  const plan = planOf(
    rows({
      interfaces: [
        face('eni-1', { ...attached('i-1'), addresses: [{ ip: '10.0.1.5', publicIp: '203.0.113.9' }] }),
        face('eni-2', { ...attached('i-2'), subnet: 'subnet-2', isSourceChecked: false }),
        face('eni-3'),
      ],
      instances: [
        { id: 'i-1', metadata, names: { type: 'ip-name', hasARecord: false } },
        { id: 'i-2', metadata: { ...metadata, isEnabled: false }, names: { type: 'resource-name', hasARecord: true } },
      ],
    }),
  );
  assert.deepEqual(
    plan.interfaces.map(({ machine, metadataHopLimit, hostName, isSourceChecked }) => [
      machine,
      metadataHopLimit,
      hostName,
      isSourceChecked,
    ]),
    [
      ['i-1', 2, 'ip-10-0-1-5.ec2.internal', true],
      ['i-2', undefined, 'i-2.ec2.internal', false],
      [undefined, undefined, 'ip-10-0-1-5.ec2.internal', true],
    ],
  );
  assert.deepEqual(plan.interfaces[0]?.addresses, [{ privateIp: '10.0.1.5', publicIp: '203.0.113.9' }]);
});

test('DHCP says what the options say, and what Amazon provides otherwise', () => {
  assert.deepEqual(planOf(rows({ region: 'eu-west-1' })).dhcp, {
    domainName: 'eu-west-1.compute.internal',
    nameServers: [],
    ntpServers: [],
  });
  const options = {
    id: 'dopt-1',
    options: {
      'domain-name': ['example.com'],
      'domain-name-servers': ['10.2.5.1', 'AmazonProvidedDNS'],
      'ntp-servers': ['10.2.5.2', 'fd00:ec2::123'],
    },
  };
  assert.deepEqual(planOf(rows({ options })).dhcp, {
    domainName: 'example.com',
    nameServers: ['10.2.5.1', 'vpc'],
    ntpServers: ['10.2.5.2'],
  });
  const { vpc } = rows({});
  assert.deepEqual(planOf(rows({ options, vpc: { ...vpc, hasDnsSupport: false } })).dhcp.nameServers, ['10.2.5.1']);
});

const GROUPS = ['sg-1', 'sg-2', 'sg-3'] as const;
const LIST = list('pl-1', '192.0.2.0/24', '2001:db8::/32');

const aPeer: fc.Arbitrary<SecurityGroupRule['peer']> = fc.oneof(
  fc.nat(32).map((bits) => ({ kind: 'ipv4', cidr: `0.0.0.0/${bits}` }) as const),
  fc.constant({ kind: 'ipv6', cidr: '::/0' } as const),
  fc.constantFrom(...GROUPS).map((group) => ({ kind: 'group', group, account: '123456789012' }) as const),
  fc.constant({ kind: 'prefix-list', list: 'pl-1' } as const),
);
const aRule: fc.Arbitrary<SecurityGroupRule> = fc
  .record({
    id: fc.uuid(),
    isEgress: fc.boolean(),
    protocol: fc.constantFrom('-1', 'tcp', 'udp', 'icmp', 'icmpv6', '47'),
    ports: fc.option(fc.tuple(fc.nat(65535), fc.nat(65535)), { nil: undefined }),
    peer: aPeer,
  })
  .map(({ ports, ...rule }) => ({ ...rule, ...(ports && { fromPort: ports[0], toPort: ports[1] }) }));
const someGroups: fc.Arbitrary<SecurityGroupRow[]> = fc
  .tuple(...GROUPS.map(() => fc.array(aRule, { maxLength: 4 })))
  .map((rules) => GROUPS.map((id, at) => ({ id, vpc: 'vpc-1', name: id, description: id, rules: rules[at] ?? [] })));
const someInterfaces: fc.Arbitrary<NetworkInterfaceRow[]> = fc
  .array(fc.tuple(fc.subarray([...GROUPS]), fc.integer({ min: 1, max: 3 })), { maxLength: 5 })
  .map((all) =>
    all.map(([groups, count], at) =>
      face(`eni-${at}`, {
        groups,
        addresses: Array.from({ length: count }, (_, n) => ({ ip: `10.0.1.${at * 8 + n + 4}` })),
      }),
    ),
  );

test('every rule of every group of an interface is in its plan, and every set that one names has its addresses', () => {
  fc.assert(
    fc.property(someGroups, someInterfaces, (groups, interfaces) => {
      const given = rows({ groups, interfaces, lists: [LIST] });
      const plan = planOf(given);
      for (const [at, row] of interfaces.entries()) {
        const own = groups.filter(({ id }) => row.groups.includes(id)).flatMap(({ rules }) => rules);
        const live = own.filter(({ protocol, peer }) => protocol !== 'icmpv6' && peer.kind !== 'ipv6');
        for (const isEgress of [true, false]) {
          const rules = (isEgress ? plan.interfaces[at]?.egress : plan.interfaces[at]?.ingress) ?? [];
          assert.deepEqual(
            rules.map(({ fromPort, toPort, peer }) => [fromPort, toPort, Object.values(peer)[0]]),
            live
              .filter((rule) => rule.isEgress === isEgress)
              .map(({ fromPort, toPort, peer }) => [fromPort, toPort, textOf(peer)]),
          );
          for (const { peer } of rules) {
            if ('set' in peer)
              assert.ok(
                plan.sets.some(({ id }) => id === peer.set),
                'a set that a rule names is there',
              );
          }
        }
      }
      for (const { id, cidrs } of plan.sets) {
        const members = interfaces.filter((row) => row.groups.includes(id));
        const expected = members.flatMap(({ addresses }) => addresses.map(({ ip }) => `${ip}/32`));
        assert.deepEqual(cidrs, id === 'pl-1' ? ['192.0.2.0/24'] : expected);
      }
    }),
  );
});

const textOf = (peer: SecurityGroupRule['peer']): string => {
  if (peer.kind === 'group') return peer.group;
  return peer.kind === 'prefix-list' ? peer.list : peer.cidr;
};
