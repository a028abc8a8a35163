import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forgetSigningKeys, signingKey } from '#gateway/auth/signing-keys.ts';

const SCOPE = '20120215/us-east-1/iam/aws4_request';

test('keys are kept until their secret is forgotten, and no more than so many', () => {
  const [first, other] = [signingKey('secret', SCOPE), signingKey('another-secret', SCOPE)];
  forgetSigningKeys('secret');
  assert.notEqual(signingKey('secret', SCOPE), first);
  assert.equal(signingKey('another-secret', SCOPE), other);
  for (let index = 0; index < 256; index++) signingKey('another-secret', `20120215/region-${index}/iam/aws4_request`);
  const again = signingKey('another-secret', SCOPE);
  assert.notEqual(again, other);
  for (let index = 0; index < 4096; index++) signingKey(`filler-${index}`, SCOPE);
  assert.notEqual(signingKey('another-secret', SCOPE), again);
});
