// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written like template strings
/** What is no policy, by kind, with IAM's words; and what is one although it looks wrong. Each row changes a good statement. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyKind } from '#platform/policy/document.ts';
import { parsePolicy } from '#platform/policy/parse.ts';

type Change = Readonly<Record<string, unknown>>;

const GOOD: Readonly<Record<PolicyKind, Change>> = {
  identity: { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: '*' },
  resource: { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: '*', Principal: '*' },
  trust: { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: '123456789012' } },
};

const documentOf = (kind: PolicyKind, change: Change): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: { ...GOOD[kind], ...change } });

const SYNTAX = 'Syntax errors in policy.';
const LEGACY = 'The policy failed legacy parsing';
const VENDOR = 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.';
const REGEXES = 'Resource vendor must be fully qualified and cannot contain regexes.';
const TRUST_ACTION = 'AssumeRole policy may only specify STS AssumeRole actions.';
const SID =
  'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*';
const noRegion = (arn: string) => `IAM resource ${arn} cannot contain region information.`;
const partition = (name: string, arn: string) => `Partition "${name}" is not valid for resource "${arn}".`;
const principal = (type: string, name: string) => `Invalid principal in policy: "${type}":"${name}"`;
const IAM_PATH = /^IAM resource path must either be "\*" or start with user\/, federated-user\/, role\/, group\/,/;

const REFUSED: readonly (readonly [PolicyKind, Change, string | RegExp])[] = [
  // elements
  ['identity', { Effect: undefined }, SYNTAX],
  ['identity', { Effect: 'allow' }, SYNTAX],
  ['identity', { effect: 'Allow' }, SYNTAX],
  ['identity', { Comment: 'mine' }, SYNTAX],
  ['identity', { Action: undefined }, 'Policy statement must contain actions.'],
  ['identity', { Action: [] }, 'Policy statement must contain actions.'],
  ['identity', { NotAction: 'sqs:*' }, SYNTAX],
  ['identity', { Resource: undefined }, 'Policy statement must contain resources.'],
  ['identity', { Resource: [] }, 'Policy statement must contain resources.'],
  ['identity', { NotResource: '*' }, SYNTAX],
  ['identity', { Resource: { a: 1 } }, SYNTAX],
  ['identity', { Principal: '*' }, 'Policy document should not specify a principal.'],
  ['identity', { NotPrincipal: { AWS: '123456789012' } }, 'Policy document should not specify a principal.'],
  ['identity', { Sid: 'not alpha' }, SID],
  ['identity', { Sid: 7 }, SYNTAX],
  ['trust', { Sid: 'not alpha' }, SID],
  // actions
  ['identity', { Action: 'SendMessage' }, VENDOR],
  ['identity', { Action: '' }, VENDOR],
  ['identity', { Action: 'sqs:Send:Message' }, 'Actions/Condition can contain only one colon.'],
  ['identity', { Action: 'sq s:SendMessage' }, 'Vendor sq s is not valid'],
  ['identity', { Action: ':SendMessage' }, 'Vendor  is not valid'],
  ['identity', { Action: 'sqs:Send Message' }, LEGACY],
  ['identity', { Action: 'sqs:' }, LEGACY],
  ['identity', { Action: 5 }, SYNTAX],
  // resources
  ['identity', { Resource: 'queue' }, 'Resource queue must be in ARN format or "*".'],
  ['identity', { Resource: '' }, 'Resource  must be in ARN format or "*".'],
  ['identity', { Resource: 'arn:aws:sqs' }, LEGACY],
  ['identity', { Resource: 'arn:aws:sqs:us-east-1:123456789012' }, LEGACY],
  ['identity', { Resource: 'arn:aws:sqs:${aws:RequestedRegion}:123456789012:q' }, LEGACY],
  ['identity', { Resource: 'arn:aws:*:us-east-1:123456789012:q' }, REGEXES],
  ['identity', { Resource: 'arn:aws:s?s:us-east-1:123456789012:q' }, REGEXES],
  ['identity', { Resource: 'arn:aws-cn:sqs:::q' }, partition('aws-cn', 'arn:aws-cn:sqs:::q')],
  ['identity', { Resource: 'arn::sqs:::q' }, partition('', 'arn::sqs:::q')],
  ['identity', { Resource: 'arn:${P}:s3:::q' }, partition('${P}', 'arn:${P}:s3:::q')],
  ['identity', { Resource: 'arn:aws:iam:us-east-1:1:user/x' }, noRegion('arn:aws:iam:us-east-1:1:user/x')],
  ['identity', { Resource: 'arn:aws:iam::123456789012:bob' }, IAM_PATH],
  [
    'identity',
    { Resource: 'arn:aws:s3:us-east-1::pail' },
    'Resource arn:aws:s3:us-east-1::pail can not contain region information.',
  ],
  ['identity', { Resource: ['*', 'queue'] }, 'Resource queue must be in ARN format or "*".'],
  // conditions
  ['identity', { Condition: 'StringEquals' }, SYNTAX],
  ['identity', { Condition: { StringEqual: { 'aws:a': 'x' } } }, SYNTAX],
  ['identity', { Condition: { 'ForSomeValues:StringEquals': { 'aws:a': 'x' } } }, SYNTAX],
  ['identity', { Condition: { NullIfExists: { 'aws:a': 'true' } } }, SYNTAX],
  ['identity', { Condition: { StringEquals: 'aws:a' } }, SYNTAX],
  ['identity', { Condition: { StringEquals: { 'aws:a': { b: 'c' } } } }, SYNTAX],
  ['identity', { Condition: { StringEquals: { username: 'x' } } }, VENDOR],
  ['resource', { Condition: { StringEqual: { 'aws:a': 'x' } } }, 'Invalid Condition type : StringEqual.'],
  // resource policies
  ['resource', { Principal: undefined }, 'Missing required field Principal'],
  ['resource', { Principal: {} }, 'Missing required field Principal cannot be empty!'],
  ['resource', { Principal: 'bob' }, 'Invalid principal in policy: bob'],
  ['resource', { Principal: { User: 'bob' } }, 'Invalid principal in policy: "User"'],
  ['resource', { Principal: { AWS: 'bob' } }, principal('AWS', 'bob')],
  ['resource', { NotPrincipal: { AWS: '123456789012' } }, SYNTAX],
  ['resource', { Effect: undefined }, 'Missing required field Effect'],
  ['resource', { Effect: 'Permit' }, 'Invalid effect: Permit'],
  ['resource', { Action: undefined }, 'Missing required field Action'],
  ['resource', { Resource: undefined }, 'Missing required field Resource'],
  // trust policies
  ['trust', { Principal: undefined }, 'Missing required field Principal'],
  ['trust', { Principal: {} }, 'Missing required field Principal cannot be empty!'],
  ['trust', { Principal: undefined, NotPrincipal: '*' }, 'Has prohibited field NotPrincipal'],
  ['trust', { _comment: 'mine' }, 'Unknown field _comment'],
  ['trust', { Resource: '*' }, 'Has prohibited field Resource'],
  ['trust', { NotResource: '*' }, 'Has prohibited field NotResource'],
  ['trust', { Effect: undefined }, 'Missing required field Effect'],
  ['trust', { Action: undefined }, 'Missing required field Action'],
  ['trust', { Action: 'iam:PassRole' }, TRUST_ACTION],
  ['trust', { Action: 'sts:GetCallerIdentity' }, TRUST_ACTION],
  ['trust', { Action: 'sts:AssumeRoleWithWebIdendity' }, TRUST_ACTION],
  ['trust', { Action: ['sts:AssumeRole', 's3:*'] }, TRUST_ACTION],
  [
    'trust',
    { Principal: { AWS: 'arn:aws:iam::123456789012:user/*' } },
    principal('AWS', 'arn:aws:iam::123456789012:user/*'),
  ],
  [
    'trust',
    { Principal: { AWS: 'arn:aws:iam::123456789012:group/g' } },
    principal('AWS', 'arn:aws:iam::123456789012:group/g'),
  ],
  ['trust', { Principal: { AWS: 'arn:aws:iam::1:root' } }, principal('AWS', 'arn:aws:iam::1:root')],
  ['trust', { Principal: { AWS: '12345' } }, principal('AWS', '12345')],
  ['trust', { Principal: { Service: 'lambda' } }, principal('SERVICE', 'lambda')],
  ['trust', { Principal: { Service: 'lambda.amazonaws.com ' } }, principal('SERVICE', 'lambda.amazonaws.com ')],
  ['trust', { Principal: { Service: 'lambda.*' } }, principal('SERVICE', 'lambda.*')],
  [
    'trust',
    { Principal: { Federated: 'google' } },
    'Federated principals must be valid domain names or SAML metadata ARNs',
  ],
];

/** Unknown names of a known form are no fault: services get new actions, keys and resources all the time. */
const TAKEN: readonly (readonly [PolicyKind, Change])[] = [
  ['identity', { Action: 'sqs:SendMesage' }],
  ['identity', { Action: 'no-such-service:Do*' }],
  ['identity', { Action: 'SQS:sendmessage' }],
  ['identity', { Action: '*:*' }],
  ['identity', { Resource: 'arn:*:sqs:*:*:q' }],
  ['identity', { Resource: 'arn:aws:sqs:*' }],
  ['identity', { Resource: 'arn:aws:nothing:here::at-all' }],
  ['identity', { Resource: 'arn:aws:kms:*:${aws:PrincipalAccount}:key/*' }],
  ['identity', { Resource: 'arn:aws:s3:::${aws:username}/*' }],
  ['identity', { Resource: 'arn:aws:s3:us-east-1:123456789012:accesspoint/a' }],
  ['identity', { Sid: '' }],
  ['identity', { Condition: {} }],
  ['identity', { Condition: { DateLessThan: { 'aws:CurrentTime': 'soon' } } }],
  ['identity', { Condition: { IpAddress: { 'aws:SourceIp': 'nowhere' } } }],
  ['identity', { Condition: { Null: { 'aws:a': false }, NumericEquals: { 'aws:b': [1, 2] } } }],
  ['identity', { Condition: { 'foranyvalue:stringlikeifexists': { 'no:such': 'x' } } }],
  ['resource', { Sid: 'any text, even this' }],
  ['resource', { Principal: { AWS: ['*', 'AIDAJQABLZS4A3QDU576Q'], Service: 's3.amazonaws.com' } }],
  ['trust', { Action: 'sts:*' }],
  ['trust', { Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity', 'sts:SetContext'] }],
  ['trust', { Principal: { Federated: 'cognito-identity.amazonaws.com' }, Action: 'sts:AssumeRoleWithWebIdentity' }],
  [
    'trust',
    { Principal: { Federated: 'arn:aws:iam::123456789012:saml-provider/adfs' }, Action: 'sts:AssumeRoleWithSAML' },
  ],
  ['trust', { Principal: { Federated: 'arn:aws:iam::123456789012:oidc-provider/id.example.com/a' } }],
  ['trust', { Principal: { Service: ['ec2.amazonaws.com', 'states.us-east-1.amazonaws.com'] } }],
];

test('what IAM refuses, and in which words', () => {
  for (const [kind, change, message] of REFUSED) {
    const text = documentOf(kind, change);
    assert.throws(() => parsePolicy(text, kind), { code: 'MalformedPolicyDocument', message }, `${kind} ${text}`);
  }
});

test('what looks wrong and is taken', () => {
  for (const [kind, change] of TAKEN) {
    const text = documentOf(kind, change);
    assert.doesNotThrow(() => parsePolicy(text, kind), `${kind} ${text}`);
  }
});

test('faults of the whole document', () => {
  const identity = GOOD.identity;
  const whole: readonly (readonly [string, string])[] = [
    ['', SYNTAX],
    ['"policy"', SYNTAX],
    ['{}', SYNTAX],
    ['{"Version":"2012-10-17"}', SYNTAX],
    ['{"Version":"2012-10-17","Statement":[]}', SYNTAX],
    [JSON.stringify({ Version: '2012-10-17', Statement: identity, Name: 'x' }), SYNTAX],
    [JSON.stringify({ version: '2012-10-17', Statement: identity }), SYNTAX],
    [
      JSON.stringify({ Version: '2012-10-18', Statement: identity }),
      'Policy document must be version 2012-10-17 or greater.',
    ],
    [
      JSON.stringify({ Version: 20121017, Statement: identity }),
      'Policy document must be version 2012-10-17 or greater.',
    ],
    [
      JSON.stringify({
        Statement: [
          { ...identity, Sid: 'A' },
          { ...identity, Sid: 'A' },
        ],
      }),
      'Statement IDs (SID) in a single policy must be unique.',
    ],
    ['{"Statement":{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}}', SYNTAX],
    [`${JSON.stringify({ Statement: identity })},`, SYNTAX],
  ];
  assert.throws(() => parsePolicy('{"statement":[]}', 'trust'), { message: 'Unknown field statement' });
  for (const [text, message] of whole) {
    assert.throws(() => parsePolicy(text, 'identity'), { code: 'MalformedPolicyDocument', message }, text);
  }
  const empty = [
    { ...identity, Sid: '' },
    { ...identity, Sid: '' },
  ];
  assert.doesNotThrow(() => parsePolicy(JSON.stringify({ Statement: empty }), 'identity'));
});
