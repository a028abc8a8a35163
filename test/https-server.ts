/** Servers of other parties for tests, on loopback, with certificates of an authority of their own that nobody knows. */
import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { createServer as createPlainServer, type RequestListener, type Server } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { certificate } from '#gateway/http/x509.ts';
import { days } from '#platform/base/clock.ts';

export interface OtherServer {
  readonly port: number;
  /** `https://localhost:12345` */
  readonly url: string;
}

export interface HttpsServer extends OtherServer {
  /** PEM of the authority. */
  readonly authority: string;
  /** SHA-1 of the authority's certificate, which the server sends along. */
  readonly thumbprint: string;
}

export async function httpServer(t: TestContext, serve: RequestListener): Promise<OtherServer> {
  const port = await listening(t, createPlainServer(serve));
  return { port, url: `http://localhost:${port}` };
}

export async function httpsServer(
  t: TestContext,
  serve: RequestListener,
  names: readonly string[] = ['localhost', '127.0.0.1'],
): Promise<HttpsServer> {
  const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const [issuerKey, key] = [newKey(), newKey()];
  const life = { notBefore: new Date(Date.now() - days(1)), notAfter: new Date(Date.now() + days(30)) };
  const issuer = 'Somebody else';
  const authority = certificate({ subject: issuer, issuer, key: issuerKey, issuerKey, names: undefined, ...life });
  const cert = certificate({ subject: 'Server', issuer, key, issuerKey, names, ...life });
  const keyText = key.export({ type: 'pkcs8', format: 'pem' });
  const port = await listening(t, createServer({ key: keyText, cert: cert + authority }, serve));
  const { raw } = new X509Certificate(authority);
  return {
    port,
    url: `https://localhost:${port}`,
    authority,
    thumbprint: createHash('sha1').update(raw).digest('hex'),
  };
}

async function listening(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  // Bound to a port.
  return (server.address() as AddressInfo).port;
}
