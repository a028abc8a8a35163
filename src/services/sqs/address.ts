/**
 * Queue URLs. Every URL names its region, account and queue, because an unsigned request says nothing else:
 *
 *   http://localhost:4566/queue/us-east-1/123456789012/orders        the form that works at any address
 *   https://sqs.us-east-1.example.org/123456789012/orders            where the client itself used such a host
 *
 * Read are also AWS's other forms, and `http://any-host/123456789012/orders`, which names no region: it is then the request's.
 */
import { formatArn } from '#platform/base/arn.ts';
import { BoundedMap } from '#platform/base/bounded-map.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { type AccountId, isAccountId, type Region } from '#platform/base/ids.ts';
import { fail } from './errors.ts';

export interface QueueAddress {
  readonly account: AccountId;
  readonly name: string;
  /** Undefined when the URL does not name it. */
  readonly region: Region | undefined;
  /** Of a URL that names no region there are several. */
  readonly arns: Map<Region, string>;
}

const URL_PARTS = /^https?:\/\/([^/?#]+)\/(?:queue\/([a-z0-9-]+)\/)?(\d{12})\/([A-Za-z0-9_.-]{1,80})\/?$/;
const REGIONAL_HOST = /^(?:sqs(?:-fips)?\.([a-z]{2,}(?:-[a-z]+)+-\d)\.|([a-z]{2,}(?:-[a-z]+)+-\d)\.queue\.)/;

/** Every call names a queue by URL: what was read of one is kept. Bounded, because clients choose the URLs. */
const seen = new BoundedMap<QueueAddress>({ entries: 10_000, characters: 4_000_000 });

function readAddress(url: string): QueueAddress | undefined {
  const [, host, region, account, name] = URL_PARTS.exec(url) ?? [];
  if (host === undefined || account === undefined || name === undefined || !isAccountId(account)) return undefined;
  return { account, name, region: (region ?? regionOfHost(host)) as Region | undefined, arns: new Map() };
}

function regionOfHost(host: string): string | undefined {
  if (/^queue\.amazonaws\.com(?::|$)/.test(host)) return 'us-east-1';
  const match = REGIONAL_HOST.exec(host);
  return match?.[1] ?? match?.[2];
}

export function queueAddress(url: string): QueueAddress {
  const known = seen.get(url);
  if (known !== undefined) return known;
  const address = readAddress(url) ?? fail('InvalidAddress', url);
  seen.set(url, address);
  return address;
}

/** What `call` and `scope` have in common. */
export interface Place {
  readonly account: AccountId;
  readonly region: Region;
  readonly origin: string;
}

export function queueUrl(place: Place, name: string): string {
  const host = place.origin.slice(place.origin.indexOf('//') + 2);
  const path = regionOfHost(host) === place.region ? '' : `/queue/${place.region}`;
  return `${place.origin}${path}/${place.account}/${name}`;
}

export const queueArn = (place: Omit<Place, 'origin'>, name: string): string =>
  formatArn('sqs', place.region, place.account, name);

/** A busy queue's is one text, made once: much is looked up by it, and a text of its own for each call would be hashed anew. */
export function arnOfUrl(url: string, { region }: Pick<Place, 'region'>): string {
  const { account, name, arns } = queueAddress(url);
  return getOrInsert(arns, region, () => queueArn({ account, region }, name));
}
