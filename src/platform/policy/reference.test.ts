import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AuthorizationRequest, evaluate } from '#platform/policy/evaluate.ts';
import { parsePolicy } from '#platform/policy/parse.ts';
import { judge } from '#platform/policy/reference.ts';
import { anyRequest } from '#platform/policy/request-generator.ts';

const verdictOf = (request: AuthorizationRequest): { allowed: boolean; explicit: boolean } => {
  const decision = evaluate(request);
  return { allowed: decision.allowed, explicit: !decision.allowed && decision.explicit };
};

test('the evaluator agrees with the reference on any request', () => {
  const seen = { allowed: 0, explicit: 0, implicit: 0 };
  fc.assert(
    fc.property(anyRequest, (request) => {
      const verdict = judge(request);
      seen[verdict.allowed ? 'allowed' : verdict.explicit ? 'explicit' : 'implicit']++;
      assert.deepEqual(verdictOf(request), verdict);
    }),
    { numRuns: 4000 },
  );
  // The generators must reach every outcome often, or the agreement above says little.
  for (const count of Object.values(seen)) assert.ok(count > 200, JSON.stringify(seen));
});

test('a policy means the same whatever the order of its statements', () => {
  fc.assert(
    fc.property(anyRequest, (request) => {
      const identity = request.policies.identity.map((policy) => {
        const document = JSON.parse(policy.source);
        return parsePolicy(JSON.stringify({ ...document, Statement: document.Statement.toReversed() }), policy.kind);
      });
      const reversed = { ...request, policies: { ...request.policies, identity } };
      assert.deepEqual(verdictOf(reversed), verdictOf(request));
    }),
    { numRuns: 500 },
  );
});

test('a further Deny never opens anything', () => {
  const denyAll = parsePolicy(
    '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}',
    'identity',
  );
  fc.assert(
    fc.property(anyRequest, (request) => {
      const identity = [...request.policies.identity, denyAll];
      assert.deepEqual(verdictOf({ ...request, policies: { ...request.policies, identity } }).allowed, false);
    }),
    { numRuns: 300 },
  );
});
