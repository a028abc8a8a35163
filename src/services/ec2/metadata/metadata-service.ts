/**
 * The instance metadata service at 169.254.169.254 (User Guide, "Use the Instance Metadata Service to access instance metadata"). Who asks is
 * known by the interface. Version 2 asks for a token first, by a PUT that no page or proxy can be made to send; an instance may
 * require it. How many hops an answer may go is the network's to hold.
 */
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import type { MetadataConnection } from '#platform/network/network.ts';
import { again } from '#platform/store/again.ts';
import { type Guest, type GuestRows, guestOf } from '#services/ec2/metadata/guest.ts';
import { type MetadataAnswer, type MetadataRequest, serveMetadata } from '#services/ec2/metadata/http-reader.ts';
import { identityDocument, signedDocument } from '#services/ec2/metadata/identity-document.ts';
import type { IdentityKeys } from '#services/ec2/metadata/identity-key.ts';
import { type RoleCredentials, roleCredentials } from '#services/ec2/metadata/role-credentials.ts';
import { type MetadataTokens, metadataTokens, timeToLive } from '#services/ec2/metadata/tokens.ts';
import { type Directory, dynamicData, entryAt, listing, metaData, type Text } from '#services/ec2/metadata/tree.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';

/** All but the last are as old as they say; what is told is the same. */
const VERSIONS: readonly string[] =
  `1.0 2007-01-19 2007-03-01 2007-08-29 2007-10-10 2007-12-15 2008-02-01 2008-09-01 2009-04-04
  2011-01-01 2011-05-01 2012-01-12 2014-02-25 2014-11-05 2015-10-20 2016-04-19 2016-06-30 2016-09-02 2018-03-28 2018-08-17
  2018-09-24 2019-10-01 2020-10-27 2021-01-03 2021-03-23 2021-07-15 2022-09-24 2024-04-11 latest`.split(/\s+/);

const TTL = 'X-aws-ec2-metadata-token-ttl-seconds';
/** Of one interface at the same time. */
const MOST_CONNECTIONS = 64;

interface Serving {
  readonly parts: Ec2Parts;
  readonly keys: IdentityKeys;
  readonly tokens: MetadataTokens;
  readonly roles: RoleCredentials;
}

export function metadataService(parts: Ec2Parts, keys: IdentityKeys): (connection: MetadataConnection) => void {
  const serving: Serving = { parts, keys, tokens: metadataTokens(parts.sealer), roles: roleCredentials(parts) };
  const open = new Map<string, number>();
  return (connection) => {
    const { stream, interface: id } = connection;
    const count = getOrInsert(open, id, () => 0);
    if (count >= MOST_CONNECTIONS) {
      stream.destroy();
      return;
    }
    open.set(id, count + 1);
    stream.on('close', () => {
      const left = (open.get(id) ?? 1) - 1;
      if (left > 0) open.set(id, left);
      else open.delete(id);
    });
    serveMetadata(stream, parts.clock, (request) => answer(serving, connection, request));
  };
}

/** With a page in the body, as AWS's have it. */
const refused = (status: number, reason: string): MetadataAnswer => ({
  status,
  body:
    '<?xml version="1.0" encoding="iso-8859-1"?>\n' +
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"\n\t"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n' +
    '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">\n <head>\n' +
    `  <title>${status} - ${reason}</title>\n </head>\n <body>\n  <h1>${status} - ${reason}</h1>\n </body>\n</html>\n`,
  headers: { 'Content-Type': 'text/html' },
});

const FORBIDDEN = refused(403, 'Forbidden');
const NOT_FOUND = refused(404, 'Not Found');

async function answer(
  serving: Serving,
  connection: MetadataConnection,
  request: MetadataRequest,
): Promise<MetadataAnswer> {
  const partition = serving.parts.networks?.partitionOf(connection.vpc);
  const guest = partition && (await again(() => guestOf(partition, connection)));
  if (partition === undefined || guest === undefined) return NOT_FOUND;
  if (!guest.row.metadata.isEnabled) return FORBIDDEN;
  // Rows that are told may not be on disk yet.
  await partition.durable();
  const path = request.path.split('/').filter((step) => step !== '');
  if (path.join('/') === 'latest/api/token') return token(serving, guest, request);
  if (request.method !== 'GET' && request.method !== 'HEAD') return refused(405, 'Method Not Allowed');
  const now = serving.parts.clock.now();
  const given = request.headers.get('x-aws-ec2-metadata-token');
  const left = given === undefined ? undefined : serving.tokens.open(guest.row.id, given, now);
  const isRefused = given === undefined ? guest.row.metadata.requiresTokens : left === undefined;
  if (isRefused) return refused(401, 'Unauthorized');
  const found = await told(await whole(serving, guest, left === undefined ? '1.0' : '2.0'), path);
  if (found === undefined) return NOT_FOUND;
  return {
    status: 200,
    body: found,
    headers: {
      'Last-Modified': new Date(guest.row.launchedAt).toUTCString(),
      ...(left !== undefined && { [TTL]: String(left) }),
    },
  };
}

/** "PUT requests that contain an X-Forwarded-For header are rejected": they came through a proxy. */
function token({ tokens, parts }: Serving, { row }: GuestRows, request: MetadataRequest): MetadataAnswer {
  if (request.method !== 'PUT') return refused(405, 'Method Not Allowed');
  if (request.headers.has('x-forwarded-for')) return FORBIDDEN;
  const ttl = timeToLive(request.headers.get(TTL.toLowerCase()));
  if (ttl === undefined) return refused(400, 'Bad Request');
  return { status: 200, body: tokens.issue(row.id, ttl, parts.clock.now()), headers: { [TTL]: String(ttl) } };
}

const whole = async ({ keys, roles, parts }: Serving, rows: GuestRows, version: '1.0' | '2.0'): Promise<Guest> => ({
  ...rows,
  activeKeys: await parts.pushedKeys.activeKeys({ ...rows, id: rows.row.id }, parts.clock.now()),
  identity: signedDocument(identityDocument(rows), () => keys.of(rows.region)),
  iam: roles.of(rows, version),
});

async function told(guest: Guest, [version, ...path]: readonly string[]): Promise<Text> {
  if (version === undefined) return VERSIONS.join('\n');
  if (!VERSIONS.includes(version)) return undefined;
  const kinds: Directory = {
    dynamic: dynamicData(guest),
    'meta-data': metaData(guest),
    ...(guest.userData && { 'user-data': () => guest.userData }),
  };
  if (path.length === 0) return Object.keys(kinds).join('\n');
  const found = entryAt(kinds, path);
  return typeof found === 'object' ? listing(found) : found?.();
}
