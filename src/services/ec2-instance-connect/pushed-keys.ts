/**
 * A key that is pushed is a row, and a timer takes it away; who looks at rows looks at their time as well. The metadata service tells
 * the guest of them, which lets their holders in: nothing here ever speaks to a guest.
 */
import { hash } from 'node:crypto';
import { setTimer } from '#platform/jobs/timers.ts';
import type { Input } from '#platform/service.ts';
import type { ReadTransaction, Store, Transaction } from '#platform/store/store.ts';
import type { InstancePlace, SshKey } from '#services/ec2/api.ts';
import type { PushedKeysApi } from '#services/ec2-instance-connect/api.ts';
import { fail } from '#services/ec2-instance-connect/errors.ts';
import {
  KEY_LIVES,
  type PushedKey,
  pushedKeys,
  type SerialKey,
  serialKeys,
} from '#services/ec2-instance-connect/state.ts';

/** Of an instance, at the same time: a guest reads all of a user's at each login. */
const MOST_KEYS = 50;

export const fingerprint = (blob: Uint8Array): string => hash('sha256', blob, 'base64');

export function pushKey(tx: Transaction, instance: string, user: string, key: SshKey, pushed: PushedKey): void {
  const id = fingerprint(key.blob);
  if (tx.range(pushedKeys, { prefix: [instance], limit: MOST_KEYS }).length === MOST_KEYS) fail('ThrottlingException');
  tx.put(pushedKeys, pushedKeys.key(instance, user, id), pushed);
  setTimer(tx, {
    job: 'forgetKey',
    id: JSON.stringify([instance, user, id]),
    due: pushed.expiresAt,
    payload: { instance, user, id },
  });
}

export function pushSerialKey(tx: Transaction, instance: string, key: SshKey, pushed: SerialKey): void {
  const id = fingerprint(key.blob);
  if (tx.range(serialKeys, { prefix: [instance], limit: MOST_KEYS }).length === MOST_KEYS) fail('ThrottlingException');
  tx.put(serialKeys, serialKeys.key(instance, id), pushed);
  setTimer(tx, {
    job: 'forgetSerialKey',
    id: JSON.stringify([instance, id]),
    due: pushed.expiresAt,
    payload: { instance, id },
  });
}

/** A key that is pushed again moves its timer. */
export const timers = {
  forgetKey: (tx: Transaction, { instance, user, id }: Input) =>
    tx.delete(pushedKeys, pushedKeys.key(String(instance), String(user), String(id))),
  forgetSerialKey: (tx: Transaction, { instance, id }: Input) =>
    tx.delete(serialKeys, serialKeys.key(String(instance), String(id))),
};

export const expiry = (now: number): number => now + KEY_LIVES;

export const openKeys = (store: Store): PushedKeysApi => ({
  async activeKeys({ account, region, id }: InstancePlace, now) {
    const partition = store.partition({ service: 'ec2-instance-connect', account, region });
    const texts = partition.read((tx) => textsOf(tx, id, now));
    await partition.durable();
    return texts;
  },
});

/** Lines that begin with `#` say whose a key is; those who read authorized_keys pass them over. */
function textsOf(tx: ReadTransaction, instance: string, now: number): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { key, row } of tx.range(pushedKeys, { prefix: [instance] })) {
    if (row.expiresAt <= now) continue;
    const [, user] = pushedKeys.parts(key);
    const until = Math.ceil(row.expiresAt / 1000);
    const text = `#Timestamp=${until}\n#Instance=${instance}\n#Caller=${row.caller}\n#Request=${row.request}\n${row.line}\n\n`;
    texts.set(user, (texts.get(user) ?? '') + text);
  }
  return texts;
}
