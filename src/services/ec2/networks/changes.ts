/** Of all rows that a host's networks are made from. */
import { changes } from '#services/ec2/changes.ts';

export const networkChanges = changes('networks');
