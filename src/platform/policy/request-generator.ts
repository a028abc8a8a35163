/**
 * Random requests and policies for the property tests, from small vocabularies, so that statements speak of the request often
 * and the three outcomes (allowed, denied, not allowed) all occur. Used by tests only.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written like template strings
import fc from 'fast-check';
import type { AccountId } from '#platform/base/ids.ts';
import type { PolicyKind } from '#platform/policy/document.ts';
import type { AuthorizationRequest, PrincipalPolicies } from '#platform/policy/evaluate.ts';
import { resourceGrant } from '#platform/policy/grants.ts';
import { type CompiledPolicy, parsePolicy } from '#platform/policy/parse.ts';
import type { Principal, RootPrincipal, UserPrincipal } from '#platform/principal.ts';

const OWN = '111111111111' as AccountId;
const OTHER = '222222222222' as AccountId;
const session = { issuedAt: 0, expiresAt: 1 };

const PRINCIPALS: readonly Principal[] = [
  rootOf(OWN),
  { ...rootOf(OWN), session: { ...session, policy: '{}' } },
  ...([OWN, OTHER] as const).map((account) => userOf(account)),
  { ...userOf(OWN), session: { ...session, policy: '{}' } },
  ...([OWN, OTHER] as const).map((account) => roleSessionOf(account)),
  {
    kind: 'federated-user',
    account: OWN,
    arn: `arn:aws:sts::${OWN}:federated-user/fed`,
    userId: `${OWN}:fed`,
    session: { ...session, issuerArn: `arn:aws:iam::${OWN}:user/bob`, issuerId: 'AIDABOB0000000000' },
  },
  { kind: 'service', service: 'sns.amazonaws.com' },
  ...['accounts.google.com', 'issuer.example'].map((provider) => externalBy(provider)),
  { kind: 'anonymous' },
];

function externalBy(provider: string): Principal {
  const claims = { keys: {}, tags: {}, transitiveTagKeys: [] };
  return {
    ...{ kind: 'external', type: 'SAMLUser', provider, identityProvider: provider, userId: 'x', userName: 'x' },
    claims,
  };
}

function rootOf(account: AccountId): RootPrincipal {
  return { kind: 'root', account, arn: `arn:aws:iam::${account}:root`, userId: account };
}

function userOf(account: AccountId): UserPrincipal {
  return {
    kind: 'user',
    account,
    arn: `arn:aws:iam::${account}:user/bob`,
    userId: 'AIDABOB0000000000',
    userName: 'bob',
  };
}

function roleSessionOf(account: AccountId): Principal {
  return {
    kind: 'role-session',
    account,
    arn: `arn:aws:sts::${account}:assumed-role/work/monday`,
    userId: 'AROAWORK000000000:monday',
    roleArn: `arn:aws:iam::${account}:role/work`,
    roleId: 'AROAWORK000000000',
    roleName: 'work',
    session,
  };
}

const principalNames = fc.constantFrom(
  ...[OWN, `arn:aws:iam::${OWN}:root`, `arn:aws:iam::${OTHER}:root`, 'AIDABOB0000000000', 'AROAWORK000000000', '*'],
  ...[OWN, OTHER].flatMap((account) => [
    `arn:aws:iam::${account}:user/bob`,
    `arn:aws:iam::${account}:role/work`,
    `arn:aws:sts::${account}:assumed-role/work/monday`,
  ]),
  `arn:aws:sts::${OWN}:federated-user/fed`,
);

const principalElement = fc.oneof(
  fc.constant('*'),
  fc.record({ AWS: fc.uniqueArray(principalNames, { minLength: 1, maxLength: 4 }) }),
  fc.record({ Service: fc.constantFrom('sns.amazonaws.com', 's3.amazonaws.com', '*') }),
  fc.record({ Federated: fc.constantFrom('accounts.google.com', '*'), AWS: principalNames }),
);

const ACTIONS = [
  'sqs:SendMessage',
  'sqs:ReceiveMessage',
  's3:GetObject',
  'SQS:sendmessage',
  'sts:AssumeRole',
  's3:PutBucketPolicy',
];
const actionPatterns = fc.constantFrom(
  ...['*', 'sqs:*', 'SQS:Send*', 'sqs:?endMessage', 's3:*Object', 's*:*', 'sqs:SendMessage', 'sqs:*essage', 'kms:*'],
);

/** As KMS keeps them beside a key. */
const serviceGrant = fc
  .record({
    grantee: fc.oneof(
      principalNames.filter((name) => name !== '*'),
      fc.constantFrom('sns.amazonaws.com', 's3.amazonaws.com'),
    ),
    actions: fc.uniqueArray(fc.constantFrom(...ACTIONS), { minLength: 1, maxLength: 4 }),
  })
  .map(({ grantee, actions }) => resourceGrant(grantee, actions));

const RESOURCES = [
  `arn:aws:sqs:us-east-1:${OWN}:bob`,
  `arn:aws:sqs:eu-west-1:${OWN}:bob-queue`,
  'arn:aws:s3:::pail/bob/a:b.txt',
  'arn:aws:s3:::pail/*',
];
const resourcePatterns = fc.constantFrom(
  ...[
    '*',
    'arn:aws:sqs:*',
    'arn:aws:sqs:*:*:bob',
    `arn:aws:sqs:us-*-1:${OWN}:*`,
    'arn:aws:s3:::pail/*.txt',
    'arn:*:sqs:*:*:bob*',
  ],
  ...[
    `arn:aws:sqs:eu*1:${OWN}:b?b*`,
    'arn:aws:sqs:*1:*:bob',
    'arn:aws:sqs:*:*1*:*',
    'arn:a?s:sqs:us-east-?:*:bob',
    'arn:aws:s3:::pail/${*}',
  ],
  ...[
    'arn:aws:s3:::pail/${aws:username}/*',
    "arn:aws:sqs:*:*:${aws:PrincipalTag/team, 'bob'}*",
    'arn:aws:sqs:*:*:${test:absent}',
  ],
);

const CONTEXT_VALUES: Readonly<Record<string, readonly string[]>> = {
  'aws:username': ['bob', 'Bob', 'b*'],
  'aws:principaltag/team': ['bob', 'blue'],
  'test:text': ['bob', 'BOB', 'a*c', 'abc', '', '${aws:username}'],
  'test:many': ['bob', 'blue', 'abc'],
  'test:number': ['1', '1.5', '10', '-3', 'ten'],
  'test:date': ['2026-01-01T00:00:00Z', '2026-06-01', '1767225600', 'soon'],
  'test:flag': ['true', 'false', 'TRUE'],
  'test:bytes': ['Ym9i', 'YWJj'],
  'aws:sourceip': ['192.0.2.7', '192.0.3.7', '2001:db8::7', 'here'],
  'aws:sourcearn': ['arn:aws:sns:us-east-1:111111111111:topic', 'arn:aws:sns:eu-west-1:111111111111:a:b', 'topic'],
};

const contextValues = fc.record(
  Object.fromEntries(
    Object.entries(CONTEXT_VALUES).map(([key, values]) => [
      key,
      key === 'test:many'
        ? fc.option(fc.array(fc.constantFrom(...values), { maxLength: 3 }), { nil: undefined })
        : fc.option(fc.constantFrom(...values), { nil: undefined, freq: 3 }),
    ]),
  ),
);

const TEXT_VALUES = [
  'bob',
  'b*',
  'a?c',
  'a${*}c',
  '${aws:username}',
  '${AWS:PrincipalTag/team}*',
  "${test:absent, 'abc'}",
];
const ARN_VALUES = [
  'arn:aws:sns:*:111111111111:*',
  'arn:aws:sns:us-east-1:111111111111:topic',
  'arn:*:sns:*:*:t?pic',
  'arn:aws:sns:*',
  '*',
];

/** Operator families with the keys and values that suit them; a key of another family now and then. */
const FAMILIES: readonly (readonly [
  operators: readonly string[],
  keys: readonly string[],
  values: readonly string[],
])[] = [
  [
    [
      'StringEquals',
      'StringNotEquals',
      'StringEqualsIgnoreCase',
      'StringNotEqualsIgnoreCase',
      'StringLike',
      'StringNotLike',
    ],
    ['test:text', 'Test:Many', 'aws:username', 'test:absent'],
    [...TEXT_VALUES, '${test:absent}', '${test:many}', ''],
  ],
  [
    ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals'].map(
      (name) => `Numeric${name}`,
    ),
    ['test:number', 'test:text'],
    ['1', '10', '-3.0', 'ten'],
  ],
  [
    ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals'].map(
      (name) => `Date${name}`,
    ),
    ['test:date'],
    ['2026-01-01', '2026-06-01T00:00:00+00:00', '1780272000', 'soon'],
  ],
  [['Bool'], ['test:flag', 'test:absent'], ['true', 'false', '${test:flag}']],
  [['BinaryEquals'], ['test:bytes'], ['Ym9i', 'YWJj']],
  [
    ['IpAddress', 'NotIpAddress'],
    ['aws:SourceIp'],
    ['192.0.2.0/24', '192.0.2.7', '2001:db8::/32', '0.0.0.0/0', 'nowhere'],
  ],
  [['ArnEquals', 'ArnLike', 'ArnNotEquals', 'ArnNotLike'], ['aws:SourceArn'], ARN_VALUES],
];

const condition = fc.oneof(
  ...FAMILIES.map(([operators, keys, values]) =>
    fc
      .record({
        set: fc.constantFrom('', '', 'ForAllValues:', 'ForAnyValue:'),
        operator: fc.constantFrom(...operators),
        ifExists: fc.constantFrom('', '', 'IfExists'),
        key: fc.constantFrom(...keys),
        values: fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }),
      })
      .map(({ set, operator, ifExists, key, values }) => ({ [`${set}${operator}${ifExists}`]: { [key]: values } })),
  ),
  fc
    .tuple(fc.constantFrom('test:text', 'test:many', 'test:absent'), fc.constantFrom('true', 'false'))
    .map(([key, wanted]) => ({ Null: { [key]: wanted } })),
);

const absent = fc.constant(null);
const often = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 2, arbitrary: value }, { weight: 1, arbitrary: absent });
const seldom = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 1, arbitrary: value }, { weight: 4, arbitrary: absent });

const oneOrList = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> =>
  fc.oneof(values, fc.array(values, { minLength: 1, maxLength: 3 }));

/** `Action` nine times of ten, `NotAction` else. */
const element = (name: string, values: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> =>
  fc
    .tuple(fc.integer({ min: 0, max: 9 }), values)
    .map(([die, value]) => ({ [die === 0 ? `Not${name}` : name]: value }));

function statement(kind: PolicyKind): fc.Arbitrary<Record<string, unknown>> {
  return fc
    .record({
      effect: fc.constantFrom('Allow', 'Allow', 'Allow', 'Allow', 'Deny'),
      action: element('Action', oneOrList(actionPatterns)),
      resource: element('Resource', oneOrList(resourcePatterns)),
      principal: element('Principal', principalElement),
      condition: seldom(condition),
    })
    .map(({ effect, action, resource, principal, condition }) => ({
      Effect: effect,
      ...(kind === 'trust' ? { Action: 'sts:*' } : action),
      ...(kind === 'trust' ? {} : resource),
      ...(kind === 'identity' ? {} : kind === 'trust' ? { Principal: Object.values(principal)[0] } : principal),
      ...(condition && { Condition: condition }),
    }));
}

const policy = (kind: PolicyKind): fc.Arbitrary<CompiledPolicy> =>
  fc
    .record({
      Version: fc.constantFrom('2012-10-17', '2012-10-17', '2012-10-17', '2008-10-17'),
      Statement: fc.array(statement(kind), { minLength: 1, maxLength: 3 }),
    })
    .map((document) => parsePolicy(JSON.stringify(document), kind));

const levels = (kind: PolicyKind): fc.Arbitrary<CompiledPolicy[][]> =>
  fc.array(fc.array(policy(kind), { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 2 });
const policies = (kind: PolicyKind): fc.Arbitrary<CompiledPolicy[]> => fc.array(policy(kind), { maxLength: 3 });

const present = <T extends object>(object: { [K in keyof T]: T[K] | null }): Partial<T> =>
  // Null is the generator's word for absent.
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null)) as Partial<T>;

export const anyRequest: fc.Arbitrary<AuthorizationRequest> = fc
  .record({
    principal: fc.constantFrom(...PRINCIPALS),
    identity: policies('identity'),
    limits: fc.record({
      boundary: seldom(policy('identity')),
      session: seldom(policies('identity')),
    }),
    serviceControl: seldom(levels('identity')),
    resource: fc.constantFrom(...RESOURCES),
    action: fc.constantFrom(...ACTIONS),
    resourceAccount: fc.constantFrom(OWN, OWN, OWN, OTHER, 'aws'),
    more: fc.record({
      resourcePolicy: often(
        fc.oneof({ weight: 4, arbitrary: policy('resource') }, { weight: 1, arbitrary: policy('trust') }),
      ),
      resourceControl: seldom(levels('resource')),
      resourcePolicyRequired: fc.constantFrom(null, null, true),
      endpointPolicy: seldom(policy('resource')),
      grants: often(fc.array(serviceGrant, { minLength: 1, maxLength: 2 }).map((grants) => () => grants)),
    }),
    values: contextValues,
  })
  .map(({ principal, identity, limits, serviceControl, more, values, ...rest }) => {
    const extra = present<AuthorizationRequest>(more as never); // the generator's optional members, null for absent
    const limited = present<PrincipalPolicies>({ ...limits, serviceControl } as never);
    return { ...rest, ...extra, principal, policies: { ...limited, identity }, context: (key: string) => values[key] };
  });
