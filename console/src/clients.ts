/** AWS's own client, led to this host: the console is a client like any other. */
import { EC2Client } from '@aws-sdk/client-ec2';
import type { Session } from './session.ts';

export const ec2Client = ({ credentials }: Session, region: string): EC2Client =>
  new EC2Client({ credentials, region, endpoint: location.origin, maxAttempts: 2 });

/** What a refusal says, for people. */
export const reasonOf = (error: unknown): string =>
  error instanceof Error ? `${error.message}${error.name === 'Error' ? '' : ` (${error.name})`}` : String(error);
