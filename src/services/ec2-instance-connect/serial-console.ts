/** The serial console by SSH: which key has which line, and the server's own key. */
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { Clock } from '#platform/base/clock.ts';
import { lazy } from '#platform/base/lazy.ts';
import type { SerialLines } from '#platform/connections.ts';
import type { Store } from '#platform/store/store.ts';
import type { InstancesApi } from '#services/ec2/api.ts';
import { fingerprint } from '#services/ec2-instance-connect/pushed-keys.ts';
import { hostKeys, serialDirectory, serialKeys } from '#services/ec2-instance-connect/state.ts';

interface SerialConsoleParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly instances: InstancesApi;
}

export function serialConsole({ store, clock, instances }: SerialConsoleParts): SerialLines {
  const directory = serialDirectory(store);
  return {
    hostKey: lazy(async () => {
      const kept = directory.read((tx) => tx.get(hostKeys, hostKeys.key()));
      if (kept !== undefined) return kept.pem;
      const pem = await newHostKey();
      directory.transact((tx) => tx.put(hostKeys, hostKeys.key(), { pem }));
      await directory.durable();
      return pem;
    }),
    lineFor(id, blob) {
      const pushed = directory.read((tx) => tx.get(serialKeys, serialKeys.key(id, fingerprint(blob))));
      if (pushed === undefined || pushed.expiresAt <= clock.now()) return undefined;
      const way = instances.connection({ account: pushed.account, region: pushed.region, id }, 'serial');
      return async () => {
        if (typeof way === 'string') throw new Error(REASONS[way]);
        return way().catch(() => {
          throw new Error('Unable to start a serial console session. Please try again.');
        });
      };
    },
  };
}

const REASONS = {
  'not-running': 'The instance is not running.',
  'serial-console-disabled': 'The account is not authorized to use the EC2 serial console.',
  'serial-console-in-use': 'The instance has an active serial console session. Only 1 session is supported at a time.',
} as const;

async function newHostKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('ec', {
    namedCurve: 'prime256v1',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
  });
  return privateKey;
}
