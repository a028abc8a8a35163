/**
 * CreateSession: credentials for one directory bucket that hold for five minutes. Permission is asked once, here; requests that the
 * session signs need none of their own ("Authorizing Zonal endpoint API operations with CreateSession"). The token is the
 * session, a sealed record of who, what and until when, so that nothing is stored.
 */
import { BoundedMap } from '#platform/base/bounded-map.ts';
import { type Milliseconds, minutes } from '#platform/base/clock.ts';
import { iamId, secretAccessKey } from '#platform/base/ids.ts';
import type { CreateSessionOutput, CreateSessionRequest } from '#platform/model/generated/s3.ts';
import type { BucketSession, Credential, Principal } from '#platform/principal.ts';
import { openText, type Sealer } from '#platform/secrets/sealer.ts';
import type { Call } from '#platform/service.ts';
import { openBucket } from '#services/s3/buckets/open-bucket.ts';
import { policyInForce } from '#services/s3/buckets/policy.ts';
import { fail } from '#services/s3/errors.ts';
import { sessionEncryption } from '#services/s3/express/encryption.ts';
import type { S3Parts } from '#services/s3/parts.ts';

const LIFETIME: Milliseconds = minutes(5);
const BINDING = 's3express-session/1';
const LONGEST_TOKEN = 64 * 1024;
const KEPT = { entries: 10_000, characters: 16_000_000 };

type Mode = BucketSession['mode'];
type Holder = Extract<Principal, { session?: unknown }>;

interface SessionRecord {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly principal: Holder;
}

const purposeOf = (sealer: Sealer) => sealer.purpose('s3express-session');

export const createSession =
  (parts: S3Parts) =>
  async (input: CreateSessionRequest, call: Call): Promise<CreateSessionOutput> => {
    const bucket = call.partition.read((tx) => openBucket(tx, parts.sealer, input.Bucket));
    const asked = { 's3express:x-amz-server-side-encryption': input.ServerSideEncryption } as const;
    const mayOpen = (mode: Mode): boolean =>
      call.allows('s3express:CreateSession', bucket.arn, policyInForce(parts, bucket, call), undefined, {
        's3express:sessionmode': mode,
        's3express:resourceaccount': call.account,
        's3express:x-amz-server-side-encryption-aws-kms-key-id': input.SSEKMSKeyId,
        ...asked,
      });
    // "If no session mode is specified, … create a session with the maximum allowable privilege."
    const modes: readonly Mode[] = input.SessionMode ? [input.SessionMode] : ['ReadWrite', 'ReadOnly'];
    const mode = modes.find(mayOpen) ?? fail('AccessDenied');
    const { encryption, shown } = await sessionEncryption(parts, call, bucket, input);
    const { principal } = call;
    if (!('account' in principal)) return fail('AccessDenied');
    const expiresAt = call.now + LIFETIME;
    const session = {
      issuedAt: call.now,
      ...principal.session,
      expiresAt,
      bucket: { name: bucket.name, owner: call.account, id: bucket.id, mode, encryption },
    };
    const pair = { accessKeyId: iamId('ASIA'), secretAccessKey: secretAccessKey() };
    // The same principal, whose session is a narrower one.
    const record: SessionRecord = { ...pair, principal: { ...principal, session } as Holder };
    const token = purposeOf(parts.sealer).seal(JSON.stringify(record), BINDING).toString('base64url');
    const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } = pair;
    return { ...shown, Credentials: { AccessKeyId, SecretAccessKey, SessionToken: token, Expiration: expiresAt } };
  };

/** For the gateway: what a key opens that comes with a token. */
export function sessionOpener(sealer: Sealer) {
  const purpose = purposeOf(sealer);
  const kept = new BoundedMap<SessionRecord>(KEPT);
  const read = (token: string): SessionRecord => {
    const opened = token.length > LONGEST_TOKEN ? undefined : openText(purpose, token, BINDING, 'base64url');
    if (opened === undefined) return fail('InvalidToken');
    // Sealed by us for this purpose alone, so its form is known.
    const record = JSON.parse(opened.toString('utf8')) as SessionRecord;
    kept.set(token, record, token.length);
    return record;
  };
  return (accessKeyId: string, token: string, now: Milliseconds): Credential => {
    const { principal, ...pair } = kept.get(token) ?? read(token);
    if (pair.accessKeyId !== accessKeyId) fail('InvalidToken');
    if ((principal.session?.expiresAt ?? 0) <= now) fail('ExpiredToken');
    return { ...pair, principal };
  };
}
