/** VPCs in the kernel, with namespaces as guests: each is wired to its tap (wire.fixture.pl), has a stack of its own and does what it likes. */
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { systemClock } from '#platform/base/clock.ts';
import { randomBytes } from '#platform/base/ids.ts';
import { machineUid } from '#platform/compute/machine-uid.ts';
import { networkHands } from '#platform/network/linux/hands.ts';
import { namespaceOf, tapOf } from '#platform/network/linux/names.ts';
import { LinuxNetworks } from '#platform/network/linux/networks.ts';
import type { InterfacePlan, MetadataConnection, RulePlan, VpcPlan } from '#platform/network/network.ts';
import { removeAfterwards, removeRemains } from '#test/remains.ts';

const hex = (digits: number): string => randomBytes(digits).toString('hex').slice(0, digits);
const lacking = ['ip', 'nft', 'busybox'].filter((program) => spawnSync(program, ['-h']).error !== undefined);
const skip = process.getuid?.() !== 0 ? 'needs root' : lacking.length > 0 && `no ${lacking.join(', ')} here`;

const ALL: RulePlan = { protocol: 'all', peer: { cidr: '0.0.0.0/0' } };
const PUBLIC = '198.51.100.0/24';

interface World {
  readonly networks: LinuxNetworks;
  readonly folder: string;
  readonly tag: string;
  /** A namespace that plays the internet. */
  readonly outside: string;
  readonly asked: MetadataConnection[];
}

async function world(t: TestContext): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'mktest-'));
  const tag = folder.slice(-6);
  removeAfterwards(folder, tag);
  t.after(() => removeRemains(folder, tag));
  const outside = `mktest-${tag}-out`;
  sh(`ip netns add ${outside}`, `ip -n ${outside} link set lo up`, `ip -n ${outside} addr add 192.0.2.1/32 dev lo`);
  const hands = networkHands({ tag, publicCidr: PUBLIC, outside });
  const networks = new LinuxNetworks({ hands, publicCidr: PUBLIC, clock: systemClock, resolvers: () => [] });
  const asked: MetadataConnection[] = [];
  networks.attend({
    metadata: (connection) => {
      asked.push(connection);
      connection.stream.end('HTTP/1.0 200 OK\r\n\r\nit is you\n');
    },
    resolve: (_, name) => (name === 'inside.example' ? ['10.0.1.77'] : undefined),
  });
  t.after(() => networks.close());
  return { networks, folder, tag, outside, asked };
}

function sh(...commands: string[]): void {
  for (const command of commands) {
    const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
    assert.equal(status, 0, `${command}: ${stderr}`);
  }
}

/** Exit code and output of a command in a namespace. */
function inside(namespace: string, command: string): Promise<{ readonly code: number; readonly out: string }> {
  return new Promise((resolve) => {
    execFile('ip', ['netns', 'exec', namespace, 'sh', '-c', command], { timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1, out: stdout + stderr }),
    );
  });
}

interface Guest {
  readonly nic: InterfacePlan;
  readonly namespace: string;
}

let count = 0;

function guestOf(address: string, more: Partial<InterfacePlan> = {}): InterfacePlan {
  count += 1;
  const name = `ip-${address.replaceAll('.', '-')}.ec2.internal`;
  return {
    id: `eni-0${hex(16)}`,
    subnet: address.startsWith('10.0.2.') ? 'subnet-00000002' : 'subnet-00000001',
    mac: `02:00:00:00:00:${count.toString(16).padStart(2, '0')}`,
    addresses: [{ privateIp: address }],
    isSourceChecked: true,
    ingress: [ALL],
    egress: [ALL],
    hostName: name,
    machine: `i-0${hex(16)}`,
    metadataHopLimit: 1,
    ...more,
  };
}

const vpcOf = (interfaces: readonly InterfacePlan[], more: Partial<VpcPlan> = {}): VpcPlan => ({
  id: `vpc-0${hex(16)}`,
  cidrs: ['10.0.0.0/16'],
  subnets: ['1', '2'].map((n) => ({
    id: `subnet-0000000${n}`,
    cidr: `10.0.${n}.0/24`,
    routes: [
      { destination: '10.0.0.0/16', target: 'local' },
      { destination: '0.0.0.0/0', target: 'internet' },
    ],
  })),
  interfaces,
  sets: [],
  hasInternetGateway: false,
  dhcp: { domainName: 'ec2.internal', nameServers: ['vpc'], ntpServers: [] },
  ...more,
});

/** Plugs a namespace into an interface's tap, and lets it ask for its address. */
async function boot({ folder, tag }: World, plan: VpcPlan, nic: InterfacePlan): Promise<Guest> {
  const namespace = `mktest-${tag}-${nic.id}`;
  const uid = machineUid(nic.machine ?? '');
  sh(
    `ip netns add ${namespace}`,
    `ip -n ${namespace} link set lo up`,
    `ip -n ${namespace} tuntap add dev eth0 mode tap`,
    `ip -n ${namespace} link set eth0 address ${nic.mac}`,
  );
  const args = [namespaceOf(tag, plan.id), tapOf(nic.id), String(uid), namespace, 'eth0'];
  const wire = spawn('perl', [join(import.meta.dirname, 'wire.fixture.pl'), ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(wire.stdout, 'data');
  sh(`ip -n ${namespace} link set eth0 up`);
  const dhcp = await inside(
    namespace,
    `busybox udhcpc -i eth0 -n -q -f -t 5 -T 1 -s ${join(import.meta.dirname, 'udhcpc.fixture.sh')}`,
  );
  assert.equal(dhcp.code, 0, dhcp.out);
  return { nic, namespace };
}

const ping = async ({ namespace }: Pick<Guest, 'namespace'>, address: string): Promise<boolean> =>
  (await inside(namespace, `busybox ping -c 1 -W 2 ${address}`)).code === 0;

/** Until its namespace goes. */
const listen = async (namespace: string, port: number): Promise<void> => {
  spawn('ip', ['netns', 'exec', namespace, 'busybox', 'nc', '-ll', '-p', String(port), '-e', '/bin/echo', 'hello'], {
    stdio: 'ignore',
  });
  for (
    let i = 0;
    i < 50 && !(await inside(namespace, `ss -ltn | grep -q :${port}`).then(({ code }) => code === 0));
    i++
  );
};

const reaches = async ({ namespace }: Pick<Guest, 'namespace'>, address: string, port: number): Promise<boolean> =>
  (await inside(namespace, `(sleep 0.5) | busybox nc -w 2 ${address} ${port}`)).out.includes('hello');

test('guests get their addresses and reach each other, also over subnets', { skip }, async (t) => {
  const w = await world(t);
  const [a, b, c] = [guestOf('10.0.1.10'), guestOf('10.0.1.11'), guestOf('10.0.2.10')];
  const plan = vpcOf([a, b, c]);
  await w.networks.apply(plan);
  const [first, second, third] = [await boot(w, plan, a), await boot(w, plan, b), await boot(w, plan, c)];
  assert.ok(await ping(first, '10.0.1.11'));
  assert.ok(await ping(first, '10.0.2.10'));
  assert.ok(await ping(third, '10.0.1.10'));
  assert.ok(!(await ping(second, '10.0.1.99')));
  const names = await inside(
    first.namespace,
    'busybox nslookup -type=a ip-10-0-2-10.ec2.internal 10.0.0.2; busybox nslookup -type=a inside.example 169.254.169.253',
  );
  assert.match(names.out, /10\.0\.2\.10/);
  assert.match(names.out, /10\.0\.1\.77/);
  assert.match(
    (await inside(first.namespace, 'busybox nslookup 10.0.2.10 10.0.0.2')).out,
    /ip-10-0-2-10\.ec2\.internal/,
  );
});

test('security groups are stateful, follow a change, and know groups', { skip }, async (t) => {
  const w = await world(t);
  const group = { set: 'sg-00000001' };
  const web: RulePlan = { protocol: 'tcp', fromPort: 80, toPort: 80, peer: group };
  const a = guestOf('10.0.1.10', { ingress: [] });
  const b = guestOf('10.0.1.11', { ingress: [web] });
  const members = (...cidrs: string[]) => ({ sets: [{ id: group.set, cidrs }] });
  const plan = vpcOf([a, b], members('10.0.1.10/32'));
  await w.networks.apply(plan);
  const [first, second] = [await boot(w, plan, a), await boot(w, plan, b)];
  await listen(second.namespace, 80);
  await listen(second.namespace, 81);
  assert.ok(await reaches(first, '10.0.1.11', 80), 'what the rule allows');
  assert.ok(!(await reaches(first, '10.0.1.11', 81)), 'another port');
  assert.ok(!(await ping(first, '10.0.1.11')), 'another protocol');
  assert.ok(!(await ping(second, '10.0.1.10')), 'nobody may call the first');

  await w.networks.apply({ ...plan, ...members() });
  assert.ok(!(await reaches(first, '10.0.1.11', 80)), 'no member of the group any more');
  const icmp: RulePlan = { protocol: 'icmp', fromPort: 8, toPort: -1, peer: { cidr: '10.0.1.0/24' } };
  await w.networks.apply({
    ...plan,
    interfaces: [
      { ...a, egress: [icmp] },
      { ...b, ingress: [icmp, web] },
    ],
    ...members('10.0.1.10/32'),
  });
  assert.ok(await ping(first, '10.0.1.11'));
  assert.ok(!(await reaches(first, '10.0.1.11', 80)), 'nothing but echo requests may leave the first');
});

/** How many answers to pings a guest was sent. */
async function echoReplies({ namespace }: Guest): Promise<number> {
  const { out } = await inside(namespace, 'cat /proc/net/snmp');
  const [names = '', values = ''] = out.split('\n').filter((line) => line.startsWith('Icmp:'));
  return Number(values.split(' ')[names.split(' ').indexOf('InEchoReps')]);
}

test('a guest is held to its own addresses', { skip }, async (t) => {
  const w = await world(t);
  const [a, b, c] = [guestOf('10.0.1.10'), guestOf('10.0.1.11'), guestOf('10.0.1.12')];
  const plan = vpcOf([a, b, c]);
  await w.networks.apply(plan);
  const [first, second, third] = [await boot(w, plan, a), await boot(w, plan, b), await boot(w, plan, c)];
  sh(`ip -n ${first.namespace} addr add 10.0.1.99/32 dev eth0`);
  const from = (source: string) => inside(first.namespace, `busybox ping -c 1 -W 3 -I ${source} 10.0.1.11`);
  assert.equal((await from('10.0.1.10')).code, 0);
  assert.notEqual((await from('10.0.1.99')).code, 0, 'an address of nobody');
  // A third's: the answer would reach whoever has it.
  assert.ok(await ping(third, '10.0.1.11'));
  const answers = await echoReplies(third);
  assert.equal(answers, 1);
  sh(`ip -n ${first.namespace} addr add 10.0.1.12/32 dev eth0`);
  assert.notEqual((await from('10.0.1.12')).code, 0);
  assert.equal(await echoReplies(third), answers, 'an answer to what it did not ask');
  // The other's, by ARP: its traffic stays its own.
  sh(`ip -n ${first.namespace} addr add 10.0.1.11/32 dev eth0`);
  await inside(first.namespace, 'busybox arping -U -c 2 -I eth0 10.0.1.11');
  sh(`ip -n ${first.namespace} addr del 10.0.1.11/32 dev eth0`);
  assert.ok(await ping(second, '10.0.1.10'));
  sh(`ip -n ${first.namespace} link set eth0 address 02:00:00:00:ff:ff`);
  assert.ok(!(await ping(first, '10.0.1.11')), 'another MAC');
});

test('metadata knows who asks, and answers nobody else', { skip }, async (t) => {
  const w = await world(t);
  const [a, b] = [guestOf('10.0.1.10', { metadataHopLimit: 2 }), guestOf('10.0.1.11')];
  const silent = guestOf('10.0.1.12', { metadataHopLimit: undefined });
  const plan = vpcOf([a, b, silent]);
  await w.networks.apply(plan);
  const guests = [await boot(w, plan, a), await boot(w, plan, b), await boot(w, plan, silent)];
  const ask = ({ namespace }: Guest) =>
    inside(namespace, 'printf "GET / HTTP/1.0\\r\\n\\r\\n" | busybox nc -w 3 169.254.169.254 80');
  const [first, second, third] = guests as [Guest, Guest, Guest];
  assert.match((await ask(first)).out, /it is you/);
  assert.match((await ask(second)).out, /it is you/);
  assert.notEqual((await ask(third)).code, 0);
  assert.deepEqual(
    w.asked.map((connection) => [connection.interface, connection.source]),
    [
      [a.id, '10.0.1.10'],
      [b.id, '10.0.1.11'],
    ],
  );
  assert.ok(!(await ping(first, '10.0.1.1')), 'the router answers nothing else');
});

test('an internet gateway leads public addresses out and in, and nobody else', { skip }, async (t) => {
  const w = await world(t);
  const a = guestOf('10.0.1.10', { addresses: [{ privateIp: '10.0.1.10', publicIp: '198.51.100.7' }] });
  const b = guestOf('10.0.1.11');
  const plan = vpcOf([a, b], { hasInternetGateway: true });
  await w.networks.apply(plan);
  const [first, second] = [await boot(w, plan, a), await boot(w, plan, b)];
  await listen(first.namespace, 80);
  await listen(w.outside, 8080);
  const world0 = { namespace: w.outside };
  assert.ok(await reaches(world0, '198.51.100.7', 80), 'from outside to the public address');
  assert.ok((await reaches(second, '198.51.100.7', 80)) === false, 'one without a public address does not get out');
  assert.ok(await reaches(second, '10.0.1.10', 80));
  // The machine where VPCs lead out to has services that are not for guests.
  assert.ok(!(await reaches(first, '192.0.2.1', 8080)), 'the host’s own services');

  const far = `mktest-${w.tag}-far`;
  sh(
    `ip netns add ${far}`,
    `ip -n ${far} link set lo up`,
    `ip -n ${w.outside} link add far type veth peer name near netns ${far}`,
  );
  sh(`ip -n ${w.outside} addr add 203.0.113.1/24 dev far`, `ip -n ${w.outside} link set far up`);
  sh(`ip -n ${far} addr add 203.0.113.2/24 dev near`, `ip -n ${far} link set near up`);
  await listen(far, 8080);
  assert.ok(await reaches(first, '203.0.113.2', 8080), 'the way out');
  assert.ok(!(await reaches(second, '203.0.113.2', 8080)));

  await w.networks.apply({ ...plan, hasInternetGateway: false });
  assert.ok(!(await reaches(world0, '198.51.100.7', 80)), 'the gateway is detached');
  assert.ok(await ping(second, '10.0.1.10'), 'inside all goes on');
});

/** All that the other end says, unasked. */
const heard = async (connection: Duplex): Promise<string> => (await connection.end().toArray()).join('');

test('the host connects from a tunnel’s end, and security groups judge that too', { skip }, async (t) => {
  const w = await world(t);
  const tcp = (port: number, peer: RulePlan['peer']): RulePlan => ({
    protocol: 'tcp',
    fromPort: port,
    toPort: port,
    peer,
  });
  const a = guestOf('10.0.1.10', { ingress: [tcp(22, { set: 'sg-00000001' })] });
  const b = guestOf('10.0.2.10', { ingress: [tcp(22, { cidr: '203.0.113.9/32' })] });
  const { machine: _, ...nic } = guestOf('10.0.1.20');
  const egress = [tcp(22, { cidr: '10.0.0.0/16' }), tcp(23, { cidr: '10.0.1.10/32' })];
  const end: InterfacePlan = { ...nic, isTunnelEnd: true, metadataHopLimit: undefined, ingress: [], egress };
  const plan = vpcOf([a, b, end], { sets: [{ id: 'sg-00000001', cidrs: ['10.0.1.20/32'] }] });
  await w.networks.apply(plan);
  const [first, second] = [await boot(w, plan, a), await boot(w, plan, b)];
  for (const number of [22, 23, 24]) await listen(first.namespace, number);
  await listen(second.namespace, 22);
  const connect = (address: string, number: number, as?: string) =>
    w.networks.connect({ vpc: plan.id, interface: end.id, address, port: number, ...(as && { as }) });

  const connection = await connect('10.0.1.10', 22);
  assert.match((await inside(first.namespace, 'ss -tnH')).out, /10\.0\.1\.10\]?:22 .*10\.0\.1\.20\]?:\d+/);
  assert.equal(await heard(connection), 'hello\n', 'who speaks first is heard');
  const seen = await connect('10.0.2.10', 22, '203.0.113.9');
  assert.match((await inside(second.namespace, 'ss -tnH')).out, /10\.0\.2\.10\]?:22 .*203\.0\.113\.9\]?:\d+/);
  assert.equal(await heard(seen), 'hello\n', 'from where it is to come from');
  await Promise.all([
    assert.rejects(connect('10.0.1.10', 23), /nobody answers/, 'the guest’s groups don’t allow it'),
    assert.rejects(connect('10.0.2.10', 22), /nobody answers/, 'nor the end’s own address'),
    assert.rejects(connect('10.0.1.10', 24), /nobody answers/, 'nor the end’s groups'),
    assert.rejects(connect('10.0.1.77', 22), /EINVAL/, 'nobody is there'),
    assert.rejects(connect('169.254.169.254', 22), /nobody answers/, 'what answers guests is no guest'),
  ]);
  assert.ok(!(await reaches(first, '10.0.1.20', 22)), 'nothing leads into the end');
  const byOthers = await inside(namespaceOf(w.tag, plan.id), 'busybox nc -s 10.0.1.20 -p 2000 -w 2 10.0.1.10 22');
  assert.ok(!byOthers.out.includes('hello'), 'nobody else speaks for it');

  await w.networks.apply({ ...plan, interfaces: [a, b] });
  await assert.rejects(connect('10.0.1.10', 22), /is no tunnel's end/);
});

test('two VPCs with the same addresses never meet', { skip }, async (t) => {
  const w = await world(t);
  const [a, b, c] = [guestOf('10.0.1.10'), guestOf('10.0.1.11'), guestOf('10.0.1.10')];
  const [one, other] = [vpcOf([a, b]), vpcOf([c])];
  await w.networks.apply(one);
  await w.networks.apply(other);
  const [, , third] = [await boot(w, one, a), await boot(w, one, b), await boot(w, other, c)];
  assert.ok(!(await ping(third as Guest, '10.0.1.11')));
  assert.deepEqual([...(await w.networks.list())].sort(), [one.id, other.id].sort());
  await w.networks.remove(other.id);
  assert.deepEqual(await w.networks.list(), [one.id]);
});

test('to apply a plan again changes nothing, and takes away what is no more', { skip }, async (t) => {
  const w = await world(t);
  const [a, b] = [guestOf('10.0.1.10'), guestOf('10.0.1.11')];
  const plan = vpcOf([a, b]);
  await w.networks.apply(plan);
  const namespace = namespaceOf(w.tag, plan.id);
  const state = () =>
    inside(
      namespace,
      'ip addr show; ip route show table all proto static; ip rule; ip neigh show nud permanent; nft list ruleset',
    ).then(({ out }) => out);
  const before = await state();
  await w.networks.apply(plan);
  assert.equal(await state(), before);
  await w.networks.apply({ ...plan, interfaces: [a] });
  const after = await state();
  assert.ok(after.includes(tapOf(a.id)) && !after.includes(tapOf(b.id)) && !after.includes('10.0.1.11'));
});

test('a plan that could mean something else to a program is refused', { skip }, async (t) => {
  const w = await world(t);
  const nic = guestOf('10.0.1.10');
  const wrong: VpcPlan[] = [
    { ...vpcOf([]), id: 'vpc-1; reboot' },
    { ...vpcOf([]), cidrs: ['10.0.0.0/16 dev lo'] },
    vpcOf([{ ...nic, mac: '02:00:00:00:00:01\nlink del lo' }]),
    vpcOf([{ ...nic, addresses: [{ privateIp: '10.0.1.10\n' }] }]),
    vpcOf([{ ...nic, ingress: [{ protocol: 'tcp', fromPort: 0.5, peer: { cidr: '0.0.0.0/0' } }] }]),
    vpcOf([{ ...nic, ingress: [{ protocol: 'all', peer: { set: '} drop' } }] }]),
  ];
  for (const plan of wrong) await assert.rejects(w.networks.apply(plan), /no id of|no CIDR|no IPv4|out of range/);
  assert.deepEqual(await w.networks.list(), []);
});
