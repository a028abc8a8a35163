/** Interfaces come to instances and leave them. One that is stopped has them at once; for one that runs its reconciler asks the guest. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { instanceType } from '#services/ec2/instance-types/types.ts';
import { findInstance } from '#services/ec2/instances/instances.ts';
import type { InstanceRow } from '#services/ec2/instances/state.ts';
import { putInstance } from '#services/ec2/instances/up.ts';
import { ownInterface } from '#services/ec2/network-interfaces/find-interface.ts';
import { attachInterface, detachInterface } from '#services/ec2/network-interfaces/lifecycle.ts';
import { type NetworkInterfaceRow, networkInterfaces } from '#services/ec2/network-interfaces/state.ts';

const TAKES: ReadonlySet<InstanceRow['state']> = new Set(['running', 'stopped']);

export function attachNetworkInterface(
  input: Model.AttachNetworkInterfaceRequest,
  { tx, now }: Call,
): Model.AttachNetworkInterfaceResult {
  const { DeviceIndex: deviceIndex, NetworkCardIndex: card = 0 } = input;
  const row = ownInterface(tx, input.NetworkInterfaceId);
  const instance = findInstance(tx, input.InstanceId);
  if (row.attachment !== undefined) fail('InterfaceInUse', row.id);
  if (!TAKES.has(instance.state)) fail('IncorrectInstanceState', instance.id, 'attached to');
  if (card !== 0) fail('InvalidParameter', 'networkCardIndex', String(card), 'Instances here have one network card.');
  if (row.zone !== instance.zone) {
    fail(
      'InvalidValue',
      'You may not attach a network interface to an instance if they are not in the same availability zone',
    );
  }
  if (row.vpc !== instance.vpc) {
    fail('InvalidValue', `Network interface ${row.id} and instance ${instance.id} are not in the same VPC.`);
  }
  const present = attachedTo(tx, instance);
  if (deviceIndex < 0 || present.some(({ attachment }) => attachment?.deviceIndex === deviceIndex)) {
    fail(
      'InvalidValue',
      `Instance '${instance.id}' already has an interface attached at device index '${deviceIndex}'.`,
    );
  }
  checkRoom(instance, row, present.length);
  const attached = attachInterface(tx, row, { instance: instance.id, deviceIndex, deletesOnTermination: false }, now);
  if (instance.state === 'stopped') networkInterfaces.put(tx, settled(attached));
  putInstance(tx, { ...instance, interfaces: byDevice([...present, attached]) });
  return { AttachmentId: attached.attachment?.id ?? '', NetworkCardIndex: card };
}

const attachedTo = (tx: ReadTransaction, { interfaces }: InstanceRow): NetworkInterfaceRow[] =>
  interfaces.flatMap((id) => networkInterfaces.find(tx, id) ?? []);

const byDevice = (rows: readonly NetworkInterfaceRow[]): string[] =>
  rows.toSorted((a, b) => (a.attachment?.deviceIndex ?? 0) - (b.attachment?.deviceIndex ?? 0)).map(({ id }) => id);

const settled = (row: NetworkInterfaceRow): NetworkInterfaceRow =>
  row.attachment === undefined ? row : { ...row, attachment: { ...row.attachment, status: 'attached' } };

function checkRoom({ id, type }: InstanceRow, { addresses }: NetworkInterfaceRow, present: number): void {
  const most = instanceType(type);
  if (most === undefined) return;
  if (present >= most.interfaces) fail('AttachmentLimit', id, most.interfaces);
  if (addresses.length > most.addresses) fail('PrivateAddressLimit');
}

export const interfaceOfAttachment = (tx: ReadTransaction, id: string): NetworkInterfaceRow | undefined =>
  networkInterfaces.all(tx).find(({ attachment, manager }) => attachment?.id === id || manager?.attachment === id);

export function detachNetworkInterface(input: Model.DetachNetworkInterfaceRequest, { tx, now }: Call): void {
  const { AttachmentId: id } = input;
  const row = interfaceOfAttachment(tx, id) ?? fail('NoSuchAttachment', id);
  const attachment =
    row.attachment ?? fail('OperationNotPermitted', `You are not allowed to manage '${id}' attachments.`);
  if (attachment.deviceIndex === 0) {
    fail('OperationNotPermitted', 'The network interface at device index 0 cannot be detached.');
  }
  const instance = findInstance(tx, attachment.instance);
  if (instance.state === 'stopped') detachAtOnce(tx, instance, row, now);
  else {
    const isForced = input.Force === true && ({ isForced: true } as const);
    networkInterfaces.put(tx, { ...row, attachment: { ...attachment, status: 'detaching', ...isForced } });
  }
}

function detachAtOnce(tx: Transaction, instance: InstanceRow, row: NetworkInterfaceRow, now: number): void {
  detachInterface(tx, row, now);
  putInstance(tx, { ...instance, interfaces: instance.interfaces.filter((id) => id !== row.id) });
}
