/** Rows of RESOURCES: instances and launch templates. */
import { fail } from '#services/ec2/errors.ts';
import { instances } from '#services/ec2/instances/state.ts';
import { launchTemplates } from '#services/ec2/launch-templates/state.ts';
import type { ResourceKind } from '#services/ec2/resources.ts';

export const INSTANCE_RESOURCES = {
  i: {
    type: 'instance',
    exists: (tx, id) => instances.find(tx, id) !== undefined,
    absent: (id) => fail('NoSuchInstances', [id]),
  },
  lt: {
    type: 'launch-template',
    exists: (tx, id) => launchTemplates.find(tx, id) !== undefined,
    absent: (id) => fail('NoSuchLaunchTemplateId', id),
  },
} satisfies Record<string, ResourceKind>;
