/**
 * The key that signs identity documents in a region, and its certificate: made when the first instance asks, kept sealed in the region's
 * directory, and the same from then on, so that who has the certificate can go on verifying.
 */
import { createPrivateKey, createPublicKey, generateKeyPair, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { bits, commonName, integer, NULL, oid, pem, sequence, time, tlv } from '#platform/base/der.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { type Region, randomBytes } from '#platform/base/ids.ts';
import type { Partition } from '#platform/store/store.ts';
import type { PublicDocument } from '#platform/web.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { rowsById } from '#services/ec2/rows.ts';

export interface IdentityKey {
  readonly id: 'identity';
  /** PEM. */
  readonly privateKey: string;
  readonly certificate: string;
  /** Of the certificate: its issuer's name in DER, in base 64, and its number in hexadecimal. */
  readonly issuer: string;
  readonly serial: string;
}

const identityKeys = rowsById<IdentityKey>('identity-key', { isSealed: true });
/** A single key of the size that AWS's have. */
const MODULUS_BITS = 2048;
const YEARS = 30;

export interface IdentityKeys {
  of(region: Region): Promise<IdentityKey>;
}

export function openIdentityKeys({ store, clock }: Pick<Ec2Parts, 'store' | 'clock'>): IdentityKeys {
  const made = new Map<Region, Promise<IdentityKey>>();
  const make = async (directory: Partition, region: Region): Promise<IdentityKey> => {
    const kept = directory.read((tx) => identityKeys.find(tx, 'identity'));
    if (kept !== undefined) return kept;
    const key = await newKey(region, clock.now());
    directory.transact((tx) => identityKeys.put(tx, key));
    await directory.durable();
    return key;
  };
  return {
    async of(region) {
      const directory = store.partition({ service: 'ec2', account: 'global', region });
      const key = getOrInsert(made, region, () => make(directory, region));
      try {
        return await key;
      } catch (error) {
        made.delete(region);
        throw error;
      }
    },
  };
}

/** `identity/us-east-1.pem` below `/~ec2/`: for whoever verifies a document. */
export const identityCertificate =
  ({ regions }: Pick<Ec2Parts, 'regions'>, keys: IdentityKeys) =>
  async (path: string): Promise<PublicDocument | undefined> => {
    const region = /^identity\/([a-z0-9-]+)\.pem$/.exec(path)?.[1] ?? '';
    if (!regions.includes(region)) return undefined;
    // One of those that there are.
    const { certificate } = await keys.of(region as Region);
    return { contentType: 'application/x-pem-file', body: certificate, maxAgeSeconds: 3600 };
  };

async function newKey(region: Region, now: number): Promise<IdentityKey> {
  const pair = await promisify(generateKeyPair)('rsa', {
    modulusLength: MODULUS_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const name = commonName(`Makonis EC2 ${region}`);
  const serial = randomBytes(16);
  // Positive, and without a leading zero byte.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const algorithm = sequence(oid('1.2.840.113549.1.1.11'), NULL);
  const end = new Date(now);
  end.setUTCFullYear(end.getUTCFullYear() + YEARS);
  const content = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    integer(serial),
    algorithm,
    name,
    sequence(time(new Date(now)), time(end)),
    name,
    createPublicKey(pair.privateKey).export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('sha256', content, createPrivateKey(pair.privateKey));
  return {
    id: 'identity',
    privateKey: pair.privateKey,
    certificate: pem('CERTIFICATE', sequence(content, algorithm, bits(signature))),
    issuer: name.toString('base64'),
    serial: serial.toString('hex'),
  };
}
