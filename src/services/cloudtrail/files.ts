/**
 * The files that CloudTrail delivers: log files, and digest files that chain and sign them. Pure. `aws cloudtrail validate-logs`
 * reads what is written here.
 *
 * Source: CloudTrail user guide, "CloudTrail log file name format" and "CloudTrail digest file structure".
 */
import { createHash, sign } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Milliseconds } from '#platform/base/clock.ts';
import type { DeliveredFile, DigestLink } from './state.ts';

export interface FilePlace {
  readonly bucket: string;
  readonly prefix: string | undefined;
  readonly account: string;
  /** Of the events; a trail for all regions writes files for each. */
  readonly region: string;
}

export interface TrailFile {
  readonly key: string;
  readonly body: Buffer;
  readonly metadata: Readonly<Record<string, string>>;
  /** SHA-256 of the content before compression. */
  readonly hash: string;
}

/** "50 MB ZIP file, after compression": of text that is no longer, a file is smaller. */
const MOST_FILE_CHARACTERS = 50_000_000;

/** How many of what waits, from the oldest on, go into one file; one at least. */
export function fitting(waiting: readonly (readonly string[])[], most = MOST_FILE_CHARACTERS): number {
  let [rows, characters] = [0, 0];
  for (const records of waiting) {
    characters += records.reduce((sum, { length }) => sum + length, 0);
    if (characters > most && rows > 0) break;
    rows++;
  }
  return rows;
}

export type LogFolder = 'CloudTrail' | 'CloudTrail-Insight' | 'CloudTrail-Aggregated';
type Folder = LogFolder | 'CloudTrail-Digest';

function keyOf({ prefix, account, region }: FilePlace, folder: Folder, time: Milliseconds, rest: string): string {
  const date = new Date(time).toISOString().slice(0, 10).replaceAll('-', '/');
  const base = prefix ? `${prefix}/` : '';
  return `${base}AWSLogs/${account}/${folder}/${region}/${date}/${account}_${folder}_${region}_${rest}.json.gz`;
}

/** `20150801T021031Z` */
const compact = (time: Milliseconds): string => `${new Date(time).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
/** `2015-08-01T02:10:31Z` */
const plain = (time: Milliseconds): string => `${new Date(time).toISOString().slice(0, 19)}Z`;

const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex');

/** `unique` are 16 characters that keep files of one minute apart. */
export function logFile(
  place: FilePlace,
  folder: LogFolder,
  time: Milliseconds,
  unique: string,
  records: readonly string[],
): TrailFile {
  const content = `{"Records":[${records.join(',')}]}`;
  const minute = `${compact(time).slice(0, 13)}Z`;
  return {
    key: keyOf(place, folder, time, `${minute}_${unique}`),
    body: gzipSync(content),
    metadata: {},
    hash: sha256(content),
  };
}

export interface DigestInput extends FilePlace {
  readonly trail: string;
  readonly homeRegion: string;
  readonly from: Milliseconds;
  readonly to: Milliseconds;
  readonly files: readonly DeliveredFile[];
  readonly previous: DigestLink | undefined;
  readonly fingerprint: string;
  /** PEM. */
  readonly privateKey: string;
}

const ALGORITHM = 'SHA256withRSA';
const HASH = 'SHA-256';

export function digestFile(input: DigestInput): TrailFile & { readonly signature: string } {
  const { bucket, account, files, previous } = input;
  const key = keyOf(input, 'CloudTrail-Digest', input.to, `${input.trail}_${input.homeRegion}_${compact(input.to)}`);
  const content = JSON.stringify({
    awsAccountId: account,
    digestStartTime: plain(input.from),
    digestEndTime: plain(input.to),
    digestS3Bucket: bucket,
    digestS3Object: key,
    digestPublicKeyFingerprint: input.fingerprint,
    digestSignatureAlgorithm: ALGORITHM,
    newestEventTime: files.length === 0 ? null : plain(Math.max(...files.map(({ newest }) => newest))),
    oldestEventTime: files.length === 0 ? null : plain(Math.min(...files.map(({ oldest }) => oldest))),
    previousDigestS3Bucket: previous?.bucket ?? null,
    previousDigestS3Object: previous?.key ?? null,
    previousDigestHashValue: previous?.hash ?? null,
    previousDigestHashAlgorithm: previous ? HASH : null,
    previousDigestSignature: previous?.signature ?? null,
    logFiles: files.map((file) => ({
      s3Bucket: file.bucket,
      s3Object: file.key,
      hashValue: file.hash,
      hashAlgorithm: HASH,
      newestEventTime: plain(file.newest),
      oldestEventTime: plain(file.oldest),
    })),
  });
  const hash = sha256(content);
  // "Data signing string": end time, S3 path, hash of the digest, signature of the one before or `null`.
  const toSign = `${plain(input.to)}\n${bucket}/${key}\n${hash}\n${previous?.signature ?? 'null'}`;
  const signature = sign('sha256', Buffer.from(toSign), input.privateKey).toString('hex');
  return { key, body: gzipSync(content), hash, signature, metadata: { signature, 'signature-algorithm': ALGORITHM } };
}
