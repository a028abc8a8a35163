/**
 * An internet gateway: a pair of links, one end inside the VPC, the other where VPCs lead out to. Neither end has an address; each knows the
 * other's MAC by heart. Outside, public addresses are routes to the VPC that has them.
 */
import { batch, ip, type Namespace, nft, setKernel, shown } from '#platform/network/linux/commands.ts';
import { changes, type Found, foundState, OUTSIDE } from '#platform/network/linux/kernel-state.ts';
import { GATEWAY, OUTER_LINK, outerLinkOf, outerTableOf } from '#platform/network/linux/names.ts';
import { outerRuleset } from '#platform/network/linux/ruleset.ts';
import { attachedTo, type VpcPlan } from '#platform/network/network.ts';

export interface Outside {
  readonly tag: string;
  readonly namespace: Namespace;
  readonly publicCidr: string;
}

interface Link {
  readonly ifname: string;
}

/** Makes it or takes it away. */
export async function ensureGateway(
  { id, hasInternetGateway }: VpcPlan,
  inner: string,
  outside: Outside,
): Promise<void> {
  const links = await shown<Link>(inner, 'link', 'show');
  if (links.some(({ ifname }) => ifname === GATEWAY) === hasInternetGateway) return;
  if (!hasInternetGateway) return void (await ip(inner, 'link', 'del', GATEWAY));
  await nft(outside.namespace, outerRuleset(outerTableOf(outside.tag), OUTER_LINK, outside.publicCidr));
  await setKernel(outside.namespace, ['net/ipv4/ip_forward=1']);
  const link = outerLinkOf(id);
  const peer = ['peer', 'name', GATEWAY, 'netns', inner, 'address', OUTSIDE.innerMac];
  await ip(outside.namespace, 'link', 'add', link, 'address', OUTSIDE.outerMac, 'type', 'veth', ...peer);
  await ip(inner, 'link', 'set', GATEWAY, 'up');
  await ip(outside.namespace, 'link', 'set', link, 'up');
}

export async function ensurePublicRoutes(plan: VpcPlan, { namespace }: Outside): Promise<void> {
  if (!plan.hasInternetGateway) return;
  const link = outerLinkOf(plan.id);
  const publicIps = attachedTo(plan).flatMap(({ addresses }) => addresses.flatMap(({ publicIp }) => publicIp ?? []));
  const wanted = {
    addr: new Set<string>(),
    rule: new Set<string>(),
    neigh: new Set(publicIps.map((address) => `${address} lladdr ${OUTSIDE.innerMac} dev ${link}`)),
    route: new Set(publicIps.map((address) => `${address} dev ${link} table main`)),
  };
  // What is asked for by its link does not name it.
  const named = <Item extends object>(items: readonly Item[]) => items.map((item) => ({ ...item, dev: link }));
  const neigh = named(await shown<Found['neigh'][number]>(namespace, 'neigh', 'show', 'nud', 'permanent', 'dev', link));
  const route = named(await shown<Found['route'][number]>(namespace, 'route', 'show', 'proto', 'static', 'dev', link));
  await batch(namespace, changes(wanted, foundState({ addr: [], rule: [], neigh, route })));
}

export async function removeGateway(inner: string): Promise<void> {
  // There may have been none.
  await ip(inner, 'link', 'del', GATEWAY).catch(() => {});
}

/** When the cloud has no VPC any more; made, if it is not there, to be deleted. */
export async function removeOuterRules({ tag, namespace }: Outside): Promise<void> {
  const table = outerTableOf(tag);
  await nft(namespace, `table ${table}\ndelete table ${table}\n`);
}
