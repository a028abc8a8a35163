/** The key pairs that sign digest files: one at a time for each region, made when it is needed, known for as long as digests are checked. */
import { createHash, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { days, type Milliseconds } from '#platform/base/clock.ts';
import type { Region } from '#platform/base/ids.ts';
import type * as Model from '#platform/model/generated/cloudtrail.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { Call } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Partition, ReadTransaction, Store } from '#platform/store/store.ts';
import { refuse } from './errors.ts';
import { type SigningKeyRow, signingKeys } from './state.ts';

const VALID_FOR: Milliseconds = days(365);
const PURPOSE = 'cloudtrail-digest';

export interface SigningKey {
  readonly fingerprint: string;
  /** PEM. */
  readonly privateKey: string;
}

export class SigningKeys {
  readonly #store: Store;
  readonly #sealer: Sealer;
  /** By region: two trails' digests at once make one key. */
  readonly #made = new Map<Region, Promise<void>>();

  constructor(store: Store, sealer: Sealer) {
    this.#store = store;
    this.#sealer = sealer;
  }

  /** The region's key of now. */
  async current(region: Region, now: Milliseconds): Promise<SigningKey> {
    const partition = this.#partition(region);
    const look = () => partition.read((tx) => newest(tx, now));
    if ((await again(look)) === undefined) await this.#make(region, partition, now);
    const found = await again(look);
    if (found === undefined) throw new Error(`no key to sign digests in ${region}`);
    const opened = this.#sealer.purpose(PURPOSE).open(Buffer.from(found.sealedPrivateKey, 'base64'), found.fingerprint);
    if (opened === undefined) throw new Error(`the key ${found.fingerprint} does not open`);
    return { fingerprint: found.fingerprint, privateKey: opened.toString('utf8') };
  }

  /** ListPublicKeys: those that were in use in a span of time. */
  list = (input: Model.ListPublicKeysRequest, call: Call): Model.ListPublicKeysResponse => {
    const from = input.StartTime ?? call.now;
    const to = input.EndTime ?? call.now;
    if (from > to) refuse('InvalidTimeRangeException');
    const rows = this.#partition(call.region).read((tx) => tx.range(signingKeys));
    const used = rows.map(({ key, row }) => ({ ...row, since: signingKeys.parts(key)[0] }));
    return {
      PublicKeyList: used
        .filter(({ since, until }) => since <= to && until >= from)
        .map(({ since, until, publicKey, fingerprint }) => ({
          Value: Buffer.from(publicKey, 'base64'),
          ValidityStartTime: since,
          ValidityEndTime: until,
          Fingerprint: fingerprint,
        })),
    };
  };

  #partition(region: Region): Partition {
    return this.#store.partition({ service: 'cloudtrail', account: 'global', region });
  }

  async #make(region: Region, partition: Partition, now: Milliseconds): Promise<void> {
    const made = this.#made.get(region) ?? this.#generate(partition, now);
    this.#made.set(region, made);
    try {
      await made;
    } finally {
      this.#made.delete(region);
    }
  }

  async #generate(partition: Partition, now: Milliseconds): Promise<void> {
    const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'pkcs1', format: 'der' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const fingerprint = createHash('md5').update(publicKey).digest('hex');
    const sealed = this.#sealer.purpose(PURPOSE).seal(privateKey, fingerprint);
    partition.transact((tx) =>
      tx.put(signingKeys, signingKeys.key(now), {
        publicKey: publicKey.toString('base64'),
        fingerprint,
        sealedPrivateKey: sealed.toString('base64'),
        until: now + VALID_FOR,
      }),
    );
    await partition.durable();
  }
}

function newest(tx: ReadTransaction, now: Milliseconds): SigningKeyRow | undefined {
  const [last] = tx.range(signingKeys, { reverse: true, limit: 1 });
  return last !== undefined && last.row.until > now ? last.row : undefined;
}
