// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written like template strings
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ServiceError } from '#platform/error.ts';
import type { DocumentRules, PolicyKind } from '#platform/policy/document.ts';
import type { AuthorizationRequest } from '#platform/policy/evaluate.ts';
import { type CompiledPolicy, parsePolicy, policySize } from '#platform/policy/parse.ts';
import { explain } from '#platform/policy/trace.ts';

const STATEMENT = { Effect: 'Allow', Action: 'sqs:*', Resource: '*' };
const document = (statement: unknown, more: object = {}): string =>
  JSON.stringify({ Version: '2012-10-17', ...more, Statement: statement });
const without = (key: string, from: object): object =>
  Object.fromEntries(Object.entries(from).filter(([k]) => k !== key));

function refused(text: string, message: string | RegExp, kind: PolicyKind = 'identity', rules?: DocumentRules): void {
  assert.throws(() => parsePolicy(text, kind, rules), { code: 'MalformedPolicyDocument', message }, text);
}

test('what IAM takes', () => {
  const taken: readonly (readonly [PolicyKind, string])[] = [
    ['identity', document(STATEMENT)],
    ['identity', document([STATEMENT, { ...STATEMENT, Sid: 'Two' }], { Id: 'my policy' })],
    ['identity', document({ ...STATEMENT, Condition: {} })],
    ['identity', document({ ...STATEMENT, Condition: { Bool: { 'aws:SecureTransport': true } } })],
    ['identity', document({ ...STATEMENT, Condition: { NumericLessThan: { 's3:max-keys': [10, '20'] } } })],
    ['identity', document({ Effect: 'Deny', NotAction: ['iam:*', 'sts:Get*'], NotResource: ['arn:aws:s3:::a'] })],
    [
      'identity',
      document({
        ...STATEMENT,
        Resource: ['arn:aws:sqs:*', 'arn:aws:iam::aws:policy/*', 'arn:aws:s3:::x/${aws:username}'],
      }),
    ],
    ['identity', JSON.stringify({ Statement: STATEMENT })],
    ['resource', document({ ...STATEMENT, Sid: 'Allow all of it', Principal: '*' }, { Version: '2008-10-17' })],
    [
      'resource',
      document({ ...STATEMENT, NotPrincipal: { AWS: ['123456789012', 'arn:aws:iam::123456789012:user/a/b'] } }),
    ],
    ['resource', document({ ...STATEMENT, Principal: { Service: 'sns.amazonaws.com', CanonicalUser: 'ab12' } })],
    ['trust', document({ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: ['ec2.amazonaws.com'] } })],
    [
      'trust',
      document({
        Effect: 'Allow',
        Action: ['sts:AssumeRole', 'sts:TagSession'],
        Principal: { AWS: 'AROAABCDEFGHIJKLMNOPQ' },
      }),
    ],
    [
      'trust',
      document({
        Effect: 'Allow',
        Action: 'sts:AssumeRoleWithWebIdentity',
        Principal: { Federated: 'accounts.google.com' },
      }),
    ],
  ];
  for (const [kind, text] of taken) assert.doesNotThrow(() => parsePolicy(text, kind), text);
});

test("what IAM refuses, in IAM's words", () => {
  refused('', 'Syntax errors in policy.');
  refused('{', 'Syntax errors in policy.');
  refused('{', 'This policy contains invalid Json', 'trust');
  refused('[]', 'Syntax errors in policy.');
  refused(document([]), 'Syntax errors in policy.');
  refused(document({ ...STATEMENT, Extra: 1 }), 'Syntax errors in policy.');
  refused(document({ ...STATEMENT, NotAction: '*' }), 'Syntax errors in policy.');
  refused(document(without('Effect', STATEMENT)), 'Syntax errors in policy.');
  refused(document({ ...STATEMENT, Effect: 'allow' }), 'Syntax errors in policy.');
  refused(document({ ...STATEMENT, Action: 5 }), 'Syntax errors in policy.');
  refused(document({ ...STATEMENT, Condition: { 'aws:x': 'self' } }), 'Syntax errors in policy.');
  refused(document(STATEMENT, { Version: '2020-01-01' }), 'Policy document must be version 2012-10-17 or greater.');
  refused(document(without('Action', STATEMENT)), 'Policy statement must contain actions.');
  refused(document(without('Resource', STATEMENT)), 'Policy statement must contain resources.');
  refused(document({ ...STATEMENT, Resource: [] }), 'Policy statement must contain resources.');
  refused(document({ ...STATEMENT, Principal: '*' }), 'Policy document should not specify a principal.');
  refused(document({ ...STATEMENT, Sid: 'a-b' }), /^Statement IDs \(SID\) must be alpha-numeric\./);
  refused(
    document([1, 2].map(() => ({ ...STATEMENT, Sid: 'Same' }))),
    'Statement IDs (SID) in a single policy must be unique.',
  );
  const vendor = 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.';
  refused(document({ ...STATEMENT, Action: 'SendMessage' }), vendor);
  refused(document({ ...STATEMENT, Condition: { StringEquals: { username: 'x' } } }), vendor);
  refused(document({ ...STATEMENT, Action: 'ec2:ec2:Run' }), 'Actions/Condition can contain only one colon.');
  refused(document({ ...STATEMENT, Resource: 'queue' }), 'Resource queue must be in ARN format or "*".');
  refused(document({ ...STATEMENT, Resource: 'arn:aws:sqs' }), 'The policy failed legacy parsing');
  refused(document({ ...STATEMENT, Resource: 'arn:aws:sqs:${aws:x}:*:q' }), 'The policy failed legacy parsing');
  refused(
    document({ ...STATEMENT, Resource: 'arn:oops:sqs:::q' }),
    'Partition "oops" is not valid for resource "arn:oops:sqs:::q".',
  );
  refused(
    document({ ...STATEMENT, Resource: 'arn:aws:iam:us-east-1::user/x' }),
    /cannot contain region information\.$/,
  );
  refused(
    document({ ...STATEMENT, Resource: 'arn:aws:iam::123456789012:bob' }),
    /^IAM resource path must either be "\*" or start with user\//,
  );
});

test('resource and trust policies', () => {
  const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: '123456789012' } };
  refused(document(STATEMENT), 'Missing required field Principal', 'resource');
  refused(document(without('Action', { ...STATEMENT, Principal: '*' })), 'Missing required field Action', 'resource');
  refused(document(without('Principal', trust)), 'Missing required field Principal', 'trust');
  refused(document({ ...trust, Resource: '*' }), 'Has prohibited field Resource', 'trust');
  refused(
    document({ ...trust, Action: 'iam:PassRole' }),
    'AssumeRole policy may only specify STS AssumeRole actions.',
    'trust',
  );
  refused(document({ ...trust, Principal: {} }), 'Missing required field Principal cannot be empty!', 'trust');
  for (const name of [
    'arn:aws:iam::123456789012:user/*',
    'arn:aws:iam::1:root',
    '12345',
    'bob',
    'arn:aws:iam::123456789012:group/g',
  ]) {
    refused(document({ ...trust, Principal: { AWS: name } }), `Invalid principal in policy: "AWS":"${name}"`, 'trust');
  }
});

test('the same key twice is refused, wherever', () => {
  refused('{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}', 'Syntax errors in policy.');
  const twice = '{"StringEquals":{"aws:a":"1"},"StringEquals":{"aws:b":"1"}}';
  const text = `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":${twice}}}`;
  refused(text, 'Syntax errors in policy.');
  assert.doesNotThrow(() => parsePolicy(text.replace('"StringEquals":{"aws:b"', '"StringLike":{"aws:b"'), 'identity'));
});

test('managed policies must be of the current version', () => {
  const rules = { currentVersionOnly: true };
  const message = 'Policy document must be version 2012-10-17 or greater.';
  refused(document(STATEMENT, { Version: '2008-10-17' }), message, 'identity', rules);
  refused(JSON.stringify({ Statement: STATEMENT }), message, 'identity', rules);
});

test('some services let a resource policy leave out its Resource', () => {
  const text = document(without('Resource', { ...STATEMENT, Principal: '*' }));
  refused(text, 'Missing required field Resource', 'resource');
  assert.doesNotThrow(() => parsePolicy(text, 'resource', { resourceOptional: true }));
  refused(document(without('Resource', STATEMENT)), /resources/, 'identity', { resourceOptional: true });
});

test('white space does not count towards the size', () => {
  assert.equal(policySize('{ "a" :\n\t"b c" }'), '{"a":"bc"}'.length);
});

const requestUnder = (policy: CompiledPolicy): AuthorizationRequest => ({
  principal: { kind: 'anonymous' },
  policies: { identity: [policy] },
  action: 'sqs:SendMessage',
  resource: 'arn:aws:s3:::pail/x',
  resourceAccount: '123456789012',
  resourcePolicy: policy,
  context: () => 'text',
});

test('any garbage is a malformed policy or a policy that works, never anything else', () => {
  const kinds = fc.constantFrom<PolicyKind>('identity', 'resource', 'trust');
  const scrap = fc.constantFrom(
    ...['Version', 'Statement', 'Effect', 'Allow', 'Action', 'Resource', 'Principal', 'AWS', 'Condition', 'StringLike'],
    ...['*', 'sqs:*', 'arn:aws:s3:::*', '2012-10-17', 'aws:x', '${', '${aws:username', '__proto__', 'constructor', ''],
  );
  const tree = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      fc.oneof(scrap, fc.integer(), fc.boolean(), fc.constant(null), fc.string()),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(scrap, tie('node'), { maxKeys: 4 }),
    ),
  })).node;
  const statement = fc.dictionary(scrap, tree, { maxKeys: 5 });
  const near = fc
    .tuple(scrap, tree, statement)
    .map(([key, value, more]) => document({ ...STATEMENT, ...more, [key]: value }));
  const cut = fc.tuple(near, fc.nat(), fc.string({ maxLength: 3 })).map(([text, at, insert]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + insert + text.slice(place + 1);
  });
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    tree.map((value) => JSON.stringify(value) ?? ''),
    near,
    cut,
  );
  fc.assert(
    fc.property(texts, kinds, (text, kind) => {
      try {
        const policy = parsePolicy(text, kind);
        assert.ok(explain(requestUnder(policy)).decision);
      } catch (error) {
        assert.ok(error instanceof ServiceError && error.code === 'MalformedPolicyDocument', String(error));
      }
    }),
    { numRuns: 4000 },
  );
});

test('deep and huge documents are refused at once', () => {
  refused('['.repeat(100_000), 'Syntax errors in policy.');
  refused(`{"Statement":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`, 'Syntax errors in policy.');
  refused(document({ ...STATEMENT, Sid: 'x'.repeat(600_000) }), 'Syntax errors in policy.');
});
