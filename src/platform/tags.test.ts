import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ServiceError } from '#platform/error.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { checkTags, deleteTags, removeTags, setTags, type Tags, taggedResources, tagsOf } from '#platform/tags.ts';
import { OWN, REGION } from '#platform/tiny-cloud.fixture.ts';

const ERRORS = { invalid: 'Invalid', tooMany: 'TooMany' };

test('tags are per resource, and lists of tagged resources can be walked in pages', () => {
  const arns = fc.constantFrom('arn:a', 'arn:ab', 'arn:b', 'arn:é', 'arn:\u0000');
  const keys = fc.constantFrom('team', 'stage', 'é', 'x');
  const step = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), arn: arns, key: keys, value: fc.string({ maxLength: 5 }) }),
    fc.record({ kind: fc.constant('remove' as const), arn: arns, key: keys }),
    fc.record({ kind: fc.constant('delete' as const), arn: arns }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), (steps, limit) => {
      const store = openStore({ drivers: memoryDrivers() });
      const partition = store.partition({ service: 'test', account: OWN, region: REGION });
      const model = new Map<string, Record<string, string>>();
      partition.transact((tx) => {
        for (const each of steps) {
          const tags = model.get(each.arn) ?? {};
          model.set(each.arn, tags);
          if (each.kind === 'set') {
            setTags(tx, each.arn, { [each.key]: each.value });
            tags[each.key] = each.value;
          } else if (each.kind === 'remove') {
            removeTags(tx, each.arn, [each.key]);
            delete tags[each.key];
          } else {
            deleteTags(tx, each.arn);
            model.delete(each.arn);
          }
        }
      });
      for (const [arn, tags] of model)
        assert.deepEqual(
          partition.read((tx) => tagsOf(tx, arn)),
          tags,
        );
      const found: { arn: string; tags: Tags }[] = [];
      for (;;) {
        const page = partition.read((tx) => taggedResources(tx, found.at(-1)?.arn, limit));
        found.push(...page);
        if (page.length < limit) break;
      }
      const wanted = [...model]
        .filter(([, tags]) => Object.keys(tags).length > 0)
        .map(([arn, tags]) => ({ arn, tags }));
      const byArn = (a: { arn: string }, b: { arn: string }): number => (a.arn < b.arn ? -1 : 1);
      assert.deepEqual(found.toSorted(byArn), wanted.toSorted(byArn));
    }),
  );
});

test('a list longer than a page of rows is whole', () => {
  const partition = openStore({ drivers: memoryDrivers() }).partition({ service: 't', account: OWN, region: REGION });
  const tags = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`key-${i}`, 'v']));
  const arns = Array.from({ length: 30 }, (_, i) => `arn:${String(i).padStart(2, '0')}`);
  partition.transact((tx) => {
    for (const arn of arns) setTags(tx, arn, tags);
  });
  const found = partition.read((tx) => taggedResources(tx, undefined, 100));
  assert.deepEqual(
    found.map(({ arn }) => arn),
    arns,
  );
  for (const resource of found) assert.equal(Object.keys(resource.tags).length, 50);
});

test('AWS’s rules for tags', () => {
  const many = (count: number): Tags => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, '']));
  const refusals: [Tags, Tags, string][] = [
    [{ '': 'v' }, {}, 'Invalid'],
    [{ ['k'.repeat(129)]: 'v' }, {}, 'Invalid'],
    [{ k: 'v'.repeat(257) }, {}, 'Invalid'],
    [{ 'aws:x': 'v' }, {}, 'Invalid'],
    [{ 'AWS:x': 'v' }, {}, 'Invalid'],
    [{ 'k!': 'v' }, {}, 'Invalid'],
    [{ k: 'a*' }, {}, 'Invalid'],
    [many(51), {}, 'TooMany'],
    [{ new: '' }, many(50), 'TooMany'],
  ];
  for (const [tags, existing, code] of refusals) {
    const isRight = (error: unknown): boolean => error instanceof ServiceError && error.code === code;
    assert.throws(() => checkTags(tags, existing, ERRORS), isRight, JSON.stringify(tags));
  }
  for (const [tags, existing] of [
    [many(50), {}],
    [{ k49: 'changed' }, many(50)],
    [{ ['k'.repeat(128)]: 'v'.repeat(256) }, {}],
    [{ 'Kosten stelle_.:/=+-@': 'é 中文' }, {}],
  ] as [Tags, Tags][]) {
    checkTags(tags, existing, ERRORS);
  }
});
