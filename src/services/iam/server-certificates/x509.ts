/**
 * X.509 certificates as they are uploaded: PEM, read by OpenSSL through node:crypto, nothing of it taken on trust. A certificate
 * counts if it can be read, is one, and is valid now; a chain if each of its certificates has signed the one before it.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { fail } from '#platform/error.ts';

const ONE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
/** A chain has a handful; each costs a signature's check. */
const LONGEST_CHAIN = 10;

const malformed = (message: string): never => fail('MalformedCertificate', message);

/** The certificates of a text that holds nothing else. */
function certificatesIn(text: string): X509Certificate[] | undefined {
  const blocks = text.match(ONE) ?? [];
  if (blocks.length === 0 || blocks.length > LONGEST_CHAIN || text.replace(ONE, '').trim() !== '') return undefined;
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

/** Throws MalformedCertificate for what is not exactly one certificate that is valid now. */
export function readCertificate(body: string, now: number): X509Certificate {
  const [certificate, ...others] = certificatesIn(body) ?? [];
  if (!certificate || others.length > 0) {
    return malformed('Unable to parse certificate. Please ensure the certificate is in PEM format.');
  }
  // "You cannot upload a certificate before its validity period begins or after it expires."
  if (now < Date.parse(certificate.validFrom)) malformed('The certificate is not valid yet.');
  if (now > Date.parse(certificate.validTo)) malformed('The certificate has expired.');
  return certificate;
}

export function checkChain(leaf: X509Certificate, chain: string): void {
  const issuers = certificatesIn(chain);
  if (!issuers) throw malformed('Unable to parse certificate chain. Please ensure the chain is in PEM format.');
  let below = leaf;
  for (const [index, issuer] of issuers.entries()) {
    if (!below.checkIssued(issuer) || !below.verify(issuer.publicKey)) {
      const order =
        'The certificate chain must start with the immediate signing certificate, followed by any intermediaries';
      malformed(
        `Unable to validate certificate chain. ${order} in order. The index within the chain of the invalid certificate is: ${index}`,
      );
    }
    below = issuer;
  }
}

/** Throws MalformedCertificate or KeyPairMismatch. */
export function checkPrivateKey(certificate: X509Certificate, pem: string): void {
  if (!certificate.checkPrivateKey(readPrivateKey(pem))) {
    fail('KeyPairMismatch', 'The public key certificate and the private key do not match.');
  }
}

function readPrivateKey(pem: string): KeyObject {
  try {
    // An encrypted key does not open without its passphrase, and AWS takes none.
    return createPrivateKey(pem);
  } catch {
    return malformed('Unable to parse key; the body is encrypted or not in PEM format.');
  }
}
