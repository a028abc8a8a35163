/**
 * OpenTunnel: a way through an EC2 Instance Connect Endpoint to a private address of its VPC. No API has it, but policies and the audit
 * do; it comes by gateway/tunnel.ts, which opens what is left for it here under the id of its request.
 */
import { formatArn } from '#platform/base/arn.ts';
import { seconds } from '#platform/base/clock.ts';
import type { Connections } from '#platform/connections.ts';
import type * as Model from '#platform/model/generated/ec2-instance-connect.ts';
import type { Call, CallScope, ConditionValues } from '#platform/service.ts';
import type { NoTunnel, TunnelsApi } from '#services/ec2/api.ts';
import { fail } from '#services/ec2-instance-connect/errors.ts';

type Input = Model.OpenTunnelRequest;

/** "Maximum duration for an established TCP connection: 1 hour (3,600 seconds)." */
const LONGEST_SECONDS = 3600;
/** "Only ports 22 and 3389 are supported." */
const PORTS: ReadonlySet<number> = new Set([22, 3389]);

export const endpointArn = ({ InstanceConnectEndpointId: id }: Input, { region, account }: CallScope): string =>
  formatArn('ec2', region, account, `instance-connect-endpoint/${id}`);

export const tunnelConditions = (input: Input): ConditionValues => ({
  'ec2-instance-connect:remoteport': String(input.RemotePort),
  'ec2-instance-connect:privateipaddress': input.PrivateIpAddress,
  'ec2-instance-connect:maxtunnelduration': String(input.MaxTunnelDuration ?? LONGEST_SECONDS),
});

interface TunnelParts {
  readonly tunnels: TunnelsApi;
  readonly connections: Connections;
}

export const openTunnel =
  ({ tunnels, connections }: TunnelParts) =>
  (input: Input, { account, region, requestId, sourceAddress: client }: Call): object => {
    const { RemotePort: port, PrivateIpAddress: address, MaxTunnelDuration: lasts = LONGEST_SECONDS } = input;
    if (!PORTS.has(port)) fail('InvalidParameter', WRONG_PORT);
    const endpoint = { account, region, id: input.InstanceConnectEndpointId };
    const way = tunnels.tunnel(endpoint, { address, port, client, lasts: seconds(lasts) });
    if (typeof way === 'string') return refuse(way);
    connections.keep(requestId, way);
    return {};
  };

const WRONG_PORT =
  'The specified RemotePort is not valid. Specify either 22 or 3389 as the RemotePort and retry your request.';

function refuse(why: NoTunnel): never {
  switch (why) {
    case 'no-endpoint':
      return fail('InvalidParameter', 'The specified InstanceConnectEndpointId is not valid.');
    case 'outside-vpc':
      return fail('InvalidParameter', 'The specified PrivateIpAddress is not in the VPC of the endpoint.');
    case 'client-not-shown':
      return fail(
        'InvalidParameter',
        'The endpoint preserves the IP addresses of clients, and yours is none that an instance could answer to.',
      );
    case 'too-many':
      return fail('TooManyConnections', 'The endpoint has the maximum number of connections (20).');
  }
}
