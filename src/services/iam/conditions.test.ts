import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelLoader } from '#platform/model/load.ts';
import { createSealer } from '#platform/secrets/sealer.ts';
import type { OperationDeclaration } from '#platform/service.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { iam } from '#services/iam/service.ts';

/**
 * Answered for every operation (authorise.ts); of role templates, which no request can name; or of security keys, which are
 * registered in AWS's console and not by an API.
 */
const ELSEWHERE = /^iam:(?:ResourceTag\/|RoleTemplateARN$|FIDO-|RegisterSecurityKey$)/;

test('every operation that has condition keys of IAM’s own declares their values', () => {
  const actions = modelLoader()('iam').authorization?.actions ?? {};
  const sealer = createSealer({ current: 1, keys: new Map([[1, Buffer.alloc(32)]]) });
  // Nothing is called, so that no other part is needed.
  const operations: Readonly<Record<string, OperationDeclaration>> = iam({
    sealer,
    identity: {},
  } as IamParts).operations;
  const silent = Object.entries(operations).flatMap(([name, { conditions }]) => {
    const keys = (actions[name]?.conditionKeys ?? []).filter((key) => key.startsWith('iam:') && !ELSEWHERE.test(key));
    return keys.length > 0 && conditions === undefined ? [`${name}: ${keys.join(', ')}`] : [];
  });
  assert.deepEqual(silent, []);
});
