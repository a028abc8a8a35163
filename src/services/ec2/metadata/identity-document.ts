/**
 * The instance identity document, and its signatures (User Guide, "Instance identity documents"): by a key of this cloud in the region,
 * whose certificate anybody can read below `/~ec2/`. `signature` is RSA over SHA-256; `pkcs7` and `rsa2048` are the document in a
 * signed message, which AWS makes by DSA and by RSA: here both are RSA.
 */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { integer, NULL, octets, oid, sequence, set, tlv } from '#platform/base/der.ts';
import type { GuestRows } from '#services/ec2/metadata/guest.ts';
import type { IdentityKey } from '#services/ec2/metadata/identity-key.ts';

export interface InstanceIdentity {
  readonly document: string;
  /** Base 64, without the lines around it. */
  pkcs7(): Promise<string>;
  signature(): Promise<string>;
}

/** With the spaces that AWS's has: it is signed as it stands. */
export function identityDocument({ account, region, row, primary }: GuestRows): string {
  const members = {
    accountId: account,
    architecture: 'x86_64',
    availabilityZone: row.zone,
    billingProducts: null,
    devpayProductCodes: null,
    marketplaceProductCodes: null,
    imageId: row.image,
    instanceId: row.id,
    instanceType: row.type,
    kernelId: null,
    pendingTime: `${new Date(row.launchedAt).toISOString().slice(0, 19)}Z`,
    privateIp: primary?.addresses[0]?.ip ?? null,
    ramdiskId: null,
    region,
    version: '2017-09-30',
  };
  const lines = Object.entries(members).map(([name, value]) => `  "${name}" : ${JSON.stringify(value)}`);
  return `{\n${lines.join(',\n')}\n}`;
}

const LINE = /.{64}(?=.)/g;
const inLines = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(LINE, '$&\n');

export function signedDocument(document: string, key: () => Promise<IdentityKey>): InstanceIdentity {
  return {
    document,
    pkcs7: async () => inLines(signedMessage(Buffer.from(document), await key())),
    signature: async () => inLines(signatureOf(Buffer.from(document), (await key()).privateKey)),
  };
}

const signatureOf = (content: Uint8Array, pem: string): Buffer => sign('sha256', content, privateKey(pem));
const privateKey = (pem: string): KeyObject => createPrivateKey(pem);

const SHA256 = sequence(oid('2.16.840.1.101.3.4.2.1'), NULL);
const RSA = sequence(oid('1.2.840.113549.1.1.1'), NULL);
const DATA = oid('1.2.840.113549.1.7.1');
const SIGNED_DATA = oid('1.2.840.113549.1.7.2');

/** SignedData (RFC 5652, 5.1) without attributes: the signature is over the content itself. */
function signedMessage(content: Uint8Array, { privateKey: key, issuer, serial }: IdentityKey): Buffer {
  const one = tlv(0x02, Buffer.from([1]));
  const signer = sequence(
    one,
    sequence(Buffer.from(issuer, 'base64'), integer(Buffer.from(serial, 'hex'))),
    SHA256,
    RSA,
    octets(signatureOf(content, key)),
  );
  const enclosed = sequence(DATA, tlv(0xa0, octets(content)));
  return sequence(SIGNED_DATA, tlv(0xa0, sequence(one, set(SHA256), enclosed, set(signer))));
}
