import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePolicy } from '#platform/policy/parse.ts';
import { awsManagedPolicy } from '#services/iam/policies/aws-managed.ts';
import { LINKED_SERVICES } from './services.ts';

test('each service-linked role has a policy that AWS manages, and a name that is one', () => {
  assert.ok(LINKED_SERVICES.size > 80);
  const names = new Set<string>();
  for (const [principal, { roleName, policy }] of LINKED_SERVICES) {
    const found = awsManagedPolicy(`arn:aws:iam::aws:policy/aws-service-role/${policy}`);
    parsePolicy(found?.document ?? assert.fail(`${principal}: ${policy}`), 'identity');
    assert.match(roleName, /^AWSServiceRoleFor\w{1,47}$/);
    names.add(roleName);
  }
  assert.equal(names.size, LINKED_SERVICES.size);
});
