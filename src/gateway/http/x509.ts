/**
 * X.509 certificates, written in DER: Node reads certificates but makes none, and the few fields that a local
 * authority and its server need (RFC 5280 4.1 and 4.2) are less than a library or a child process would be.
 */
import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import { bits, commonName, octets, oid, pem, sequence, TRUE, time, tlv } from '#platform/base/der.ts';
import { randomBytes } from '#platform/base/ids.ts';

interface CertificateRequest {
  readonly subject: string;
  readonly issuer: string;
  /** Of the subject. */
  readonly key: KeyObject;
  /** Of the issuer. */
  readonly issuerKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Host names, wildcards and addresses of a server; undefined makes an authority that may sign servers only. */
  readonly names: readonly string[] | undefined;
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [left = '', right] = address.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const head = groups(left);
  const tail = groups(right ?? '');
  const all = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

const alternativeName = (name: string): Buffer =>
  isIP(name) ? tlv(0x87, addressBytes(name)) : tlv(0x82, Buffer.from(name, 'latin1'));

const publicDer = (key: KeyObject): Buffer => createPublicKey(key).export({ type: 'spki', format: 'der' });
const keyId = (key: KeyObject): Buffer => createHash('sha1').update(publicDer(key)).digest();

function extension(id: string, isCritical: boolean, content: Uint8Array): Buffer {
  return sequence(oid(id), ...(isCritical ? [TRUE] : []), octets(content));
}

function extensions(request: CertificateRequest): Buffer {
  const { names } = request;
  const usage = names ? bits(Buffer.from([0x80]), 7) : bits(Buffer.from([0x06]), 1);
  const constraints = names ? sequence() : sequence(TRUE, tlv(0x02, Buffer.from([0])));
  const items = [
    extension('2.5.29.19', true, constraints),
    // A server signs handshakes; an authority signs certificates and revocation lists.
    extension('2.5.29.15', true, usage),
    extension('2.5.29.14', false, octets(keyId(request.key))),
    extension('2.5.29.35', false, sequence(tlv(0x80, keyId(request.issuerKey)))),
    // serverAuth, on the authority too: what it signs is good for servers alone.
    extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'))),
  ];
  if (names) items.push(extension('2.5.29.17', false, sequence(...names.map(alternativeName))));
  return tlv(0xa3, sequence(...items));
}

/** A certificate in PEM. Keys are on the curve P-256; the signature is ECDSA with SHA-256. */
export function certificate(request: CertificateRequest): string {
  const algorithm = sequence(oid('1.2.840.10045.4.3.2'));
  const serial = randomBytes(16);
  // Positive, and without a leading zero byte.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const content = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, serial),
    algorithm,
    commonName(request.issuer),
    sequence(time(request.notBefore), time(request.notAfter)),
    commonName(request.subject),
    publicDer(request.key),
    extensions(request),
  );
  const whole = sequence(content, algorithm, bits(sign('sha256', content, request.issuerKey)));
  return pem('CERTIFICATE', whole);
}
