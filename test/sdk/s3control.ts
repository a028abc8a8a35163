/** S3 Control's client as it is, with the account before the host; the connection goes to the cloud all the same. */
import { S3ControlClient, type S3ControlClientConfig } from '@aws-sdk/client-s3-control';
import type { Credentials, TestCloud } from '#test/sdk/cloud.ts';
import { reaching } from '#test/sdk/reaching.ts';

class ReachingControl extends S3ControlClient {
  constructor(config: S3ControlClientConfig) {
    super(config);
    this.middlewareStack.add(reaching, { step: 'finalizeRequest', priority: 'low' });
  }
}

export const controlClient = (c: TestCloud, options: { credentials?: Credentials; region?: string } = {}) =>
  c.client(ReachingControl, { ...options, endpoint: `http://s3-control.localhost:${c.port}` });
