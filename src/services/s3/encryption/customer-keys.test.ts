import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import test from 'node:test';
import { customerKeyOf, isRightKey, verifierOf } from './customer-keys.ts';

const key = randomBytes(32);
const headers = {
  SSECustomerAlgorithm: 'AES256',
  SSECustomerKey: key.toString('base64'),
  SSECustomerKeyMD5: hash('md5', key, 'base64'),
};

test('a client’s key is taken whole or refused with what is wrong', () => {
  assert.equal(customerKeyOf({}, 'http://localhost'), undefined);
  const found = customerKeyOf(headers, 'https://localhost');
  assert.ok(found && key.equals(found.key));
  const wrong = [
    { ...headers, SSECustomerKeyMD5: hash('md5', 'another', 'base64') },
    { ...headers, SSECustomerKey: 'c2hvcnQ=' },
    { SSECustomerAlgorithm: 'AES256' },
    { SSECustomerAlgorithm: 'AES256', SSECustomerKey: headers.SSECustomerKey },
    { SSECustomerKey: headers.SSECustomerKey, SSECustomerKeyMD5: headers.SSECustomerKeyMD5 },
  ];
  for (const given of wrong)
    assert.throws(() => customerKeyOf(given, 'https://localhost'), { code: 'InvalidArgument' });
});

test('a key is known again by its verifier, which does not tell it', () => {
  const right = { key, md5: '' };
  const verifier = verifierOf(right);
  assert.notEqual(verifier, verifierOf(right));
  assert.ok(isRightKey(right, verifier));
  assert.ok(!isRightKey({ key: randomBytes(32), md5: '' }, verifier));
});
