/** Kinds of instances and launch templates. */
import type { Kind } from '#platform/service.ts';
import { instances } from '#services/ec2/instances/state.ts';
import { kindOfRows } from '#services/ec2/kind-of-rows.ts';
import { launchTemplates } from '#services/ec2/launch-templates/state.ts';
import type { Rows } from '#services/ec2/rows.ts';

export const instanceKinds = {
  instance: kindOfRows(instances as Rows<{ readonly id: string }>, {
    type: 'instance',
    cloudFormationType: 'AWS::EC2::Instance',
    // What is protected stays, and is told.
    remove: ['TerminateInstances', (id) => ({ InstanceIds: [id] })],
    holdsData: true,
  }),
  'launch-template': kindOfRows(launchTemplates as Rows<{ readonly id: string }>, {
    type: 'launch-template',
    cloudFormationType: 'AWS::EC2::LaunchTemplate',
    remove: ['DeleteLaunchTemplate', (id) => ({ LaunchTemplateId: id })],
    holdsData: false,
  }),
} satisfies Record<string, Kind>;
