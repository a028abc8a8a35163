/**
 * EC2 Instance Connect: who may, pushes a public key to an instance, and who has the private one may log in for a minute. Its
 * permissions are on EC2's instances; what it knows of them it asks EC2.
 *
 * Order of reading: state.ts, pushed-keys.ts, serial-console.ts; open-tunnel.ts for what comes by way of an endpoint.
 */

import { formatArn } from '#platform/base/arn.ts';
import type { Connections } from '#platform/connections.ts';
import type * as Model from '#platform/model/generated/ec2-instance-connect.ts';
import { type Call, type CallScope, defineService, type Handlers } from '#platform/service.ts';
import type { Store } from '#platform/store/store.ts';
import type { InstanceFacts, InstancePlace, InstancesApi, SshKey, TunnelsApi } from '#services/ec2/api.ts';
import { fail } from '#services/ec2-instance-connect/errors.ts';
import { endpointArn, openTunnel, tunnelConditions } from '#services/ec2-instance-connect/open-tunnel.ts';
import { expiry, pushKey, pushSerialKey, timers } from '#services/ec2-instance-connect/pushed-keys.ts';
import { type PushedKey, serialDirectory } from '#services/ec2-instance-connect/state.ts';

export interface ConnectParts {
  readonly store: Store;
  readonly instances: InstancesApi;
  readonly tunnels: TunnelsApi;
  readonly connections: Connections;
}

const instanceArn = ({ InstanceId: id }: { readonly InstanceId: string }, { region, account }: CallScope): string =>
  formatArn('ec2', region, account, `instance/${id}`);

const placeOf = ({ InstanceId: id }: { readonly InstanceId: string }, { account, region }: Call): InstancePlace => ({
  account,
  region,
  id,
});

const seen = async ({ instances }: ConnectParts, place: InstancePlace): Promise<InstanceFacts> =>
  (await instances.look(place)) ?? fail('EC2InstanceNotFoundException');

const readKey = ({ instances }: ConnectParts, text: string): SshKey =>
  instances.sshKey(text) ??
  fail(
    'InvalidArgsException',
    'Invalid input parameter received for Illegal argument exception: SSH Public key is invalid',
  );

const pushed = ({ line }: SshKey, { principal, requestId, now }: Call): PushedKey => ({
  line,
  caller: 'arn' in principal ? principal.arn : '',
  request: requestId,
  expiresAt: expiry(now),
});

const sendSSHPublicKey =
  (parts: ConnectParts) =>
  async (input: Model.SendSSHPublicKeyRequest, call: Call): Promise<Model.SendSSHPublicKeyResponse> => {
    const { InstanceId: id, InstanceOSUser: user, AvailabilityZone: zone } = input;
    const key = readKey(parts, input.SSHPublicKey);
    const facts = await seen(parts, placeOf(input, call));
    if (zone !== undefined && zone !== facts.zone) fail('EC2InstanceNotFoundException');
    if (facts.state === 'pending') fail('EC2InstanceUnavailableException');
    if (facts.state !== 'running') fail('EC2InstanceStateInvalidException');
    call.transact((tx) => pushKey(tx, id, user, key, pushed(key, call)));
    return { RequestId: call.requestId, Success: true };
  };

const sendSerialConsoleSSHPublicKey =
  (parts: ConnectParts) =>
  async (
    input: Model.SendSerialConsoleSSHPublicKeyRequest,
    call: Call,
  ): Promise<Model.SendSerialConsoleSSHPublicKeyResponse> => {
    const place = placeOf(input, call);
    const key = readKey(parts, input.SSHPublicKey);
    const { hypervisor } = await seen(parts, place);
    const way = parts.instances.connection(place, 'serial');
    if (way === 'serial-console-disabled') fail('SerialConsoleAccessDisabledException');
    if (hypervisor !== 'nitro') fail('EC2InstanceTypeInvalidException');
    if (way === 'not-running') fail('EC2InstanceStateInvalidException');
    if (way === 'serial-console-in-use') fail('SerialConsoleSessionLimitExceededException');
    const directory = serialDirectory(parts.store);
    const { account, region } = place;
    directory.transact((tx) => pushSerialKey(tx, place.id, key, { ...pushed(key, call), account, region }));
    await directory.durable();
    return { RequestId: call.requestId, Success: true };
  };

const notImplemented = {} as const;

export const ec2InstanceConnect = (parts: ConnectParts) =>
  defineService({
    defaults: { event: 'management', usage: 'Requests' },
    operations: {
      SendSSHPublicKey: {
        handler: sendSSHPublicKey(parts),
        resource: instanceArn,
        conditions: ({ InstanceOSUser: user }) => ({ 'ec2:osuser': user }),
        steps: true,
      },
      SendSerialConsoleSSHPublicKey: {
        handler: sendSerialConsoleSSHPublicKey(parts),
        resource: instanceArn,
        steps: true,
      },
    } satisfies Handlers<Omit<Model.Ec2InstanceConnectOperations, 'OpenTunnel'>, typeof notImplemented>,
    internal: {
      OpenTunnel: {
        as: 'OpenTunnel',
        handler: openTunnel(parts),
        resource: endpointArn,
        conditions: tunnelConditions,
        steps: true,
      },
    },
    notImplemented,
    kinds: {},
    quotas: {},
    // AWS throttles them, and names no rate.
    throttles: {
      OpenTunnel: { perSecond: 10, burst: 20 },
      SendSSHPublicKey: { perSecond: 10, burst: 20 },
      SendSerialConsoleSSHPublicKey: { perSecond: 10, burst: 20 },
    },
    timers,
  });
