/**
 * The only way out. Whoever names a URL (an identity provider, later a webhook) makes this machine connect somewhere, so the name is
 * resolved once, every address that it has is judged (addresses.ts), and the connection goes to an address that was judged, with TLS
 * verified against the name: what the name means a moment later does not matter (DNS rebinding). Redirects go the same way again.
 * Size, time, redirects and the number of calls at once are bounded. Never reached: our own ports, link-local and metadata addresses.
 *
 * An account may have as many calls under way as are free: one alone has half of all, and n that want more have 64 / (n + 1) each as soon
 * as older calls end, so that another's slow servers keep nobody out.
 */
import type { IncomingMessage } from 'node:http';
import { networkInterfaces } from 'node:os';
import { type Clock, type Milliseconds, seconds } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import { reachOf } from '#platform/egress/addresses.ts';
import { type Dial, peerCertificates, trustAnchor } from '#platform/egress/tls.ts';

export interface EgressRules {
  /** Whether this machine itself may be called, and its private network. */
  readonly loopback: boolean;
  readonly private: boolean;
  /** PEM: certificate authorities beside Node's own. */
  readonly authorities?: string;
}

export interface EgressParts {
  readonly clock: Clock;
  readonly rules: EgressRules;
  /** The ports that this cloud listens on, as far as they are known. */
  readonly ownPorts: () => readonly number[];
  /** All addresses of a name; the system's by default. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
}

export type EgressFault = 'refused' | 'unreachable' | 'untrusted' | 'too-slow' | 'too-large' | 'busy';

export class EgressError extends Error {
  override name = 'EgressError';
  readonly fault: EgressFault;
  constructor(fault: EgressFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

export interface GetOptions {
  /** On whose behalf. */
  readonly account: AccountId;
  readonly maxBytes: number;
  /** For everything: names, connections, redirects and the body. */
  readonly within?: Milliseconds;
  readonly redirects?: number;
  /** SHA-1 of certificates in hexadecimal: a server that no known authority vouches for is trusted if its chain has one of them. */
  readonly thumbprints?: readonly string[];
  readonly signal?: AbortSignal;
}

export interface Fetched {
  readonly status: number;
  readonly body: Buffer;
}

export interface Egress {
  /** Throws EgressError. Any status is an answer. */
  get(url: string, options: GetOptions): Promise<Fetched>;
  /** The certificates that a server presents, its own first, without judging them. Throws EgressError. */
  certificates(url: string, options: Pick<GetOptions, 'account' | 'within'>): Promise<readonly Buffer[]>;
}

const DEFAULT_TIME: Milliseconds = seconds(5);
const MOST_AT_ONCE = 64;
const MOST_ADDRESSES = 4;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function createEgress(parts: EgressParts): Egress {
  let open = 0;
  const openOf = new Map<AccountId, number>();
  function count(account: AccountId, change: 1 | -1): void {
    open += change;
    const own = (openOf.get(account) ?? 0) + change;
    if (own === 0) openOf.delete(account);
    else openOf.set(account, own);
  }
  async function bounded<T>(
    { account, within = DEFAULT_TIME, signal: given }: Pick<GetOptions, 'account' | 'within' | 'signal'>,
    work: (signal: AbortSignal) => Promise<T>,
  ) {
    const own = openOf.get(account) ?? 0;
    if (own >= MOST_AT_ONCE - open)
      throw new EgressError('busy', `${own} calls of ${account} are under way, ${open} in all`);
    const late = new AbortController();
    const timer = parts.clock.after(within, () => late.abort());
    const signal = given === undefined ? late.signal : AbortSignal.any([late.signal, given]);
    count(account, 1);
    try {
      return await work(signal);
    } catch (error) {
      if (signal.aborted) throw new EgressError('too-slow', `no answer within ${within} ms`);
      throw error;
    } finally {
      count(account, -1);
      timer.cancel();
    }
  }
  return {
    get: (url, options) => bounded(options, (signal) => follow(parts, target(url), options, signal)),
    certificates: (url, options) =>
      bounded(options, (signal) => firstOf(parts, target(url), signal, (dial) => peerCertificates(dial, signal))),
  };
}

function target(url: string): URL {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new EgressError('refused', 'not a URL of http or https');
  if (parsed.username !== '' || parsed.password !== '') throw new EgressError('refused', 'a URL with credentials');
  return parsed;
}

async function follow(parts: EgressParts, first: URL, options: GetOptions, signal: AbortSignal): Promise<Fetched> {
  let url = first;
  for (let left = options.redirects ?? 0; ; left--) {
    const { location, ...fetched } = await fetchTrusted(parts, url, options, signal);
    if (!REDIRECTS.has(fetched.status) || location === undefined) return fetched;
    if (left <= 0) throw new EgressError('refused', 'too many redirects');
    const next = URL.parse(location, url.href);
    if (next === null || (url.protocol === 'https:' && next.protocol !== 'https:')) {
      throw new EgressError('refused', 'a redirect to where TLS does not protect it');
    }
    url = target(next.href);
  }
}

interface Answer extends Fetched {
  readonly location: string | undefined;
}

/** By the known authorities, else by the thumbprints, if one of them is in the chain that the server shows. */
async function fetchTrusted(parts: EgressParts, url: URL, options: GetOptions, signal: AbortSignal): Promise<Answer> {
  try {
    return await firstOf(parts, url, signal, (dial) => fetchFrom(dial, url, options, signal));
  } catch (error) {
    const { thumbprints = [] } = options;
    if (!(error instanceof EgressError) || error.fault !== 'untrusted' || thumbprints.length === 0) throw error;
    return await firstOf(parts, url, signal, async (dial) => {
      const anchor = trustAnchor(await peerCertificates(dial, signal), thumbprints);
      if (anchor === undefined)
        throw new EgressError('untrusted', 'no certificate of the chain has a known thumbprint');
      return fetchFrom({ ...dial, ca: [anchor], allowPartialTrustChain: true }, url, options, signal);
    });
  }
}

/** Tries the addresses of a URL's host in turn until one answers; all of them must be allowed. */
async function firstOf<T>(
  { rules, ownPorts, resolve = systemResolve }: EgressParts,
  url: URL,
  signal: AbortSignal,
  call: (dial: Dial) => Promise<T>,
): Promise<T> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const addresses = reachOf(host) === undefined ? await resolved(host, resolve, signal) : [host];
  for (const address of addresses) checkAddress(address, port, rules, ownPorts());
  let failure: unknown = new EgressError('unreachable', `${host} has no address`);
  for (const address of addresses.slice(0, MOST_ADDRESSES)) {
    try {
      return await call({
        host,
        address,
        port,
        ...(rules.authorities !== undefined && { ca: await known(rules.authorities) }),
      });
    } catch (error) {
      failure = faultOf(error);
      if (failure instanceof EgressError && failure.fault !== 'unreachable') throw failure;
    }
  }
  throw failure;
}

const known = async (authorities: string): Promise<string[]> => [
  ...(await import('node:tls')).getCACertificates('default'),
  authorities,
];

async function systemResolve(name: string): Promise<readonly string[]> {
  const { lookup } = await import('node:dns/promises');
  return (await lookup(name, { all: true, order: 'verbatim' })).map(({ address }) => address);
}

async function resolved(
  host: string,
  resolve: (name: string) => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  // The system's resolver can't be called off.
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new EgressError('too-slow', `${host} was not resolved in time`)));
  });
  try {
    return await Promise.race([resolve(host), aborted]);
  } catch (error) {
    throw error instanceof EgressError ? error : new EgressError('unreachable', `${host} can't be resolved`);
  }
}

function checkAddress(address: string, port: number, rules: EgressRules, ownPorts: readonly number[]): void {
  const reach = reachOf(address) ?? 'never';
  const isAllowed = reach === 'public' || (reach !== 'never' && rules[reach]);
  if (!isAllowed) throw new EgressError('refused', `${address} (${reach}) must not be called`);
  if (ownPorts.includes(port) && (reach === 'loopback' || isOfThisMachine(address))) {
    throw new EgressError('refused', `port ${port} of ${address} is this cloud's own`);
  }
}

const isOfThisMachine = (address: string): boolean =>
  Object.values(networkInterfaces()).some((addresses) => addresses?.some((own) => own.address === address));

async function fetchFrom(dial: Dial, url: URL, options: GetOptions, signal: AbortSignal): Promise<Answer> {
  const { host, address, port, ...tls } = dial;
  const isSecure = url.protocol === 'https:';
  // Node's HTTP takes 40 ms to load, and few clouds call anybody.
  const { request } = isSecure ? await import('node:https') : await import('node:http');
  const family = address.includes(':') ? 6 : 4;
  return await new Promise<Answer>((done, failed) => {
    const call = request({
      ...(isSecure && { minVersion: 'TLSv1.2', ...tls }),
      hostname: host,
      port,
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, accept: 'application/json, */*;q=0.5', 'user-agent': 'makonis' },
      // The address that was judged, whatever the name means by now.
      lookup: (_name, { all }, found) => (all ? found(null, [{ address, family }]) : found(null, address, family)),
      agent: false,
      signal,
    });
    call.on('error', failed);
    call.on('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      bodyOf(response, options.maxBytes).then((body) => done({ status, body, location: headers.location }), failed);
    });
    call.end();
  });
}

async function bodyOf(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the response and its connection.
    if (size > maxBytes) throw new EgressError('too-large', `an answer of more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** OpenSSL's verdicts on a certificate, and Node's on its name. */
const UNTRUSTED = /CERT|UNABLE_TO_|SELF_SIGNED|HOSTNAME_MISMATCH|ALTNAME|EXPIRED|CRL/;

function faultOf(error: unknown): EgressError {
  if (error instanceof EgressError) return error;
  const { code = '', message = String(error) } = error as { code?: string; message?: string };
  return new EgressError(UNTRUSTED.test(code) ? 'untrusted' : 'unreachable', `${code} ${message}`.trim());
}
