import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRedaction } from '#platform/audit/redact.ts';
import type { ServiceModel } from '#platform/model/schema.ts';
import type { Output } from '#platform/service.ts';

const model: ServiceModel = {
  metadata: { serviceId: 'T', apiVersion: '1', endpointPrefix: 't', protocols: ['json'] },
  operations: {},
  shapes: {
    Plain: { type: 'structure', members: { Name: { shape: 'Text' } } },
    Tree: {
      type: 'structure',
      members: {
        Name: { shape: 'Text' },
        Password: { shape: 'Secret' },
        Handle: { shape: 'Text' },
        Data: { shape: 'Bytes' },
        Children: { shape: 'Trees' },
        ByName: { shape: 'TreeMap' },
        Secrets: { shape: 'SecretMap' },
      },
    },
    Trees: { type: 'list', member: { shape: 'Tree' } },
    TreeMap: { type: 'map', key: { shape: 'Text' }, value: { shape: 'Tree' } },
    SecretMap: { type: 'map', key: { shape: 'Text' }, value: { shape: 'Secret' } },
    Text: { type: 'string' },
    Secret: { type: 'string', sensitive: true },
    Bytes: { type: 'blob' },
    Timed: { type: 'structure', members: { At: { shape: 'Time' } } },
    Time: { type: 'timestamp' },
  },
};
const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';

const redaction = (shape: string | undefined, secret?: readonly string[]) => (value: Output) =>
  JSON.parse(compileRedaction(model, shape, secret)(value)) as Output;

test('what is sensitive is hidden wherever it stands, also in a shape that holds itself', () => {
  const redact = redaction('Tree', ['Handle']);
  const tree = { Name: 'a', Password: 'p', Handle: 'h', Data: Buffer.from('abc') };
  const hidden = { name: 'a', password: HIDDEN, handle: HIDDEN, data: { size: 3 } };
  assert.deepEqual(
    redact({ ...tree, Children: [tree, { Children: [tree] }], ByName: { b: tree }, Secrets: { k: 'v' } }),
    { ...hidden, children: [hidden, { children: [hidden] }], byName: { b: hidden }, secrets: { k: HIDDEN } },
  );
});

test('times are text as CloudTrail writes it, or milliseconds where a service has those', () => {
  const times = (value: unknown, how?: 'milliseconds') =>
    JSON.parse(compileRedaction(model, 'Timed', [], undefined, how)({ At: value })).at;
  assert.equal(times(Date.UTC(2020, 10, 18, 1, 29, 18, 999)), 'Nov 18, 2020, 1:29:18 AM');
  assert.equal(times(Date.UTC(2022, 7, 9, 22, 3, 7)), 'Aug 9, 2022, 10:03:07 PM');
  assert.deepEqual(
    [0, 12].map((hour) => times(Date.UTC(2021, 0, 1, hour))),
    ['Jan 1, 2021, 12:00:00 AM', 'Jan 1, 2021, 12:00:00 PM'],
  );
  assert.equal(times(1_700_000_000_000, 'milliseconds'), 1_700_000_000_000);
  assert.deepEqual([times('yesterday'), times(1e20)], ['yesterday', 1e20]);
});

test('what is not in the model is not written down, and without a shape nothing is changed', () => {
  const value = { Name: 'a "quoted" name', Other: 'b' };
  assert.deepEqual(redaction('Plain')(value), { name: 'a "quoted" name' });
  assert.deepEqual(redaction('Plain')({}), {});
  assert.deepEqual(redaction(undefined)(value), value);
});

test('what does not have its shape is hidden: a refused call’s input may be anything', () => {
  const redact = redaction('Tree');
  const odd = { Children: 'a password', ByName: 'a password', Secrets: ['a password'], Password: { a: 'password' } };
  assert.ok(!JSON.stringify(redact(odd)).includes('a password'));
  assert.equal(redact({ Children: ['a password'] })['children']?.toString(), HIDDEN);
});
