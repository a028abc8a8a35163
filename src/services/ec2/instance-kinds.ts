/** Kinds of instances and launch templates. What has ended is still shown for an hour, but is nothing that an account has. */
import type { Kind } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { instancesAfter } from '#services/ec2/instances/describe-instances.ts';
import { instances } from '#services/ec2/instances/state.ts';
import { keptKind } from '#services/ec2/kept-kind.ts';
import { launchTemplates } from '#services/ec2/launch-templates/state.ts';
import { resourceArn, resourceId } from '#services/ec2/resources.ts';

const TERMINATE = 'TerminateInstances';

function* living(tx: ReadTransaction, after: string | undefined): Generator<string> {
  for (const { id, state } of instancesAfter(tx, after)) {
    if (state !== 'terminated') yield resourceArn(tx.partition.name, 'instance', id);
  }
}

export const instanceKinds = {
  instance: {
    ...keptKind('instance', instances, [TERMINATE, 'InstanceIds'], {
      cloudFormationType: 'AWS::EC2::Instance',
      holdsData: true,
    }),
    list: (tx, after, limit) => [...living(tx, after && resourceId(after)).take(limit)],
    // Several can be named. What is protected stays, and is told.
    remove: { operation: TERMINATE, input: (arn) => ({ InstanceIds: [resourceId(arn)] }) },
  },
  'launch-template': keptKind('launch-template', launchTemplates, ['DeleteLaunchTemplate', 'LaunchTemplateId'], {
    cloudFormationType: 'AWS::EC2::LaunchTemplate',
    holdsData: false,
  }),
} satisfies Record<string, Kind>;
