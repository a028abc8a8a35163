import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceModel } from '#platform/model/schema.ts';
import type { DeclaredService } from '../documents/services.ts';
import { gapsOf, type NotMet } from './met-errors.ts';

const model: ServiceModel = {
  metadata: { serviceId: 'Things', apiVersion: '1', endpointPrefix: 'things', protocols: ['query'] },
  operations: {
    Make: { name: 'Make', errors: [{ shape: 'ExistsException' }, { shape: 'BrokenException' }] },
    Look: { name: 'Look', errors: [{ shape: 'ExistsException' }] },
    Left: { name: 'Left', errors: [{ shape: 'ExistsException' }] },
  },
  shapes: {
    ExistsException: { type: 'structure', exception: true, error: { code: 'Exists' } },
    BrokenException: { type: 'structure', exception: true },
  },
} as unknown as ServiceModel; // what the check reads of a model
const service = {
  entry: { name: 'things' },
  declaration: { operations: { Make: {}, Look: {} } },
  model,
} as unknown as DeclaredService;

const gaps = (seen: readonly string[], notMet: NotMet = []) => {
  const { missing, needless } = gapsOf(service, { text: "fail('Exists')", codes: ['Exists'] }, new Set(seen), notMet);
  return { missing, needless };
};

test('what our code can answer and no test has met is missing: errors by their code, and success', () => {
  assert.deepEqual(gaps(['things Make success', 'things Look ExistsException']), {
    missing: ['Make ExistsException', 'Look success'],
    needless: [],
  });
  const all = ['Make success', 'Make ExistsException', 'Look success', 'Look ExistsException'];
  assert.deepEqual(gaps(all.map((pair) => `things ${pair}`)), { missing: [], needless: [] });
});

test('what is excused must be unmet', () => {
  const seen = ['things Make success', 'things Make ExistsException', 'things Look success'];
  const excused = (where: string): NotMet => [{ error: 'ExistsException', in: where, why: 'a test' }];
  assert.deepEqual(gaps(seen, excused('Look')), { missing: [], needless: [] });
  assert.deepEqual(gaps(seen, excused('Look Make\n  Left')), {
    missing: [],
    needless: ['Make ExistsException', 'Left ExistsException'],
  });
});

test('of a model without errors each code that is worded must be met by some operation', () => {
  const operations = { Make: { name: 'Make' }, Look: { name: 'Look' } };
  const bare = { ...service, model: { ...model, operations } } as unknown as DeclaredService;
  const source = { text: '', codes: ['InvalidThing.NotFound', 'ThingLimitExceeded'] };
  const seen = new Set(['things Make success', 'things Look success', 'things Look InvalidThing.NotFound']);
  assert.deepEqual(gapsOf(bare, source, seen, []).missing, ['* ThingLimitExceeded']);
  const why = 'a test';
  assert.deepEqual(gapsOf(bare, source, seen, [{ error: 'ThingLimitExceeded', in: '*', why }]).missing, []);
  const needless = gapsOf(bare, source, seen, [{ error: 'InvalidThing.NotFound', in: '*', why }]).needless;
  assert.deepEqual(needless, ['* InvalidThing.NotFound']);
});
