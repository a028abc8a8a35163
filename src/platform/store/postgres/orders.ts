/** What the two sides of the driver say to each other: the thread that answers requests, and the one that talks to the database. */
import type { MessagePort } from 'node:worker_threads';
import type { Region } from '#platform/base/ids.ts';
import type { MasterKeys } from '#platform/secrets/master-key.ts';
import type { OwnedNumber } from '#platform/store/driver.ts';
import type { Key } from '#platform/store/keys.ts';
import type { Patience } from '#platform/store/postgres/connect.ts';
import type { StoreAddress } from '#platform/store/store-address.ts';

/** Asked by a thread that sleeps until it is answered, or goes on meanwhile. */
export type Question =
  | { readonly kind: 'regions' }
  | { readonly kind: 'names'; readonly region: Region }
  | { readonly kind: 'own'; readonly region: Region; readonly name: string; readonly incarnation: number | undefined }
  /** Its number, without taking it over. */
  | { readonly kind: 'find'; readonly region: Region; readonly name: string }
  | { readonly kind: 'get'; readonly partition: number; readonly key: Key }
  | { readonly kind: 'rows'; readonly partition: number; readonly keys: readonly Key[] }
  | {
      readonly kind: 'range';
      readonly partition: number;
      readonly from: Key;
      readonly before: Key;
      /** Null for all. */
      readonly limit: number | null;
      readonly reverse: boolean;
    };

/** Keys and values one after the other; `lengths` has those of a key and its value in turn. */
export interface PackedRows {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly lengths: Uint32Array<ArrayBuffer>;
}

/** A partition that was taken over, with its small tables; `others` are the prefixes of the rest. */
export interface TakenPartition extends OwnedNumber {
  readonly rows: PackedRows;
  readonly others: readonly string[];
}

export interface Answers {
  readonly regions: Region[];
  readonly names: string[];
  readonly own: TakenPartition;
  readonly find: number | undefined;
  readonly get: Uint8Array<ArrayBuffer> | undefined;
  readonly rows: PackedRows;
  readonly range: PackedRows;
}

/** What a commit of one of several processes says besides. */
export interface Membership {
  /** Refused when it has been struck off the roll. */
  readonly incarnation: number;
  /** The partitions whose change the others are told of. */
  readonly announced: readonly string[];
}

export type Order =
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question; readonly isAsleep: boolean }
  | { readonly kind: 'commit'; readonly region: Region; readonly batch: Uint8Array; readonly member?: Membership }
  | { readonly kind: 'close'; readonly region: Region }
  | { readonly kind: 'stop' };

/** To a question. Who sleeps takes it out of a port of its own. */
export interface Reply {
  readonly id: number;
  readonly answer?: Answers[Question['kind']];
  readonly error?: string;
}

/** The end of a commit or a close. */
export interface Report {
  readonly region: Region;
  readonly error?: string;
}

export interface Start {
  readonly address: StoreAddress;
  readonly masterKeys: MasterKeys | undefined;
  readonly patience: Patience;
  readonly replies: MessagePort;
  /** Its one word is the id of the question that was answered last. */
  readonly answered: SharedArrayBuffer;
}
