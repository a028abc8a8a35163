/** Kinds of instances and launch templates. */
import type { Kind } from '#platform/service.ts';
import { instances } from '#services/ec2/instances/state.ts';
import { keptKind } from '#services/ec2/kept-kind.ts';
import { launchTemplates } from '#services/ec2/launch-templates/state.ts';
import { resourceId } from '#services/ec2/resources.ts';

const TERMINATE = 'TerminateInstances';

export const instanceKinds = {
  instance: {
    ...keptKind('instance', instances, [TERMINATE, 'InstanceIds'], {
      cloudFormationType: 'AWS::EC2::Instance',
      holdsData: true,
    }),
    // Several can be named. What is protected stays, and is told.
    remove: { operation: TERMINATE, input: (arn) => ({ InstanceIds: [resourceId(arn)] }) },
  },
  'launch-template': keptKind('launch-template', launchTemplates, ['DeleteLaunchTemplate', 'LaunchTemplateId'], {
    cloudFormationType: 'AWS::EC2::LaunchTemplate',
    holdsData: false,
  }),
} satisfies Record<string, Kind>;
