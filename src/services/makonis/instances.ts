/** The way from a browser to a machine: allowed here, like any call, and opened by the grant at the console's host (gateway/console.ts). */
import { formatArn } from '#platform/base/arn.ts';
import type { Region } from '#platform/base/ids.ts';
import type { Connections } from '#platform/connections.ts';
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/makonis.ts';
import type { Call, CallScope, Handlers } from '#platform/service.ts';
import type { InstancesApi, NoConnection } from '#services/ec2/api.ts';

interface InstanceParts {
  readonly instances: InstancesApi;
  readonly connections: Connections;
}

const refusal = (
  why: NoConnection,
  { InstanceId: id, Region: region }: Model.ConnectToInstanceRequest,
): [code: string, message: string] => {
  switch (why) {
    case 'not-running':
      return ['NoSuchResourceException', `There is no running instance ${id} in ${region}.`];
    case 'serial-console-disabled':
      return [
        'SerialConsoleAccessDisabledException',
        `Access to the EC2 serial console is disabled for this account in ${region}. EnableSerialConsoleAccess allows it.`,
      ];
    case 'serial-console-in-use':
      return [
        'SerialConsoleSessionLimitExceededException',
        `The instance ${id} has an active serial console session. Only 1 session is supported at a time.`,
      ];
  }
};

const connectToInstance =
  ({ instances, connections }: InstanceParts) =>
  (input: Model.ConnectToInstanceRequest, { account }: Call): Model.ConnectToInstanceResponse => {
    // Region and target are checked against the model; a region that this cloud does not have has no instances.
    const place = { account, region: input.Region as Region, id: input.InstanceId };
    const open = instances.connection(place, input.Target as 'screen' | 'serial');
    if (typeof open === 'string') return fail(...refusal(open, input));
    const { secret, expiresAt } = connections.grant(open);
    return { Secret: secret, ExpiresAt: expiresAt };
  };

export const instanceOperations = (parts: InstanceParts) =>
  ({
    // Of the caller's own account: whoever may use the keyboard of its machine.
    ConnectToInstance: {
      handler: connectToInstance(parts),
      resource: ({ InstanceId, Region }: Model.ConnectToInstanceRequest, { account }: CallScope) =>
        formatArn('ec2', Region, account, `instance/${InstanceId}`),
      steps: true,
    },
  }) satisfies Partial<Handlers<Model.MakonisOperations, object>>;
