/** What others ask of EC2 who speak of its resources alone: it is had without a host of machines. */
import type { ServiceFacts } from '#platform/service.ts';
import { instanceQuotas } from '#services/ec2/instance-limits.ts';
import { kinds } from '#services/ec2/kinds.ts';
import { networkQuotas } from '#services/ec2/network-limits.ts';

export const facts = { kinds, quotas: { ...networkQuotas, ...instanceQuotas } } satisfies ServiceFacts;
