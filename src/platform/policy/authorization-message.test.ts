import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days, hours } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import { authorizationMessages } from '#platform/policy/authorization-message.ts';
import type { AuthorizationRequest } from '#platform/policy/evaluate.ts';
import { parsePolicy } from '#platform/policy/parse.ts';
import { createSealer } from '#platform/secrets/sealer.ts';

const OWN = '123456789012' as AccountId;
const OTHER = '999999999999' as AccountId;
const NOW = Date.UTC(2026, 0, 31, 12);
const messages = authorizationMessages(createSealer({ current: 1, keys: new Map([[1, Buffer.alloc(32, 7)]]) }));
const role = `arn:aws:iam::${OWN}:role/work`;

const request = (identity: object, values: Record<string, string> = {}): AuthorizationRequest => ({
  principal: { kind: 'user', account: OWN, arn: `arn:aws:iam::${OWN}:user/bob`, userId: 'AIDABOB', userName: 'bob' },
  policies: { identity: [parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: identity }), 'identity')] },
  action: 'iam:PassRole',
  resource: role,
  resourceAccount: OWN,
  context: (key) => values[key],
});
const deny = {
  Sid: 'Never',
  Effect: 'Deny',
  Action: ['iam:PassRole', 'iam:Delete*'],
  Resource: '*',
  Condition: { StringEquals: { 'aws:SourceIp': '192.0.2.1' } },
};

test('a message has the decision, who denied, and the context', () => {
  const values = { 'aws:sourceip': '192.0.2.1', 'iam:passedtoservice': 'ec2.amazonaws.com' };
  const encoded = messages.encode(request(deny, values), ['iam:PassedToService', 'iam:Other'], OWN, NOW);
  assert.match(encoded, /^[\w-]+$/);
  assert.ok(!Buffer.from(encoded, 'base64url').includes('bob'));
  const { context, ...rest } = JSON.parse(messages.decode(encoded, OWN, NOW + hours(23)) ?? '');
  assert.deepEqual(rest, {
    allowed: false,
    explicitDeny: true,
    matchedStatements: {
      items: [
        {
          statementId: 'Never',
          effect: 'DENY',
          principals: { items: [{ value: 'AIDABOB' }] },
          principalGroups: { items: [] },
          actions: { items: [{ value: 'iam:PassRole' }, { value: 'iam:Delete*' }] },
          resources: { items: [{ value: '*' }] },
          conditions: { items: [{ key: 'aws:SourceIp', values: { items: [{ value: '192.0.2.1' }] } }] },
        },
      ],
    },
    failures: { items: [] },
  });
  assert.deepEqual(context.principal, { id: 'AIDABOB', name: 'bob', arn: `arn:aws:iam::${OWN}:user/bob` });
  assert.deepEqual([context.action, context.resource], ['iam:PassRole', role]);
  const known = Object.fromEntries(
    context.conditions.items.map(
      ({ key, values: { items } }: { key: string; values: { items: { value: string }[] } }) => [
        key,
        items.map(({ value }) => value).join(),
      ],
    ),
  );
  assert.deepEqual(known, {
    'aws:Service': 'iam',
    'aws:Resource': 'role/work',
    'aws:Account': OWN,
    'aws:Type': 'role',
    'aws:ARN': role,
    'aws:SourceIp': '192.0.2.1',
    'iam:PassedToService': 'ec2.amazonaws.com',
  });
  const implicit = messages.encode(request({ ...deny, Effect: 'Allow' }), [], OWN, NOW);
  const { explicitDeny, matchedStatements } = JSON.parse(messages.decode(implicit, OWN, NOW) ?? '');
  assert.deepEqual([explicitDeny, matchedStatements], [false, { items: [] }]);
});

test('it opens for its account, whole, for a day', () => {
  const encoded = messages.encode(request(deny), [], OWN, NOW);
  assert.equal(messages.decode(encoded, OTHER, NOW), undefined);
  assert.equal(messages.decode(encoded, OWN, NOW + days(1)), undefined);
  for (const other of ['', 'x', `${encoded}\n`, `${encoded}=`, encoded.slice(1), encoded.replace(/.$/, '*')]) {
    assert.equal(messages.decode(other, OWN, NOW), undefined);
  }
});

test('it stays within what DecodeAuthorizationMessage takes', () => {
  const noise = (n: number): string =>
    Array.from({ length: n }, (_, at) => ((at * 7919) % 65_537).toString(36)).join('');
  const keys = Array.from({ length: 50 }, (_, n) => `x:key${n}`);
  const values = Object.fromEntries(keys.map((key) => [key, noise(200) + key]));
  for (const statements of [
    [deny],
    Array.from({ length: 100 }, (_, n) => ({
      ...deny,
      Sid: `S${n}`,
      Action: [`iam:*`, `iam:${noise(60)}${n}`],
      Condition: {},
    })),
  ]) {
    const encoded = messages.encode(request(statements, { ...values, 'aws:sourceip': '192.0.2.1' }), keys, OWN, NOW);
    assert.ok(encoded.length <= 10_240, String(encoded.length));
    assert.equal(JSON.parse(messages.decode(encoded, OWN, NOW) ?? '').explicitDeny, true);
  }
});
