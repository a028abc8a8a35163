/** Federation without a way out: the operator gives an issuer's keys, and nobody asks the issuer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentialsOf, federation, lists, named } from '#test/sdk/federation.ts';
import { ask } from '#test/sdk/sign-in.ts';
import { publicJwk, signingKey } from '#test/token-issuer.ts';

const keySet = (...keys: Parameters<typeof publicJwk>): string => JSON.stringify({ keys: keys.map(publicJwk) });

test('tokens are verified by keys that the operator has given, and the issuer is not asked', async (t) => {
  const { c, issuer, key, assume } = await federation(t);
  issuer.broken = () => 'silence';
  issuer.asked.length = 0;
  const operator = (operation: string, input: object) => ask(c, operation, input, c.operator);
  const put = await operator('PutIssuerKeys', { Issuer: issuer.url, KeySet: keySet(key) });
  assert.equal(put.status, 200, JSON.stringify(put.body));
  const made = await assume(issuer.token(key));
  await lists(c, credentialsOf(made.Credentials));
  // A key that is not among them is not looked for elsewhere.
  const other = signingKey('second', 'ES256');
  await assert.rejects(assume(issuer.token(other)), named('InvalidIdentityTokenException'));
  // It rotates.
  await operator('PutIssuerKeys', { Issuer: issuer.url, KeySet: keySet(other) });
  await assume(issuer.token(other));
  await assert.rejects(assume(issuer.token(key)), named('InvalidIdentityTokenException'));
  const { body } = await operator('ListIssuerKeys', {});
  const [listed, ...more] = (body as { Issuers: { Issuer: string; KeyIds: string[] }[] }).Issuers;
  assert.deepEqual([listed?.Issuer, listed?.KeyIds, more], [issuer.url, ['second'], []]);
  assert.deepEqual(issuer.asked, []);
  // Without them the issuer is asked, as before.
  assert.equal((await operator('DeleteIssuerKeys', { Issuer: issuer.url })).status, 200);
  issuer.broken = undefined;
  await assume(issuer.token(key));
  assert.ok(issuer.asked.length > 0);
});

test('what is no set of public keys is refused, and who is not the operator', async (t) => {
  const { c, issuer, key } = await federation(t);
  const put = (KeySet: string, as = c.operator) => ask(c, 'PutIssuerKeys', { Issuer: issuer.url, KeySet }, as);
  const secret = { ...key.privateKey.export({ format: 'jwk' }), kid: 'a' };
  for (const text of [
    'no JSON',
    '[]',
    '{}',
    '{"keys":[]}',
    '{"keys":[null,{"kty":"EC"}]}',
    JSON.stringify({ keys: [secret] }),
    JSON.stringify({ keys: [{ kty: 'oct', k: 'AAAA' }] }),
  ]) {
    const { status, body } = await put(text);
    assert.equal(status, 400, text);
    assert.match(String(body['__type']), /#ValidationException$/, text);
  }
  assert.equal((await put(keySet(key), c.administrator)).status, 400);
  const gone = await ask(c, 'DeleteIssuerKeys', { Issuer: issuer.url }, c.operator);
  assert.match(String(gone.body['__type']), /#NoSuchResourceException$/);
});
