import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Claims, provenClaims } from '#services/sts/web-identity/claims.ts';

const keysOf = (provider: string, claims: Claims, audience: readonly string[] = ['client']) =>
  provenClaims(provider, claims, audience).keys;

test('every provider has the same few keys, in lower case', () => {
  const claims = { sub: 'ann', aud: ['client', 'other'], amr: ['pwd', 7, 'otp'], groups: ['admins'], email: 'a@b' };
  assert.deepEqual(keysOf('Issuer.example/Path', claims), {
    'issuer.example/path:aud': 'client',
    'issuer.example/path:sub': 'ann',
    'issuer.example/path:amr': ['pwd', 'otp'],
    'issuer.example/path:oaud': ['client', 'other'],
  });
  assert.deepEqual(keysOf('i', { sub: 'ann' }, ['a', 'b']), { 'i:aud': ['a', 'b'], 'i:sub': 'ann' });
});

test('known providers have keys of their own, and nobody who only looks like them', () => {
  const claims = { sub: 's', repository: 'o/r', actor_id: 7, ref_protected: true, user_login: 'ann', pipeline_id: 'p' };
  const named = (provider: string) =>
    Object.keys(keysOf(provider, claims)).map((key) => key.slice(provider.length + 1));
  const github = ['aud', 'sub', 'actor_id', 'repository'];
  assert.deepEqual(named('token.actions.githubusercontent.com'), github);
  assert.deepEqual(named('token.actions.githubusercontent.com/corp'), github);
  assert.deepEqual(named('token.actions.corp.ghe.com'), github);
  assert.deepEqual(named('gitlab.com'), ['aud', 'sub', 'ref_protected', 'user_login']);
  assert.deepEqual(named('agent.buildkite.com'), ['aud', 'sub', 'pipeline_id']);
  for (const provider of [
    'token.actions.githubusercontent.com.evil.example',
    'evil.example/token.actions.githubusercontent.com',
    'gitlab.com/x',
    'my-gitlab.com',
  ]) {
    assert.deepEqual(named(provider), ['aud', 'sub'], provider);
  }
  assert.equal(keysOf('gitlab.com', claims)['gitlab.com:ref_protected'], 'true');
});

test('a tag comes nested or flat, not twice', () => {
  const flat = 'https://aws.amazon.com/tags/principal_tags/Team';
  const nested = { 'https://aws.amazon.com/tags': { principal_tags: { Team: ['blue'] } } };
  assert.deepEqual(provenClaims('i', nested, []).tags, { Team: 'blue' });
  assert.deepEqual(provenClaims('i', { [flat]: 'blue' }, []).tags, { Team: 'blue' });
  assert.throws(() => provenClaims('i', { ...nested, [flat]: 'red' }, []), /not valid/);
  const odd = { 'https://aws.amazon.com/tags': { principal_tags: JSON.parse('{"__proto__":["x"]}') } };
  assert.deepEqual(Object.entries(provenClaims('i', odd, []).tags), [['__proto__', 'x']]);
});
