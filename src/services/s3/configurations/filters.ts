/** Which objects a configuration is for: by prefix, tags, access point, or several of them in `And`. Pure. */
import { fail, invalidArgument } from '#services/s3/errors.ts';

interface Tag {
  readonly Key: string;
  readonly Value: string;
}

interface Several {
  readonly Prefix?: string;
  readonly Tags?: readonly Tag[];
  readonly AccessPointArn?: string;
}

export interface Filter {
  readonly Prefix?: string;
  readonly Tag?: Tag;
  readonly AccessPointArn?: string;
  readonly And?: Several;
}

export interface Selection {
  readonly prefix: string;
  readonly tags: readonly Tag[];
  readonly accessPoint: string | undefined;
}

export const selectionOf = (filter: Filter = {}): Selection => ({
  prefix: filter.And?.Prefix ?? filter.Prefix ?? '',
  tags: filter.And?.Tags ?? (filter.Tag === undefined ? [] : [filter.Tag]),
  accessPoint: filter.And?.AccessPointArn ?? filter.AccessPointArn,
});

export const selects = (
  { prefix, tags }: Selection,
  key: string,
  objectTags: Readonly<Record<string, string>> = {},
): boolean => key.startsWith(prefix) && tags.every(({ Key, Value }) => objectTags[Key] === Value);

const LONGEST_PREFIX_BYTES = 1024;
const ACCESS_POINT = /^arn:aws[a-z-]*:s3:[a-z0-9-]+:\d{12}:accesspoint\/[a-z0-9-]{3,50}$/;

/** "A filter must have exactly one prefix, one tag, or one conjunction". */
export function checkFilter(filter: Filter | undefined): void {
  if (filter === undefined) return;
  const { And: and } = filter;
  if (countOf(filter.Prefix, filter.Tag, filter.AccessPointArn, and) !== 1) fail('MalformedXML');
  if (and !== undefined && countOf(and.Prefix, and.AccessPointArn) + (and.Tags ?? []).length < 2) fail('MalformedXML');
  const { prefix, tags, accessPoint } = selectionOf(filter);
  if (Buffer.byteLength(prefix) > LONGEST_PREFIX_BYTES) {
    invalidArgument('Prefix', prefix, 'The maximum size of a prefix is 1024.');
  }
  for (const { Key, Value } of tags) {
    if (Key.length < 1 || Key.length > 128 || Value.length > 256) {
      fail('InvalidTag', { message: 'The TagKey you have provided is invalid', fields: { TagKey: Key } });
    }
  }
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length) {
    fail('InvalidTag', { message: 'Cannot provide multiple Tags with the same key' });
  }
  if (accessPoint !== undefined && !ACCESS_POINT.test(accessPoint)) {
    invalidArgument('AccessPointArn', accessPoint, 'The specified access point ARN is not valid.');
  }
}

const countOf = (...values: readonly unknown[]): number => values.filter((value) => value !== undefined).length;
