/**
 * The certificates of `--tls`: an authority made once for this installation, whose certificate users trust, and a server
 * certificate that is made anew before it expires or when names change. Keys are readable by their owner only and never
 * leave the folder. A wildcard stands for one label and browsers refuse it right under a top-level name (`*.localhost`),
 * so the names that matter are spelled out.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, days, hours, type Milliseconds } from '#platform/base/clock.ts';
import { certificate } from './x509.ts';

export interface TlsMaterial {
  readonly key: string;
  /** The server's certificate, then the authority's. */
  readonly cert: string;
}

export interface TlsIdentity {
  /** The file that clients are told to trust (AWS_CA_BUNDLE, NODE_EXTRA_CA_CERTS). */
  readonly authorityFile: string;
  /** What to serve now: the same object until it must be renewed. */
  material(): TlsMaterial;
}

interface TlsIdentityOptions {
  /** Made if it is not there. */
  readonly folder: string;
  /** See `serverNames`. */
  readonly names: readonly string[];
  readonly clock: Clock;
}

const AUTHORITY_LIFE: Milliseconds = days(3650);
/** Apple's platforms take no longer one. */
const SERVER_LIFE: Milliseconds = days(397);
const RENEWAL: Milliseconds = days(30);
const AUTHORITY = 'Makonis local authority';

/** The names of one installation: each domain, its services by region, and its buckets. */
export function serverNames(domains: readonly string[], regions: readonly string[]): string[] {
  const names = ['localhost', '127.0.0.1', '::1'];
  for (const domain of new Set(['localhost', ...domains])) {
    names.push(domain, `*.${domain}`, `console.${domain}`);
    for (const base of [domain, ...regions.map((region) => `${region}.${domain}`)]) {
      names.push(`*.${base}`, `s3.${base}`, `*.s3.${base}`);
    }
  }
  return [...new Set(names)];
}

export function openTlsIdentity(options: TlsIdentityOptions): TlsIdentity {
  const { folder, names, clock } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const wanted = [...names].sort().join(' ');
  let served: { material: TlsMaterial; expires: Milliseconds } | undefined;
  return {
    authorityFile: join(folder, 'ca.pem'),
    material() {
      if (served && clock.now() < served.expires - RENEWAL) return served.material;
      const authority = openAuthority(folder, clock);
      const kept = readPair(folder, 'server');
      const isGood =
        kept !== undefined &&
        clock.now() < expiry(kept.cert) - RENEWAL &&
        kept.cert.verify(authority.cert.publicKey) &&
        readNames(folder) === wanted;
      const pair = isGood ? kept : makeServer(folder, names, wanted, authority, clock);
      const material = { key: pair.keyText, cert: pair.certText + authority.certText };
      served = { material, expires: expiry(pair.cert) };
      return material;
    },
  };
}

interface Pair {
  readonly key: KeyObject;
  readonly keyText: string;
  readonly cert: X509Certificate;
  readonly certText: string;
}

const expiry = (cert: X509Certificate): Milliseconds => cert.validToDate.getTime();

function openAuthority(folder: string, clock: Clock): Pair {
  const kept = readPair(folder, 'ca');
  // It must outlive what it signs.
  if (kept && clock.now() + SERVER_LIFE < expiry(kept.cert)) return kept;
  const key = newKey();
  const life = { notBefore: new Date(clock.now() - hours(1)), notAfter: new Date(clock.now() + AUTHORITY_LIFE) };
  const request = { subject: AUTHORITY, issuer: AUTHORITY, key, issuerKey: key, names: undefined, ...life };
  return writePair(folder, 'ca', key, certificate(request));
}

function makeServer(folder: string, names: readonly string[], wanted: string, authority: Pair, clock: Clock): Pair {
  const key = newKey();
  const life = { notBefore: new Date(clock.now() - hours(1)), notAfter: new Date(clock.now() + SERVER_LIFE) };
  const request = { subject: 'Makonis', issuer: AUTHORITY, key, issuerKey: authority.key, names, ...life };
  const pair = writePair(folder, 'server', key, certificate(request));
  writeWhole(join(folder, 'server.names'), wanted);
  return pair;
}

const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** Undefined if it is not there, or not a pair: then a new one is made. */
function readPair(folder: string, name: string): Pair | undefined {
  const keyText = readText(join(folder, `${name}.key`));
  const certText = readText(join(folder, `${name}.pem`));
  if (keyText === undefined || certText === undefined) return undefined;
  const key = createPrivateKey(keyText);
  const cert = new X509Certificate(certText);
  return cert.checkPrivateKey(key) ? { key, keyText, cert, certText } : undefined;
}

function writePair(folder: string, name: string, key: KeyObject, certText: string): Pair {
  const keyText = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  writeWhole(join(folder, `${name}.key`), keyText);
  writeWhole(join(folder, `${name}.pem`), certText);
  return { key, keyText, cert: new X509Certificate(certText), certText };
}

const readNames = (folder: string): string | undefined => readText(join(folder, 'server.names'));

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // readFileSync throws no other kind
    throw error;
  }
}

/** Whole or not at all. */
function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
