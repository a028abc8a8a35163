/**
 * The part of the driver that needs root: it makes namespaces, taps, routes and rules what a plan says, and opens sockets inside. It parses
 * nothing that a guest has sent. hostd runs it; what it is told is checked first (check-plan.ts).
 *
 * `apply` reads what is there and does the difference, so it can be repeated, and mends what a crash left half done. The rules of what
 * may pass are in place before a new tap is up.
 */
import { readdirSync } from 'node:fs';
import { newInTurn } from '#platform/base/in-turn.ts';
import { machineUid } from '#platform/compute/machine-uid.ts';
import { checkPlan, checkVpcId } from '#platform/network/linux/check-plan.ts';
import { batch, ip, type Namespace, nft, setKernel, shown, shownAll } from '#platform/network/linux/commands.ts';
import { ensureGateway, ensurePublicRoutes, removeGateway, removeOuterRules } from '#platform/network/linux/gateway.ts';
import { changes, foundState, KINDS, wantedState } from '#platform/network/linux/kernel-state.ts';
import { DNS_ADDRESS, GATEWAY, METADATA_ADDRESS, namespaceOf, tapOf, vpcOf } from '#platform/network/linux/names.ts';
import { rulesetOf, tunnelSource } from '#platform/network/linux/ruleset.ts';
import { connectInside, openSockets, type TunnelEnds, type VpcSockets } from '#platform/network/linux/sockets.ts';
import { attachedTo, type VpcId, type VpcPlan } from '#platform/network/network.ts';

export interface NetworkHands {
  apply(plan: VpcPlan): Promise<void>;
  remove(id: VpcId): Promise<void>;
  list(): Promise<readonly VpcId[]>;
  /** What stands beside VPCs goes when there is none: all else goes with its namespace, links and rules too. */
  tidy(): Promise<void>;
  /** Listening inside the VPC, which need not be there yet. */
  sockets(id: VpcId): Promise<VpcSockets>;
  /** A connection inside the VPC, as the system's handle of it: nothing of what it says has been read. */
  connect(ends: TunnelEnds): Promise<unknown>;
}

export interface HandsOptions {
  /** Tells the clouds of one machine apart. */
  readonly tag: string;
  readonly publicCidr: string;
  /** Where VPCs lead out to; by default the machine's own, and so the world. */
  readonly outside?: Namespace;
  /** Who may open the tap of a machine's interface; by default the user that its process is. */
  readonly tapUserOf?: (machine: string) => number;
  /** Of this machine, beside its own: where no guest is led to. */
  readonly closedToGuests?: readonly string[];
  /** A link there that asks for public addresses, whose answers are not to wait. */
  readonly wayOutLink?: string;
}

export function networkHands(options: HandsOptions): NetworkHands {
  const { tag, publicCidr, outside, tapUserOf = machineUid, closedToGuests = [], wayOutLink } = options;
  const inTurn = newInTurn();
  const around = { tag, namespace: outside, publicCidr, closedToGuests };
  const list = async (): Promise<string[]> => namespaces().flatMap((name) => vpcOf(tag, name) ?? []);
  /** Namespaces that this process has made, or made sure of. */
  const ready = new Set<string>();
  const ensure = async (namespace: string): Promise<void> => {
    if (ready.has(namespace) && namespaces().includes(namespace)) return;
    await ensureNamespace(namespace);
    ready.add(namespace);
  };
  return {
    apply: (plan) =>
      inTurn('', async () => {
        checkPlan(plan);
        const namespace = namespaceOf(tag, plan.id);
        await ensure(namespace);
        const links = await shown<FoundLink>(namespace, '-d', 'link', 'show');
        await ensureTaps(namespace, plan, links, tapUserOf);
        if (wayOutLink !== undefined) await batch(outside, [promptAnswers(wayOutLink)]);
        await ensureGateway(plan, namespace, new Set(links.map(({ ifname }) => ifname)), around);
        await nft(namespace, rulesetOf(plan));
        const up = [...attachedTo(plan).map(({ id }) => tapOf(id)), ...(plan.hasInternetGateway ? [GATEWAY] : [])];
        await batch(
          namespace,
          up.map((link) => `link set ${link} up`),
        );
        await batch(namespace, changes(wantedState(plan), await stateOf(namespace)));
        await ensurePublicRoutes(plan, around);
      }),
    remove: (id) =>
      inTurn('', async () => {
        checkVpcId(id);
        const namespace = namespaceOf(tag, id);
        ready.delete(namespace);
        if (namespaces().includes(namespace)) {
          await removeGateway(namespace);
          await ip(undefined, 'netns', 'del', namespace);
        }
        if ((await list()).length === 0) await removeOuterRules(around);
      }),
    list,
    tidy: () =>
      inTurn('', async () => {
        if ((await list()).length === 0) await removeOuterRules(around);
      }),
    sockets: async (id) => {
      checkVpcId(id);
      const namespace = namespaceOf(tag, id);
      await inTurn('', () => ensure(namespace));
      return openSockets(namespace);
    },
    connect: async (ends) => {
      const namespace = namespaceOf(tag, ends.vpc);
      if (ends.as !== undefined) await nft(namespace, tunnelSource(ends.from, ends.fromPort, ends.as));
      return connectInside(namespace, ends);
    },
  };
}

/** As `ip netns` keeps them. */
function namespaces(): string[] {
  try {
    return readdirSync('/run/netns');
  } catch (error) {
    // There has been none yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** A router between taps: nobody's IPv6, and sources are checked by the rules, not by the routes. */
const ROUTER = [
  'net/ipv6/conf/all/disable_ipv6=1',
  'net/ipv6/conf/default/disable_ipv6=1',
  'net/ipv4/conf/all/rp_filter=0',
  'net/ipv4/conf/default/rp_filter=0',
  'net/ipv4/conf/all/send_redirects=0',
  'net/ipv4/conf/default/send_redirects=0',
  'net/ipv4/conf/all/accept_redirects=0',
  'net/ipv4/conf/default/accept_redirects=0',
  'net/ipv4/conf/default/proxy_arp=1',
  'net/ipv4/ip_forward=1',
];

async function ensureNamespace(namespace: string): Promise<void> {
  if (!namespaces().includes(namespace)) await ip(undefined, 'netns', 'add', namespace);
  // Also where a crash came in between.
  await setKernel(namespace, ROUTER);
  // Sockets may be opened there from here on.
  const own = [METADATA_ADDRESS, DNS_ADDRESS].map((address) => `addr replace ${address}/32 dev lo`);
  await batch(namespace, ['link set lo up', ...own]);
}

/** By default answers for others wait for most of a second. */
const promptAnswers = (link: string): string => `ntable change name arp_cache dev ${link} proxy_delay 0`;

interface FoundLink {
  readonly ifname: string;
  readonly linkinfo?: { readonly info_data?: { readonly user?: number | string } };
}

/** `ip` names users that have a name: of those only root of a namespace has taps here. */
const userIdOf = (shown: number | string | undefined): number => (shown === 'root' ? 0 : Number(shown));

/** A tap for each attached interface, which its machine's user alone may open. */
async function ensureTaps(
  namespace: string,
  plan: VpcPlan,
  links: readonly FoundLink[],
  userOf: (machine: string) => number,
): Promise<void> {
  const wanted = new Map(attachedTo(plan).map(({ id, machine = '' }) => [tapOf(id), userOf(machine)]));
  const found = new Map(
    links
      .filter(({ ifname }) => ifname.startsWith('tap'))
      .map(({ ifname, linkinfo }) => [ifname, userIdOf(linkinfo?.info_data?.user)]),
  );
  const isSame = (name: string): boolean => wanted.get(name) === found.get(name);
  const missing = [...wanted].filter(([name]) => !isSame(name));
  await batch(namespace, [
    ...[...found.keys()].filter((name) => !isSame(name)).map((name) => `link del ${name}`),
    ...missing.flatMap(([name, uid]) => [`tuntap add dev ${name} mode tap user ${uid}`, promptAnswers(name)]),
  ]);
}

const SHOWN = {
  addr: ['addr', 'show'],
  neigh: ['neigh', 'show', 'nud', 'permanent'],
  route: ['route', 'show', 'table', 'all', 'proto', 'static'],
  rule: ['rule', 'show'],
} as const;

async function stateOf(namespace: string) {
  // foundState knows what each of them shows.
  const questions = KINDS.map((kind) => SHOWN[kind]);
  const [addr = [], neigh = [], route = [], rule = []] = await shownAll<never>(namespace, questions);
  return foundState({ addr, neigh, route, rule });
}
