/** What a cloud of a test is started with, unless the test is about it. */
import { silent } from '#platform/base/log.ts';

export const PLAIN = {
  port: 0,
  adminPort: 0,
  adminToken: 'test',
  listen: [],
  domains: ['localhost'],
  region: 'us-east-1',
  tlsFolder: undefined,
  log: silent,
  version: 'test',
} as const;
