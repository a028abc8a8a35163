/**
 * An internet gateway: a pair of links, one end inside the VPC, the other where VPCs lead out to. Neither end has an address; each knows the
 * other's MAC by heart. Outside, public addresses are routes to the VPC that has them.
 */
import { batch, ip, type Namespace, nft, setKernel, shownAll } from '#platform/network/linux/commands.ts';
import { changes, type Found, foundState, OUTSIDE } from '#platform/network/linux/kernel-state.ts';
import { GATEWAY, OUTER_LINK, outerLinkOf, outerTableOf } from '#platform/network/linux/names.ts';
import { outerRuleset } from '#platform/network/linux/ruleset.ts';
import { attachedTo, type VpcPlan } from '#platform/network/network.ts';

export interface Outside {
  readonly tag: string;
  readonly namespace: Namespace;
  readonly publicCidr: string;
  readonly closedToGuests: readonly string[];
}

/** Makes it or takes it away. The inner end is brought up with the VPC's other links. */
export async function ensureGateway(
  { id, hasInternetGateway }: VpcPlan,
  inner: string,
  links: ReadonlySet<string>,
  outside: Outside,
): Promise<void> {
  if (links.has(GATEWAY) === hasInternetGateway) return;
  if (!hasInternetGateway) return void (await ip(inner, 'link', 'del', GATEWAY));
  await nft(outside.namespace, outerRuleset(outerTableOf(outside.tag), OUTER_LINK, outside));
  await setKernel(outside.namespace, ['net/ipv4/ip_forward=1']);
  const link = outerLinkOf(id);
  const peer = `peer name ${GATEWAY} netns ${inner} address ${OUTSIDE.innerMac}`;
  await batch(outside.namespace, [
    `link add ${link} address ${OUTSIDE.outerMac} type veth ${peer}`,
    `link set ${link} up`,
  ]);
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
  const [neigh = [], route = []] = await shownAll<never>(namespace, [
    ['neigh', 'show', 'nud', 'permanent', 'dev', link],
    ['route', 'show', 'proto', 'static', 'dev', link],
  ]);
  const found: Found = { addr: [], rule: [], neigh: named(neigh), route: named(route) };
  await batch(namespace, changes(wanted, foundState(found)));
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
