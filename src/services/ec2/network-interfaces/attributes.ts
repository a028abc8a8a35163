/** What of an interface can be changed: one attribute at a time. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { fail } from '#services/ec2/errors.ts';
import { instances } from '#services/ec2/instances/state.ts';
import { putInstance } from '#services/ec2/instances/up.ts';
import { findInterface, ownInterface } from '#services/ec2/network-interfaces/find-interface.ts';
import { checkedDescription } from '#services/ec2/network-interfaces/interfaces.ts';
import { giveBorrowedPublicIp, groupsIn, takeBorrowedPublicIp } from '#services/ec2/network-interfaces/lifecycle.ts';
import { isBorrowed, type NetworkInterfaceRow, networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { shownAttachment, shownGroups } from '#services/ec2/network-interfaces/view.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';

type Input = Model.ModifyNetworkInterfaceAttributeRequest;

export const modifyNetworkInterfaceAttribute =
  (parts: Ec2Parts) =>
  (input: Input, call: Call): void => {
    const { tx } = call;
    const row = ownInterface(tx, input.NetworkInterfaceId);
    const { NetworkInterfaceId: _, DryRun: _dryRun, ...attributes } = input;
    const given = Object.entries(attributes).flatMap(([name, value]) => (value === undefined ? [] : name));
    const name = given[0] ?? fail('MissingParameter', 'attribute');
    if (given.length > 1) fail('InvalidCombination', 'Multiple attributes specified');
    const change = CHANGES[name] ?? fail('UnsupportedOperation', `${name} is not supported.`);
    const changed = change(input, row, call, parts);
    if (changed !== undefined) networkInterfaces.put(tx, changed);
  };

/** The row as it is to be; undefined: it is written already. */
type Change = (input: Input, row: NetworkInterfaceRow, call: Call, parts: Ec2Parts) => NetworkInterfaceRow | undefined;

const CHANGES: Readonly<Record<string, Change>> = {
  Description: ({ Description }, row) => ({ ...row, description: checkedDescription(Description?.Value ?? '') }),
  SourceDestCheck: ({ SourceDestCheck }, row) => ({ ...row, isSourceChecked: SourceDestCheck?.Value ?? true }),
  Groups({ Groups = [] }, row, call) {
    if (Groups.length === 0) fail('InvalidCombination', 'You must specify at least one group');
    return { ...row, groups: groupsIn(call.tx, call, { id: row.subnet, vpc: row.vpc }, Groups) };
  },
  Attachment({ Attachment: { AttachmentId: id, DeleteOnTermination: deletes } = {} }, row) {
    if (row.attachment === undefined || row.attachment.id !== id) return fail('NoSuchAttachment', id ?? '');
    if (deletes === undefined) return fail('MissingParameter', 'attachment.deleteOnTermination');
    return { ...row, attachment: { ...row.attachment, deletesOnTermination: deletes } };
  },
  // "This option can be enabled for any network interface but will only apply to the primary network interface (eth0)."
  AssociatePublicIpAddress({ AssociatePublicIpAddress: isAsked = false }, row, { tx, now }, { publicAddresses }) {
    const instance = row.attachment?.deviceIndex === 0 ? instances.find(tx, row.attachment.instance) : undefined;
    if (instance === undefined) return undefined;
    putInstance(tx, { ...instance, borrowsPublicIp: isAsked });
    if (!isAsked) takeBorrowedPublicIp(tx, row, now);
    else if (instance.state === 'running') giveBorrowedPublicIp(tx, row, publicAddresses);
    return undefined;
  },
};

export function resetNetworkInterfaceAttribute(
  { NetworkInterfaceId: id, SourceDestCheck: reset }: Model.ResetNetworkInterfaceAttributeRequest,
  { tx }: Call,
): void {
  const row = ownInterface(tx, id);
  if (reset === undefined) fail('MissingParameter', 'sourceDestCheck');
  networkInterfaces.put(tx, { ...row, isSourceChecked: true });
}

type Shown = (row: NetworkInterfaceRow, call: Call) => Model.DescribeNetworkInterfaceAttributeResult;

const SHOWN: Readonly<Record<Model.NetworkInterfaceAttribute, Shown>> = {
  description: ({ description }) => ({ Description: { Value: description } }),
  groupSet: (row, { tx }) => ({ Groups: shownGroups(tx, row) }),
  sourceDestCheck: ({ isSourceChecked }) => ({ SourceDestCheck: { Value: isSourceChecked } }),
  attachment: ({ attachment }, call) => (attachment ? { Attachment: shownAttachment(attachment, call) } : {}),
  associatePublicIpAddress: ({ addresses }) => ({ AssociatePublicIpAddress: addresses.some(isBorrowed) }),
};

export function describeNetworkInterfaceAttribute(
  { NetworkInterfaceId: id, Attribute: name }: Model.DescribeNetworkInterfaceAttributeRequest,
  call: Call,
): Model.DescribeNetworkInterfaceAttributeResult {
  if (name === undefined) return fail('MissingParameter', 'attribute');
  return { NetworkInterfaceId: id, ...SHOWN[name](findInterface(call.tx, id), call) };
}
