import assert from 'node:assert/strict';
import test from 'node:test';
import type { LifecycleRule } from '#platform/model/generated/s3.ts';
import type { VersionRow } from '#services/s3/state.ts';
import { checkRules } from './check.ts';
import { DAY, expirationOf, noncurrentExpirationOf, transitionOf } from './rules.ts';

const row = (more: Partial<VersionRow> = {}): VersionRow => ({
  sequence: 1,
  modifiedAt: DAY / 2,
  etag: '',
  bytes: 1_000_000,
  ...more,
});
const on = (rule: Partial<LifecycleRule>): LifecycleRule => ({ ID: 'r', Status: 'Enabled', Filter: {}, ...rule });
const of = (...rules: LifecycleRule[]) => ({ rules, smallObjectsMove: false });

test('days are rounded up to midnight, and the earliest rule wins', () => {
  const rules = of(on({ Expiration: { Days: 3 } }), on({ ID: 'sooner', Expiration: { Days: 1 } }));
  assert.deepEqual(expirationOf(rules, 'key', row(), DAY), { at: 2 * DAY, ruleId: 'sooner' });
  assert.deepEqual(
    expirationOf(of(on({ Expiration: { Days: 1 } })), 'key', row({ modifiedAt: DAY }), DAY)?.at,
    2 * DAY,
  );
  assert.equal(expirationOf(of(on({ Status: 'Disabled', Expiration: { Days: 1 } })), 'key', row(), DAY), undefined);
});

test('filters: prefix, tag, size, and all of them', () => {
  const Expiration = { Days: 1 };
  const And = { Prefix: 'logs/', Tags: [{ Key: 'a', Value: 'b' }], ObjectSizeGreaterThan: 10 };
  const matches = (rule: Partial<LifecycleRule>, key: string, version = row()): boolean =>
    expirationOf(of(on({ ...rule, Expiration })), key, version, DAY) !== undefined;
  assert.ok(matches({ Filter: { Prefix: 'logs/' } }, 'logs/1'));
  assert.ok(!matches({ Filter: { Prefix: 'logs/' } }, 'log'));
  assert.ok(matches({ Filter: { And } }, 'logs/1', row({ tags: { a: 'b', c: 'd' } })));
  assert.ok(!matches({ Filter: { And } }, 'logs/1', row({ tags: { a: 'c' } })));
  assert.ok(!matches({ Filter: { And } }, 'logs/1', row({ tags: { a: 'b' }, bytes: 10 })));
  assert.ok(matches({ Filter: { ObjectSizeLessThan: 11 } }, 'x', row({ bytes: 10 })));
});

test('noncurrent versions: so many days after the next, less the newest ones', () => {
  const rules = of(on({ NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 2 } }));
  assert.equal(noncurrentExpirationOf(rules, 'x', row(), { since: 10, newer: 1 }, DAY), undefined);
  assert.equal(noncurrentExpirationOf(rules, 'x', row(), { since: 10, newer: 2 }, DAY)?.at, 2 * DAY);
});

test('transitions go down only, and small objects stay', () => {
  const rules = of(
    on({
      Transitions: [
        { Days: 30, StorageClass: 'STANDARD_IA' },
        { Days: 60, StorageClass: 'GLACIER' },
      ],
    }),
  );
  const move = (now: number, version = row()) => transitionOf(rules, 'x', version, undefined, now, DAY)?.storageClass;
  assert.equal(move(30 * DAY), undefined);
  assert.equal(move(31 * DAY), 'STANDARD_IA');
  assert.equal(move(61 * DAY), 'GLACIER');
  assert.equal(move(61 * DAY, row({ storageClass: 'DEEP_ARCHIVE' })), undefined);
  assert.equal(move(61 * DAY, row({ bytes: 100 })), undefined);
});

test('rules that S3 does not take', () => {
  const refused = (code: string, ...rules: Partial<LifecycleRule>[]): void =>
    assert.throws(() => checkRules(rules.map((rule, index) => on({ ID: `r${index}`, ...rule }))), { code });
  const Expiration = { Days: 1 };
  checkRules([on({ Expiration })]);
  refused('MalformedXML');
  refused('InvalidArgument', { ID: 'x', Expiration }, { ID: 'x', Expiration });
  refused('InvalidArgument', { ID: 'x'.repeat(256), Expiration });
  refused('MalformedXML', { Prefix: '', Expiration });
  refused('MalformedXML', { Filter: { Prefix: 'a', ObjectSizeGreaterThan: 1 }, Expiration });
  refused('MalformedXML', { Filter: { And: { Prefix: 'a' } }, Expiration });
  refused('InvalidRequest', {});
  refused('MalformedXML', { Expiration: { Days: 1, Date: DAY } });
  refused('InvalidArgument', { Expiration: { Days: 0 } });
  refused('InvalidArgument', { Expiration: { Date: DAY + 1 } });
  refused('InvalidArgument', { Transitions: [{ Days: 29, StorageClass: 'STANDARD_IA' }] });
  refused('InvalidArgument', { Expiration: { Days: 5 }, Transitions: [{ Days: 5, StorageClass: 'GLACIER' }] });
  refused('MalformedXML', { Transitions: [{ Days: 5 }] });
  refused('InvalidRequest', {
    Transitions: [
      { Days: 5, StorageClass: 'GLACIER' },
      { Days: 6, StorageClass: 'GLACIER' },
    ],
  });
  refused('InvalidArgument', { NoncurrentVersionExpiration: { NoncurrentDays: 0 } });
  refused('InvalidArgument', { NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 101 } });
  refused('InvalidArgument', { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 0 } });
  refused('InvalidRequest', {
    Filter: { Tag: { Key: 'a', Value: 'b' } },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
  });
});
