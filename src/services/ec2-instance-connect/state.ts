/** Keys that were pushed, each for a minute. Those of serial lines are in one place for all accounts: who comes with one names its instance alone. */
import { seconds } from '#platform/base/clock.ts';
import { type AccountId, GLOBAL_REGION, type Region } from '#platform/base/ids.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import type { Partition, Store } from '#platform/store/store.ts';

/** "The key remains for 60 seconds." */
export const KEY_LIVES = seconds(60);

export interface PushedKey {
  /** `ssh-ed25519 AAAA…` */
  readonly line: string;
  readonly expiresAt: number;
  /** The ARN of who pushed it. */
  readonly caller: string;
  readonly request: string;
}

/** Instance, user, fingerprint. */
export const pushedKeys = table('pushed-key', [text, text, text], jsonRows<PushedKey>(1));

export interface SerialKey extends PushedKey {
  readonly account: AccountId;
  readonly region: Region;
}

/** Instance, fingerprint. */
export const serialKeys = table('serial-key', [text, text], jsonRows<SerialKey>(1));

/** Where they are. */
export const serialDirectory = (store: Store): Partition =>
  store.partition({ service: 'ec2-instance-connect', account: 'global', region: GLOBAL_REGION });

/** The server's own, which its clients know it by. */
export const hostKeys = table('serial-host-key', [], jsonRows<{ readonly pem: string }>(1), { isSealed: true });
