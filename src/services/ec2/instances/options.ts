/** Options of instances that have an operation of their own: metadata, CPU, maintenance, name, placement, bandwidth. */

import { present } from '#platform/base/assert.ts';
import type {
  ModifyInstanceCpuOptionsRequest,
  ModifyInstanceCpuOptionsResult,
  ModifyInstanceMaintenanceOptionsRequest,
  ModifyInstanceMaintenanceOptionsResult,
  ModifyInstanceMetadataOptionsRequest,
  ModifyInstanceMetadataOptionsResult,
  ModifyInstancePlacementRequest,
  ModifyInstancePlacementResult,
  ModifyPrivateDnsNameOptionsRequest,
  ModifyPrivateDnsNameOptionsResult,
} from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { fail } from '#services/ec2/errors.ts';
import { instanceType } from '#services/ec2/instance-types/types.ts';
import { findInstance } from '#services/ec2/instances/instances.ts';
import { cpuOptions, metadataOptions } from '#services/ec2/instances/launch/options.ts';
import { checkEnforcedTokens } from '#services/ec2/instances/metadata-defaults.ts';
import type { InstanceRow } from '#services/ec2/instances/state.ts';
import { putInstance } from '#services/ec2/instances/up.ts';
import { shownMetadataOptions } from '#services/ec2/instances/view.ts';
import { wake } from '#services/ec2/wakes.ts';

function stopped({ tx }: Call, id: string): InstanceRow {
  const row = findInstance(tx, id);
  return row.state === 'stopped' ? row : fail('InstanceNotStopped', id);
}

export function modifyInstanceMetadataOptions(
  input: ModifyInstanceMetadataOptionsRequest,
  { tx }: Call,
): ModifyInstanceMetadataOptionsResult {
  const row = findInstance(tx, input.InstanceId);
  if (row.state === 'terminated' || row.state === 'shutting-down') fail('IncorrectInstanceState', row.id, 'modified');
  const { InstanceId: _, DryRun: _dryRun, ...given } = input;
  if (Object.keys(given).length === 0) fail('MissingParameter', 'HttpTokens or HttpEndpoint');
  const metadata = metadataOptions(given, row.metadata);
  if (given.HttpTokens === 'optional') checkEnforcedTokens(tx, metadata);
  putInstance(tx, { ...row, metadata });
  // The network holds the hop limit.
  wake(tx, 'networks');
  return {
    InstanceId: row.id,
    InstanceMetadataOptions: { ...shownMetadataOptions(metadata), State: 'pending' },
  };
}

export function modifyInstanceCpuOptions(
  input: ModifyInstanceCpuOptionsRequest,
  call: Call,
): ModifyInstanceCpuOptionsResult {
  const row = stopped(call, input.InstanceId);
  const type = present(instanceType(row.type), 'a type that an instance was launched with stays');
  const { InstanceId: _, DryRun: _dryRun, ...given } = input;
  const cpu = cpuOptions(given, type);
  putInstance(call.tx, { ...row, cpu });
  return { InstanceId: row.id, CoreCount: cpu.cores, ThreadsPerCore: cpu.threadsPerCore };
}

export function modifyInstanceMaintenanceOptions(
  input: ModifyInstanceMaintenanceOptionsRequest,
  { tx }: Call,
): ModifyInstanceMaintenanceOptionsResult {
  const row = findInstance(tx, input.InstanceId);
  if (input.RebootMigration !== undefined) fail('Unsupported', 'Reboot migration is not supported here.');
  const recovers = input.AutoRecovery === undefined ? row.recovers : input.AutoRecovery === 'default';
  putInstance(tx, { ...row, recovers });
  return { InstanceId: row.id, AutoRecovery: recovers ? 'default' : 'disabled' };
}

export function modifyPrivateDnsNameOptions(
  input: ModifyPrivateDnsNameOptionsRequest,
  call: Call,
): ModifyPrivateDnsNameOptionsResult {
  if (input.EnableResourceNameDnsAAAARecord === true) fail('Unsupported', 'There is no IPv6 here.');
  // "To modify the hostname type, the instance must be stopped."
  const isNamed = input.PrivateDnsHostnameType !== undefined;
  const row = isNamed ? stopped(call, input.InstanceId) : findInstance(call.tx, input.InstanceId);
  putInstance(call.tx, {
    ...row,
    names: {
      type: input.PrivateDnsHostnameType ?? row.names.type,
      hasARecord: input.EnableResourceNameDnsARecord ?? row.names.hasARecord,
    },
  });
  wake(call.tx, 'networks');
  return { Return: true };
}

/** There are neither Dedicated Hosts nor placement groups: only what is so already can be asked for. */
export function modifyInstancePlacement(
  input: ModifyInstancePlacementRequest,
  call: Call,
): ModifyInstancePlacementResult {
  const { InstanceId: id, Affinity: affinity, Tenancy: tenancy, ...places } = input;
  findInstance(call.tx, id);
  const given = Object.values(places).filter((value) => value !== undefined && value !== '');
  if (given.length > 0 || (tenancy ?? 'default') !== 'default' || (affinity ?? 'default') !== 'default') {
    fail('Unsupported', 'There are no Dedicated Hosts and no placement groups here.');
  }
  if (Object.keys(input).length === 1) fail('MissingParameter', 'affinity, hostId, tenancy or groupName');
  return { Return: true };
}
