import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { filledDocument, filledText, placesIn } from './templates.ts';

test('places are found and filled', () => {
  assert.deepEqual([...placesIn('arn:aws:s3:::@{bucket}/@{prefix}*@{bucket}')], ['bucket', 'prefix']);
  assert.equal(filledText('@{a}-@{b}-@{toString}', { a: ['1'] }), '1-@{b}-@{toString}');
});

test('a list takes the place of an entry', () => {
  const document = JSON.stringify({ Resource: ['x', '@{arns}'], Action: '@{one}', Also: '@{arns}', Text: 'a@{arns}' });
  assert.deepEqual(JSON.parse(filledDocument(document, { arns: ['a', 'b'], one: ['c'] })), {
    Resource: ['x', 'a', 'b'],
    Action: 'c',
    Also: ['a', 'b'],
    Text: 'aa,b',
  });
});

test('no value becomes syntax', () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      const filled = JSON.parse(filledDocument('{"Effect":"Allow","Resource":"@{a}"}', { a: [value] }));
      assert.deepEqual(filled, { Effect: 'Allow', Resource: value });
    }),
  );
});
