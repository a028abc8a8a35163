/** What policies may ask of every action of EC2's. */
import type { CallScope } from '#platform/service.ts';

export const inRegion = (_: unknown, { region }: CallScope) => ({ 'ec2:region': region });
