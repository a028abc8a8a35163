/** How much of the quota of rules a group takes. */
import { heaviest, type ListSizes, ofFamily, type Weight } from '#services/ec2/prefix-lists/list-sizes.ts';
import type { SecurityGroupRow, SecurityGroupRule } from '#services/ec2/security-groups/state.ts';

/** "This quota is enforced separately for inbound rules and outbound rules." */
export const countRules = ({ rules }: SecurityGroupRow, sizes: ListSizes): number =>
  Math.max(
    ...[true, false].map((isEgress) =>
      heaviest(rules.filter((rule) => rule.isEgress === isEgress).map((rule) => weightOf(rule, sizes))),
    ),
  );

/** A rule that refers to a group counts for both families. */
function weightOf({ peer }: SecurityGroupRule, sizes: ListSizes): Weight {
  if (peer.kind === 'prefix-list') return sizes(peer.list);
  return peer.kind === 'group' ? { ipv4: 1, ipv6: 1 } : ofFamily(peer.cidr);
}
