/**
 * Storage class analysis: age groups, and what the exported file says of them. Pure. Source: S3 User Guide, "Amazon S3 analytics –
 * Storage Class Analysis". How AWS reckons its ratio and its recommended age is not documented: the README has our rules.
 */
import type { Milliseconds } from '#platform/base/clock.ts';
import type { AnalyticsConfiguration } from '#platform/model/generated/s3.ts';
import type { AccessRow, StoredRow } from '#services/s3/analytics/state.ts';
import type { VersionRow } from '#services/s3/state.ts';

/** The first day of each, and its name. */
const AGE_GROUPS = [
  [0, '000-014'],
  [15, '015-029'],
  [30, '030-044'],
  [45, '045-059'],
  [60, '060-074'],
  [75, '075-089'],
  [90, '090-119'],
  [120, '120-149'],
  [150, '150-179'],
  [180, '180-364'],
  [365, '365-729'],
  [730, '730+'],
] as const;
/** Objects below 128 KB are in the totals alone. */
export const SMALL = AGE_GROUPS.length;
const ALL = 'ALL';
const LEAST_BYTES = 128 * 1024;

export function ageGroupOf({ bytes, modifiedAt }: VersionRow, now: number, day: Milliseconds): number {
  if (bytes < LEAST_BYTES) return SMALL;
  const age = Math.floor((now - modifiedAt) / day);
  return Math.max(
    0,
    AGE_GROUPS.findLastIndex(([first]) => age >= first),
  );
}

/** One day of one class and group. */
export interface Observation extends AccessRow, StoredRow {
  readonly day: number;
  readonly storageClass: string;
  readonly group: number;
}

const HEADER = [
  'Date',
  'ConfigId',
  'Filter',
  'StorageClass',
  'ObjectAge',
  'ObjectCount',
  'DataUploaded_MB',
  'Storage_MB',
  'DataRetrieved_MB',
  'GetRequestCount',
  'CumulativeAccessRatio',
  'ObjectAgeForSIATransition',
  'RecommendedObjectAgeForSIATransition',
];

const MEGABYTE = 1024 * 1024;
const megabytes = (bytes: number): string => String(Number((bytes / MEGABYTE).toFixed(4)));

const total = (some: readonly Observation[], of: (each: Observation) => number): number =>
  some.reduce((sum, each) => sum + of(each), 0);

/** How many times over what is stored in a group has been retrieved so far, in 30 days on average. */
const PERIOD_DAYS = 30;

export function accessRatio(upToNow: readonly Observation[]): number | undefined {
  const storedDays = total(upToNow, ({ bytes }) => bytes);
  return storedDays === 0 ? undefined : (total(upToNow, ({ retrieved }) => retrieved) * PERIOD_DAYS) / storedDays;
}

/** Below it a retrieval fee costs less than the storage that STANDARD_IA saves. */
const BREAK_EVEN = 1;

/** The age from which on all groups are retrieved so seldom that STANDARD_IA is the cheaper class; never before 30 days. */
export function transitionAge(standard: readonly Observation[], observedDays: number): number | undefined {
  if (observedDays < PERIOD_DAYS) return undefined;
  let age: number | undefined;
  for (let group = AGE_GROUPS.length - 1; group >= 0; group--) {
    const first = AGE_GROUPS[group]?.[0] ?? 0;
    if (first < PERIOD_DAYS) break;
    const ratio = accessRatio(standard.filter((each) => each.group === group));
    if (ratio !== undefined && ratio >= BREAK_EVEN) break;
    if (ratio !== undefined || age !== undefined) age = first;
  }
  return age;
}

const dateOf = (day: number, length: Milliseconds): string => {
  const [year, month, date] = new Date(day * length).toISOString().slice(0, 10).split('-');
  return `${month}-${date}-${year}`;
};

const filterText = ({ Filter: filter }: AnalyticsConfiguration): string => {
  const tags = filter?.And?.Tags ?? (filter?.Tag ? [filter.Tag] : []);
  const prefix = filter?.And?.Prefix ?? filter?.Prefix;
  return [
    ...(prefix === undefined ? [] : [`prefix=${prefix}`]),
    ...tags.map(({ Key, Value }) => `${Key}=${Value}`),
  ].join('&');
};

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** The file, as it stands after the last of the observed days. "Data in the exported file is sorted by date within object age group". */
export function analysisFile(
  configuration: AnalyticsConfiguration,
  observed: readonly Observation[],
  day: Milliseconds,
): string {
  const classes = [...new Set(observed.map(({ storageClass }) => storageClass))].sort();
  const first = observed.reduce((least, each) => Math.min(least, each.day), Number.POSITIVE_INFINITY);
  const lines = classes.flatMap((storageClass) => {
    const own = observed.filter((each) => each.storageClass === storageClass).sort((a, b) => a.day - b.day);
    const begin = (at: number, age: string) => [
      dateOf(at, day),
      configuration.Id,
      filterText(configuration),
      storageClass,
      age,
    ];
    return [...groupLines(own, begin), ...totalLines(own, begin, storageClass === 'STANDARD' ? first : undefined)];
  });
  return [HEADER, ...lines].map((line) => `${line.map(quoted).join(',')}\n`).join('');
}

type Begin = (day: number, age: string) => readonly string[];

const ratioText = (ratio: number | undefined): string => (ratio === undefined ? '' : String(Number(ratio.toFixed(4))));

const groupLines = (own: readonly Observation[], begin: Begin): string[][] =>
  AGE_GROUPS.flatMap(([, age], group) => {
    const some = own.filter((each) => each.group === group);
    return some.map((each, index) => [
      ...begin(each.day, age),
      '',
      '',
      megabytes(each.bytes),
      megabytes(each.retrieved),
      String(each.requests),
      ratioText(accessRatio(some.slice(0, index + 1))),
      '',
      '',
    ]);
  });

/** `first`: of STANDARD, whose objects may move, the first day that was observed. */
function totalLines(own: readonly Observation[], begin: Begin, first: number | undefined): string[][] {
  const ages: (number | undefined)[] = [];
  return [...new Set(own.map(({ day }) => day))].map((day) => {
    const today = own.filter((each) => each.day === day);
    const upToNow = own.filter((each) => each.day <= day);
    const age = first === undefined ? undefined : transitionAge(upToNow, day - first + 1);
    ages.push(age);
    // It has stabilised when a month has not changed it.
    const lately = ages.slice(-PERIOD_DAYS);
    const isStable = lately.length === PERIOD_DAYS && lately.every((each) => each === age);
    return [
      ...begin(day, ALL),
      String(total(today, ({ objects }) => objects)),
      megabytes(total(today, ({ uploaded }) => uploaded)),
      megabytes(total(today, ({ bytes }) => bytes)),
      megabytes(total(today, ({ retrieved }) => retrieved)),
      String(total(today, ({ requests }) => requests)),
      ratioText(accessRatio(upToNow)),
      String(age ?? ''),
      isStable ? String(age ?? '') : '',
    ];
  });
}
