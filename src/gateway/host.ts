/**
 * What a `Host` header says. It must be one of ours: an unknown name is refused (DNS rebinding). Ours are the configured
 * domains, plain and as `<service>.<region>.<domain>` or `<service>.<domain>`; AWS's own names, for clients that are led here
 * by DNS or a proxy; and IP addresses. For signed requests the credential scope decides the service, not the host.
 */
import { isIP } from 'node:net';

export interface HostFacts {
  /** `sqs`, `s3`; undefined on a bare domain. */
  readonly service: string | undefined;
  readonly region: string | undefined;
  /** Of a virtual-hosted S3 request. */
  readonly bucket: string | undefined;
  /** All that stands before the domain: a bucket too, to clients whose endpoint is the bare domain. */
  readonly prefix?: string;
  /** A name that stands for one region: URLs handed out under it need not name theirs. */
  readonly namesRegion: boolean;
}

export type HostReader = (host: string) => HostFacts | undefined;

const BARE: HostFacts = { service: undefined, region: undefined, bucket: undefined, namesRegion: false };
const REGION = /^[a-z]{2}(-[a-z]+)+-\d+$/;
const SERVICE = /^[a-z0-9-]+$/;
/** `us-east-1.queue.amazonaws.com`, `queue.amazonaws.com`: SQS's first names, still in old clients. */
const LEGACY_QUEUE = /^(?:([a-z0-9-]+)\.)?queue\.amazonaws\.com$/;
/** `s3-eu-west-1.amazonaws.com`, with or without a bucket before it. */
const S3_DASH = /^(?:(.+)\.)?(s3(?:-website)?)-([a-z0-9-]+)$/;
/** `s3express-use1-az4`: S3's endpoint of a zone. */
const ZONAL = /^s3express-[a-z0-9]+(?:-[a-z0-9]+)*-az\d+$/;
/** What stands before these is a bucket, or an access point's name in its place. */
const HAS_BUCKETS = new Set(['s3', 's3-accelerate', 's3-accesspoint', 's3-global', 's3-website']);
const MAX_KEPT = 1000;

/** Reads hosts for these domains; answers are kept, since the same few come again and again. */
export function hostReader(domains: readonly string[]): HostReader {
  const suffixes = [...domains, 'amazonaws.com', 'api.aws', 'amazonaws.com.cn', 'aws.amazon.com'].map((domain) =>
    domain.toLowerCase(),
  );
  const kept = new Map<string, HostFacts | undefined>();
  return (host) => {
    if (kept.has(host)) return kept.get(host);
    const facts = read(host, suffixes);
    if (kept.size < MAX_KEPT) kept.set(host, facts);
    return facts;
  };
}

function read(host: string, suffixes: readonly string[]): HostFacts | undefined {
  const name = withoutPort(host.toLowerCase());
  if (name === undefined) return undefined;
  if (isIP(name.replace(/^\[|\]$/g, '')) !== 0) return BARE;
  const legacy = LEGACY_QUEUE.exec(name);
  if (legacy) return { service: 'sqs', region: legacy[1] ?? 'us-east-1', bucket: undefined, namesRegion: true };
  for (const suffix of suffixes) {
    if (name === suffix) return BARE;
    if (!name.endsWith(`.${suffix}`)) continue;
    const prefix = name.slice(0, -suffix.length - 1);
    const facts = labelsOf(prefix);
    return facts && { ...facts, prefix };
  }
  return undefined;
}

function withoutPort(host: string): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]]+?)\.?(?::\d{1,5})?$/.exec(host);
  return match?.[1];
}

/** What stands before the domain: `sqs.us-east-1`, `my.bucket.s3.eu-west-1`, `dynamodb`. */
function labelsOf(prefix: string): HostFacts | undefined {
  const labels = prefix.split('.').filter((label) => label !== 'dualstack');
  let region: string | undefined;
  if (REGION.test(labels.at(-1) ?? '')) region = labels.pop();
  const service = labels.pop();
  if (service === undefined) return { ...BARE, region, namesRegion: region !== undefined };
  if (!SERVICE.test(service)) return undefined;
  const dashed = S3_DASH.exec([...labels, service].join('.'));
  if (dashed && REGION.test(dashed[3] ?? '')) {
    return { service: dashed[2], region: dashed[3], bucket: dashed[1], namesRegion: true };
  }
  const bucket = labels.length > 0 ? labels.join('.') : undefined;
  const plain = service.replace(/-fips$/, '');
  if (ZONAL.test(plain)) return { service: 's3express', region, bucket, namesRegion: region !== undefined };
  if (bucket !== undefined && !HAS_BUCKETS.has(plain)) {
    // SDKs put labels of their own before some services' names (`123456789012.s3-control`, `data.iot`).
    return { service: plain, region, bucket: undefined, namesRegion: region !== undefined };
  }
  return { service: plain, region, bucket, namesRegion: region !== undefined };
}
