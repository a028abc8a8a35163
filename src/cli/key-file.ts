/** Where the master key of a cloud lies: outside of its data folder, so that neither that nor a backup gives its secrets away. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isRoot } from '#cli/privileges.ts';
import type { Config } from '#config';

export function keyFileOf(config: Config, cloudId: string): string {
  if (config.masterKey !== undefined) return config.masterKey;
  return isRoot() ? `/etc/makonis/${cloudId}.key` : join(homedir(), '.config', 'makonis', `${cloudId}.key`);
}
