/**
 * Trust in a server that no known authority vouches for, by thumbprints, as IAM has them for OpenID Connect providers: the hex-encoded
 * SHA-1 of a certificate in the server's chain. The certificate with the thumbprint becomes the only authority of a second
 * connection, so OpenSSL checks all below it: signatures, dates, and the name.
 */
import { X509Certificate } from 'node:crypto';
import type { PeerCertificate, SecureContextOptions } from 'node:tls';

/** A judged address, and the name that its certificate must bear. */
export interface Dial extends Pick<SecureContextOptions, 'ca' | 'allowPartialTrustChain'> {
  readonly host: string;
  readonly address: string;
  readonly port: number;
}

const MOST_CERTIFICATES = 10;

/** The chain as the server presents it, judged by nobody: nothing is sent over this connection. */
export async function peerCertificates({ host, address, port }: Dial, signal: AbortSignal): Promise<readonly Buffer[]> {
  const { connect } = await import('node:tls');
  return await new Promise((done, failed) => {
    const isName = /[a-z]/i.test(host) && !host.includes(':');
    const socket = connect({
      host: address,
      port,
      rejectUnauthorized: false,
      ...(isName && { servername: host }),
    });
    const abort = (): void => void socket.destroy(new Error('aborted'));
    signal.addEventListener('abort', abort);
    socket.once('close', () => signal.removeEventListener('abort', abort));
    socket.once('error', failed);
    socket.once('secureConnect', () => {
      done(chainOf(socket.getPeerCertificate(true)));
      socket.destroy();
    });
  });
}

function chainOf(leaf: PeerCertificate): Buffer[] {
  const chain: Buffer[] = [];
  let next: PeerCertificate | undefined = leaf;
  while (next?.raw !== undefined && chain.length < MOST_CERTIFICATES) {
    chain.push(next.raw);
    // A root is its own issuer.
    const { issuerCertificate }: { issuerCertificate?: PeerCertificate } = next as PeerCertificate & {
      issuerCertificate?: PeerCertificate;
    };
    next = issuerCertificate === next ? undefined : issuerCertificate;
  }
  return chain;
}

/** Hexadecimal, in small letters. */
export const thumbprintOf = (certificate: Buffer): string =>
  new X509Certificate(certificate).fingerprint.replaceAll(':', '').toLowerCase();

/** PEM of the certificate that has one of the thumbprints. */
export function trustAnchor(chain: readonly Buffer[], thumbprints: readonly string[]): string | undefined {
  const wanted = new Set(thumbprints.map((thumbprint) => thumbprint.toLowerCase()));
  const found = chain.find((certificate) => wanted.has(thumbprintOf(certificate)));
  return found && new X509Certificate(found).toString();
}
