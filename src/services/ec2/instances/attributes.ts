/**
 * ModifyInstanceAttribute, DescribeInstanceAttribute, ResetInstanceAttribute: one attribute a call. An attribute is a row of the table:
 * whether it can be changed while the instance is up, what a new value makes of the row, and how it is shown.
 */
import type {
  DescribeInstanceAttributeRequest,
  InstanceAttribute,
  InstanceAttributeName,
  ModifyInstanceAttributeRequest,
  ResetInstanceAttributeRequest,
} from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { instanceType } from '#services/ec2/instance-types/types.ts';
import { defaultCredits } from '#services/ec2/instances/default-credits.ts';
import { findInstance } from '#services/ec2/instances/instances.ts';
import { checkUserData, creditsOf } from '#services/ec2/instances/launch/options.ts';
import { attachedTo } from '#services/ec2/instances/machine-spec.ts';
import { type InstanceRow, userData } from '#services/ec2/instances/state.ts';
import { putInstance } from '#services/ec2/instances/up.ts';
import { sightOf, viewerOf } from '#services/ec2/instances/view.ts';
import { groupsIn } from '#services/ec2/network-interfaces/lifecycle.ts';
import { type NetworkInterfaceRow, networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { volumes } from '#services/ec2/volumes/state.ts';

type Modify = Omit<ModifyInstanceAttributeRequest, 'InstanceId' | 'DryRun'>;
type Set = (call: Call, row: InstanceRow, input: Modify) => void;

interface Attribute {
  /** Whether the input is about it, in the form of its own member. */
  readonly isGiven: (input: Modify) => boolean;
  /** The input of the form `Attribute` and `Value`, in that of its own member. */
  readonly fromText?: (value: string) => Modify;
  readonly set?: Set;
  /** "To modify some attributes, the instance must be stopped." */
  readonly needsStop?: true;
  readonly show: (tx: ReadTransaction, row: InstanceRow) => Omit<InstanceAttribute, 'InstanceId'>;
}

const flag = (text: string): { Value: boolean } => ({ Value: text.toLowerCase() === 'true' });
const value = <T>(Value: T): { Value: T } => ({ Value });

const ATTRIBUTES: Partial<Record<InstanceAttributeName, Attribute>> = {
  instanceType: {
    isGiven: ({ InstanceType: given }) => given !== undefined,
    fromText: (text) => ({ InstanceType: { Value: text } }),
    needsStop: true,
    set: (call, row, { InstanceType: given }) => resize(call, row, given?.Value ?? ''),
    show: (_, row) => ({ InstanceType: value(row.type) }),
  },
  userData: {
    isGiven: ({ UserData: given }) => given !== undefined,
    fromText: (text) => ({ UserData: { Value: Buffer.from(text, 'base64') } }),
    needsStop: true,
    set: ({ tx }, row, { UserData: given }) => {
      const base64 = checkUserData(Buffer.from(given?.Value ?? []).toString('base64'));
      if (base64 === '') userData.drop(tx, row.id);
      else userData.put(tx, { id: row.id, base64 });
    },
    show: (tx, row) => {
      const kept = userData.find(tx, row.id);
      return { UserData: kept === undefined ? {} : value(kept.base64) };
    },
  },
  disableApiTermination: {
    isGiven: ({ DisableApiTermination: given }) => given !== undefined,
    fromText: (text) => ({ DisableApiTermination: flag(text) }),
    set: ({ tx }, row, { DisableApiTermination: given }) =>
      void putInstance(tx, { ...row, isTerminationProtected: given?.Value === true }),
    show: (_, row) => ({ DisableApiTermination: value(row.isTerminationProtected) }),
  },
  disableApiStop: {
    isGiven: ({ DisableApiStop: given }) => given !== undefined,
    fromText: (text) => ({ DisableApiStop: flag(text) }),
    set: ({ tx }, row, { DisableApiStop: given }) =>
      void putInstance(tx, { ...row, isStopProtected: given?.Value === true }),
    show: (_, row) => ({ DisableApiStop: value(row.isStopProtected) }),
  },
  instanceInitiatedShutdownBehavior: {
    isGiven: ({ InstanceInitiatedShutdownBehavior: given }) => given !== undefined,
    fromText: (text) => ({ InstanceInitiatedShutdownBehavior: { Value: text } }),
    set: ({ tx }, row, { InstanceInitiatedShutdownBehavior: given }) => {
      const behaviour = given?.Value;
      if (behaviour !== 'stop' && behaviour !== 'terminate') {
        fail('InvalidParameter', 'instanceInitiatedShutdownBehavior', behaviour ?? '', 'Use stop or terminate.');
      }
      putInstance(tx, { ...row, shutdownBehaviour: behaviour });
    },
    show: (_, row) => ({ InstanceInitiatedShutdownBehavior: value(row.shutdownBehaviour) }),
  },
  rootDeviceName: {
    isGiven: () => false,
    show: (_, row) => ({ RootDeviceName: value(row.rootDevice) }),
  },
  blockDeviceMapping: {
    isGiven: ({ BlockDeviceMappings: given = [] }) => given.length > 0,
    set: setMappings,
    show: (tx, row) => ({ BlockDeviceMappings: sightOf(viewerOf(tx), row).shown.BlockDeviceMappings ?? [] }),
  },
  productCodes: { isGiven: () => false, show: () => ({ ProductCodes: [] }) },
  sourceDestCheck: {
    isGiven: ({ SourceDestCheck: given }) => given !== undefined,
    fromText: (text) => ({ SourceDestCheck: flag(text) }),
    set: ({ tx }, row, { SourceDestCheck: given }) => {
      networkInterfaces.put(tx, { ...onlyInterface(tx, row), isSourceChecked: given?.Value === true });
    },
    show: (tx, row) => ({ SourceDestCheck: value(onlyInterface(tx, row).isSourceChecked) }),
  },
  groupSet: {
    isGiven: ({ Groups: given = [] }) => given.length > 0,
    set: (call, row, { Groups: given = [] }) => {
      const one = onlyInterface(call.tx, row);
      const groups = groupsIn(call.tx, call, { id: one.subnet, vpc: one.vpc }, given);
      networkInterfaces.put(call.tx, { ...one, groups });
    },
    show: (tx, row) => ({ Groups: sightOf(viewerOf(tx), row).shown.SecurityGroups ?? [] }),
  },
  ebsOptimized: {
    isGiven: ({ EbsOptimized: given }) => given !== undefined,
    fromText: (text) => ({ EbsOptimized: flag(text) }),
    needsStop: true,
    set: ({ tx }, row, { EbsOptimized: given }) =>
      void putInstance(tx, { ...row, isEbsOptimized: given?.Value === true }),
    show: (_, row) => ({ EbsOptimized: value(row.isEbsOptimized) }),
  },
  sriovNetSupport: { isGiven: () => false, show: () => ({ SriovNetSupport: value('simple') }) },
  enaSupport: { isGiven: () => false, show: () => ({ EnaSupport: value(true) }) },
  enclaveOptions: { isGiven: () => false, show: () => ({ EnclaveOptions: { Enabled: false } }) },
};

/** With several interfaces it is theirs, each for itself (ModifyNetworkInterfaceAttribute). */
function onlyInterface(tx: ReadTransaction, row: InstanceRow): NetworkInterfaceRow {
  const { interfaces } = attachedTo(tx, row);
  if (interfaces.length > 1) {
    fail(
      'InterfaceAttribute',
      `There are multiple interfaces attached to instance '${row.id}'. Please specify an interface ID for the operation instead.`,
    );
  }
  return interfaces[0] ?? fail('IncorrectInstanceState', row.id, 'modified');
}

/** A smaller or larger one; what was chosen for the old type (CPU options, credits) is chosen anew. */
function resize({ tx }: Call, row: InstanceRow, name: string): void {
  const type = instanceType(name) ?? fail('UnknownInstanceType', name);
  if (row.interfaces.length > type.interfaces) fail('AttachmentLimit', type.name, type.interfaces);
  const cpu = { cores: type.vcpus / type.threadsPerCore, threadsPerCore: type.threadsPerCore };
  const { credits: _, ...rest } = row;
  putInstance(tx, {
    ...rest,
    type: type.name,
    cpu,
    ...creditsOf(undefined, (family) => defaultCredits(tx, family), type),
  });
}

function setMappings({ tx }: Call, row: InstanceRow, { BlockDeviceMappings: given = [] }: Modify): void {
  for (const { DeviceName: name, Ebs: ebs } of given) {
    const device = row.devices.find((one) => one.device === name);
    const volume = device && volumes.find(tx, device.volume);
    if (volume?.attachment?.instance !== row.id) {
      fail('InvalidInstanceAttribute', `No device is currently mapped at ${name ?? ''}`);
    }
    const deletes = ebs?.DeleteOnTermination;
    if (deletes === undefined) continue;
    volumes.put(tx, { ...volume, attachment: { ...volume.attachment, deletesOnTermination: deletes } });
  }
}

function attributeNamed(name: InstanceAttributeName): Attribute {
  return (
    ATTRIBUTES[name] ?? fail('Unsupported', `The attribute ${name} is not supported here: an image has its own kernel.`)
  );
}

export function modifyInstanceAttribute(
  { InstanceId: id, ...input }: ModifyInstanceAttributeRequest,
  call: Call,
): void {
  const row = findInstance(call.tx, id);
  const given = asMember(input);
  if (given.Kernel !== undefined || given.Ramdisk !== undefined) attributeNamed('kernel');
  if (given.EnclaveOptions?.Enabled === true) fail('Unsupported', 'Enclaves are not supported here.');
  const named = Object.values(ATTRIBUTES).filter((attribute) => attribute.isGiven(given));
  const [attribute] = named;
  if (attribute?.set === undefined) {
    // To ask for what is so anyway changes nothing.
    if (given.EnaSupport?.Value === true || given.SriovNetSupport?.Value === 'simple') return;
    fail('NoAttribute');
  }
  if (named.length > 1) fail('InvalidCombination', 'Fields for multiple attribute types specified.');
  if (attribute.needsStop && row.state !== 'stopped') fail('InstanceNotStopped', id);
  attribute.set(call, row, given);
}

function asMember({ Attribute: name, Value: text, ...input }: Modify): Modify {
  if (name === undefined) return input;
  const { fromText } = attributeNamed(name);
  if (fromText === undefined || text === undefined) return input;
  return fromText(text);
}

export function describeInstanceAttribute(input: DescribeInstanceAttributeRequest, { tx }: Call): InstanceAttribute {
  const row = findInstance(tx, input.InstanceId);
  return { InstanceId: row.id, ...attributeNamed(input.Attribute).show(tx, row) };
}

/** "To reset the kernel or ramdisk, the instance must be stopped. To reset the sourceDestCheck, it can be running or stopped." */
export function resetInstanceAttribute(input: ResetInstanceAttributeRequest, { tx }: Call): void {
  const row = findInstance(tx, input.InstanceId);
  if (input.Attribute !== 'sourceDestCheck') {
    if (input.Attribute === 'kernel' || input.Attribute === 'ramdisk') attributeNamed(input.Attribute);
    fail('InvalidParameter', 'attribute', input.Attribute, 'It can not be reset.');
  }
  networkInterfaces.put(tx, { ...onlyInterface(tx, row), isSourceChecked: true });
}

/** ec2:Attribute, for the attribute that a call changes. */
export function changedAttribute(input: ModifyInstanceAttributeRequest): string | undefined {
  if (input.Attribute !== undefined) return attributeKey(input.Attribute);
  const found = Object.entries(ATTRIBUTES).find(([, attribute]) => attribute.isGiven(input));
  return found && attributeKey(found[0]);
}

const attributeKey = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
