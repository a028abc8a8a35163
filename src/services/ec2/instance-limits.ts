/** Quotas of instances ("On-Demand Instance quotas"), with EC2's codes. */
import type { QuotaDeclaration } from '#platform/service.ts';
import { upInstances } from '#services/ec2/instances/up.ts';
import { launchTemplates } from '#services/ec2/launch-templates/state.ts';

export const STANDARD_VCPUS = 'L-1216C47A';
export const LAUNCH_TEMPLATES = 'L-FB451C26';
export const LAUNCH_TEMPLATE_VERSIONS = 'L-74FC7D96';

export const instanceQuotas = {
  /** AWS starts accounts at 5 and raises that by itself as they are used; the host is the limit here. */
  [STANDARD_VCPUS]: {
    name: 'Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances',
    description: 'The maximum number of vCPUs of running On-Demand Instances of the standard families.',
    value: 64,
    unit: 'None',
    adjustable: true,
    used: (tx) => [...upInstances(tx.partition).values()].reduce((sum, { vcpus }) => sum + vcpus, 0),
  },
  [LAUNCH_TEMPLATES]: {
    name: 'Launch templates per Region',
    description: 'The maximum number of launch templates per Region.',
    value: 5000,
    unit: 'None',
    adjustable: false,
    used: (tx) => tx.range(launchTemplates.table).length,
  },
  [LAUNCH_TEMPLATE_VERSIONS]: {
    name: 'Versions per launch template',
    description: 'The maximum number of versions per launch template.',
    value: 10_000,
    unit: 'None',
    adjustable: false,
  },
} satisfies Record<string, QuotaDeclaration>;
