/** Trails: made and changed in their home region, seen from every region that they log. */
import type { AccountId, Region } from '#platform/base/ids.ts';
import type * as Model from '#platform/model/generated/cloudtrail.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Call, Kind } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { setTags } from '#platform/tags.ts';
import { refuse } from './errors.ts';
import type { LogBucket } from './log-bucket.ts';
import { DEFAULT_SELECTORS, isCustom } from './selectors.ts';
import { type TrailRow, trails } from './state.ts';
import { checkedTags } from './tags.ts';
import type { LiveTrail, TrailDirectory } from './trail-directory.ts';
import { arnOf, checkName, readName, trailArn } from './trail-names.ts';
import { checkSettings } from './trail-settings.ts';
import { tryBucket } from './try-bucket.ts';

/** "Trails per Region: 5. This quota can't be increased." A shadow trail counts. */
const TRAILS_PER_REGION = 5;
const LIST_PAGE = 100;

export interface TrailDeps {
  readonly trails: TrailDirectory;
  readonly bucket: LogBucket;
  readonly pages: PageTokens;
  /** The key's ARN, as the caller may see it; undefined when there is no such key. */
  readonly keyArn: (call: Call, keyId: string) => Promise<string | undefined>;
}

/** Writes a trail's row; who asks the directory afterwards finds it. */
export function putTrail(directory: TrailDirectory, tx: Transaction, account: AccountId, row: TrailRow): void {
  tx.put(trails, trails.key(row.name), row);
  announce(directory, tx, account);
}

export function announce(directory: TrailDirectory, tx: Transaction, account: AccountId): void {
  directory.changed(account);
  // A partition is listed once it holds rows.
  tx.onDurable(() => directory.changed(account));
}

type Place = Pick<Call, 'account' | 'region'>;

/** A trail that may be changed here: AWS demands the home region. */
export function ownTrail(directory: TrailDirectory, given: string, call: Place, tx: ReadTransaction): TrailRow {
  const { name, region, account } = readName(given);
  const isHere = (region ?? call.region) === call.region && (account ?? call.account) === call.account;
  const row = isHere ? tx.get(trails, trails.key(name)) : undefined;
  if (row !== undefined) return row;
  const elsewhere = findTrail(directory, given, call);
  return elsewhere === undefined
    ? refuse('TrailNotFoundException', given, call.account)
    : refuse('InvalidHomeRegionException', name, elsewhere.homeRegion);
}

/** Any trail of the account that logs here, by its name; by its ARN in any region. */
export function findTrail(directory: TrailDirectory, given: string, call: Place): LiveTrail | undefined {
  const { name, region, account } = readName(given);
  if (account !== undefined && account !== call.account) return undefined;
  const candidates = region === undefined ? directory.in(call.account, call.region) : directory.of(call.account);
  return candidates.find(({ row, homeRegion }) => row.name === name && (region === undefined || homeRegion === region));
}

export const seenTrail = (directory: TrailDirectory, given: string, call: Place): LiveTrail =>
  findTrail(directory, given, call) ?? refuse('TrailNotFoundException', given, call.account);

export async function createTrail(
  deps: TrailDeps,
  input: Model.CreateTrailRequest,
  call: Call,
): Promise<Model.CreateTrailResponse> {
  checkName(input.Name);
  const settings = await checkSettings(deps, input, call);
  const tags = checkedTags(input.TagsList ?? [], {}, trailArn(call.region, call.account, input.Name));
  const refuseTaken = (): void => {
    const here = deps.trails.in(call.account, call.region);
    if (here.some(({ row }) => row.name === input.Name))
      refuse('TrailAlreadyExistsException', input.Name, call.account);
    if (here.length >= TRAILS_PER_REGION) {
      refuse('MaximumNumberOfTrailsExceededException', call.account, TRAILS_PER_REGION);
    }
  };
  refuseTaken();
  await tryBucket(deps.bucket, { ...settings, name: input.Name }, 'CloudTrail', call);
  const row: TrailRow = {
    ...settings,
    name: input.Name,
    createdAt: call.clock.now(),
    isLogging: false,
    selectors: DEFAULT_SELECTORS,
    insights: [],
  };
  call.transact((tx) => {
    // Another call may have made one while the bucket was tried.
    refuseTaken();
    if (tx.get(trails, trails.key(row.name))) refuse('TrailAlreadyExistsException', row.name, call.account);
    putTrail(deps.trails, tx, call.account, row);
    setTags(tx, trailArn(call.region, call.account, row.name), tags);
  });
  return settingsView(row, call.region, call.account);
}

export async function updateTrail(
  deps: TrailDeps,
  input: Model.UpdateTrailRequest,
  call: Call,
): Promise<Model.UpdateTrailResponse> {
  const before = call.partition.read((tx) => ownTrail(deps.trails, input.Name, call, tx));
  const settings = await checkSettings(deps, input, call, before);
  const isMoved = settings.bucket !== before.bucket || settings.prefix !== before.prefix;
  if (isMoved) await tryBucket(deps.bucket, { ...settings, name: before.name }, 'CloudTrail', call);
  return call.transact((tx) => {
    const { prefix: _prefix, kmsKey: _kmsKey, ...row } = ownTrail(deps.trails, input.Name, call, tx);
    const isNewlyValidated = settings.validatesFiles && !row.validatesFiles;
    const changed: TrailRow = { ...row, ...settings, ...(isNewlyValidated && { validatedSince: call.now }) };
    putTrail(deps.trails, tx, call.account, changed);
    return settingsView(changed, call.region, call.account);
  });
}

export function getTrail(
  directory: TrailDirectory,
  { Name }: Model.GetTrailRequest,
  call: Call,
): Model.GetTrailResponse {
  return { Trail: trailView(seenTrail(directory, Name, call), call.account) };
}

export function describeTrails(
  directory: TrailDirectory,
  { trailNameList: names = [], includeShadowTrails = true }: Model.DescribeTrailsRequest,
  call: Call,
): Model.DescribeTrailsResponse {
  const all = directory.in(call.account, call.region);
  const found =
    names.length === 0
      ? all.filter(({ homeRegion }) => includeShadowTrails || homeRegion === call.region)
      : names.flatMap((name) => findTrail(directory, name, call) ?? []);
  return { trailList: found.map((trail) => trailView(trail, call.account)) };
}

export function listTrails(
  { trails: directory, pages }: TrailDeps,
  { NextToken }: Model.ListTrailsRequest,
  call: Call,
): Model.ListTrailsResponse {
  const all = directory.of(call.account);
  const invalid = (): never => refuse('InvalidNextTokenException');
  const start = NextToken === undefined ? 0 : Number(pages.open(call, {}, NextToken, invalid));
  const end = start + LIST_PAGE;
  return {
    Trails: all
      .slice(start, end)
      .map(({ row, arn, homeRegion }) => ({ TrailARN: arn, Name: row.name, HomeRegion: homeRegion })),
    ...(all.length > end && { NextToken: pages.seal(call, {}, String(end)) }),
  };
}

const settingsView = (row: TrailRow, region: Region, account: AccountId): Model.CreateTrailResponse => ({
  Name: row.name,
  S3BucketName: row.bucket,
  ...(row.prefix !== undefined && { S3KeyPrefix: row.prefix }),
  IncludeGlobalServiceEvents: row.includesGlobalEvents,
  IsMultiRegionTrail: row.isMultiRegion,
  TrailARN: trailArn(region, account, row.name),
  LogFileValidationEnabled: row.validatesFiles,
  ...(row.kmsKey !== undefined && { KmsKeyId: row.kmsKey }),
  IsOrganizationTrail: false,
});

const trailView = ({ row, homeRegion }: LiveTrail, account: AccountId): Model.Trail => ({
  ...settingsView(row, homeRegion, account),
  HomeRegion: homeRegion,
  HasCustomEventSelectors: isCustom(row.selectors),
  HasInsightSelectors: row.insights.length > 0,
});

/** The trails of the partition's region. */
export const trailKind: Kind = {
  name: 'trail',
  cloudFormationType: 'AWS::CloudTrail::Trail',
  list(tx, after, limit) {
    const start = after === undefined ? {} : { after: trails.key(readName(after).name) };
    return tx.range(trails, { limit, ...start }).map(({ row }) => arnOf(row.name, placeIn(tx)));
  },
  exists: (tx, arn) => tx.get(trails, trails.key(readName(arn).name)) !== undefined,
  tagging: {
    tag: {
      operation: 'AddTags',
      input: (arn, tags) => ({
        ResourceId: arn,
        TagsList: Object.entries(tags).map(([Key, Value]) => ({ Key, ...(Value !== '' && { Value }) })),
      }),
    },
    untag: {
      operation: 'RemoveTags',
      input: (arn, keys) => ({ ResourceId: arn, TagsList: keys.map((Key) => ({ Key })) }),
    },
  },
  remove: { operation: 'DeleteTrail', input: (arn) => ({ Name: arn }) },
  holdsData: false,
};

// Trails are in accounts' partitions.
const placeIn = ({ partition }: ReadTransaction) => ({
  account: partition.name.account as AccountId,
  region: partition.name.region,
});
