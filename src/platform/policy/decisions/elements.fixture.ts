/** Action, NotAction, Resource, NotResource and the variables in them: what one statement speaks of. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written like template strings
import { ACTION, OWN, type PAGES, QUEUE, type Row, type Statement } from '#platform/policy/decisions/row.fixture.ts';

type Line = readonly [
  page: keyof typeof PAGES,
  elements: Statement,
  action: string,
  resource: string,
  isAllowed: boolean,
];

const BUCKET = 'arn:aws:s3:::pail/2026/a:b.txt';
const ALL = '*';

const LINES: readonly Line[] = [
  ['action', { Action: '*' }, ACTION, QUEUE, true],
  ['action', { Action: 'sqs:*' }, ACTION, QUEUE, true],
  ['action', { Action: 'sqs:SendMessage' }, ACTION, QUEUE, true],
  ['action', { Action: 'SQS:sendmessage' }, ACTION, QUEUE, true],
  ['action', { Action: 'sqs:Send*' }, ACTION, QUEUE, true],
  ['action', { Action: 'sqs:*Message' }, ACTION, QUEUE, true],
  ['action', { Action: 'sqs:S??dMessage' }, ACTION, QUEUE, true],
  ['action', { Action: 'sqs:S?dMessage' }, ACTION, QUEUE, false],
  ['action', { Action: 'sqs:Send' }, ACTION, QUEUE, false],
  ['action', { Action: 'sqs:SendMessageBatch' }, ACTION, QUEUE, false],
  ['action', { Action: 's3:*' }, ACTION, QUEUE, false],
  ['action', { Action: 's*:*' }, ACTION, QUEUE, true],
  ['action', { Action: ['s3:*', 'sqs:SendMessage'] }, ACTION, QUEUE, true],
  ['action', { Action: ['s3:*', 'sqs:Get*'] }, ACTION, QUEUE, false],
  ['notAction', { NotAction: 's3:*' }, ACTION, QUEUE, true],
  ['notAction', { NotAction: 'sqs:*' }, ACTION, QUEUE, false],
  ['notAction', { NotAction: 'SQS:Send*' }, ACTION, QUEUE, false],
  ['notAction', { NotAction: ['s3:*', 'sqs:Get*'] }, ACTION, QUEUE, true],
  ['notAction', { NotAction: ['s3:*', 'sqs:Send*'] }, ACTION, QUEUE, false],
  ['notAction', { NotAction: '*' }, ACTION, QUEUE, false],

  ['resource', { Resource: ALL }, ACTION, QUEUE, true],
  ['resource', { Resource: QUEUE }, ACTION, QUEUE, true],
  ['resource', { Resource: QUEUE.toUpperCase().replace('ARN:AWS:SQS', 'arn:aws:sqs') }, ACTION, QUEUE, false],
  ['resource', { Resource: `arn:aws:sqs:us-east-1:${OWN}:*` }, ACTION, QUEUE, true],
  ['resource', { Resource: 'arn:aws:sqs:*:*:jobs' }, ACTION, QUEUE, true],
  ['resource', { Resource: 'arn:aws:sqs:*:*:job?' }, ACTION, QUEUE, true],
  ['resource', { Resource: 'arn:aws:sqs:us-*-1:*:jobs' }, ACTION, QUEUE, true],
  ['resource', { Resource: 'arn:aws:sqs:eu-*:*:jobs' }, ACTION, QUEUE, false],
  ['resource', { Resource: 'arn:aws:sqs:*' }, ACTION, QUEUE, true],
  ['resource', { Resource: 'arn:*:sqs:*:*:jobs' }, ACTION, QUEUE, true],
  ['resource', { Resource: 'arn:aws:sqs:*:*:job' }, ACTION, QUEUE, false],
  ['resource', { Resource: 'arn:aws:s3:::pail' }, 's3:GetObject', BUCKET, false],
  ['resource', { Resource: 'arn:aws:s3:::pail/*' }, 's3:GetObject', BUCKET, true],
  ['resource', { Resource: 'arn:aws:s3:::pail/*.txt' }, 's3:GetObject', BUCKET, true],
  ['resource', { Resource: 'arn:aws:s3:::p*/a:b.txt' }, 's3:GetObject', BUCKET, true],
  ['resource', { Resource: 'arn:aws:s3:::pail/????/a*' }, 's3:GetObject', BUCKET, true],
  ['resource', { Resource: 'arn:aws:s3:::pail/*.jpg' }, 's3:GetObject', BUCKET, false],
  ['resource', { Resource: ['arn:aws:s3:::pail/*', QUEUE] }, ACTION, QUEUE, true],
  ['notResource', { NotResource: QUEUE }, ACTION, QUEUE, false],
  ['notResource', { NotResource: 'arn:aws:sqs:*:*:others' }, ACTION, QUEUE, true],
  ['notResource', { NotResource: ['arn:aws:sqs:*:*:others', 'arn:aws:sqs:*:*:j*'] }, ACTION, QUEUE, false],
  ['notResource', { NotResource: 'arn:aws:s3:::pail/*' }, 's3:GetObject', BUCKET, false],

  ['variables', { Resource: 'arn:aws:s3:::pail/${aws:username}/*' }, 's3:GetObject', 'arn:aws:s3:::pail/bob/x', true],
  ['variables', { Resource: 'arn:aws:s3:::pail/${aws:username}/*' }, 's3:GetObject', 'arn:aws:s3:::pail/eve/x', false],
  ['variables', { Resource: 'arn:aws:s3:::pail/${AWS:UserName}/*' }, 's3:GetObject', 'arn:aws:s3:::pail/bob/x', true],
  ['variables', { Resource: 'arn:aws:s3:::pail/${test:star}' }, 's3:GetObject', 'arn:aws:s3:::pail/anything', false],
  ['variables', { Resource: 'arn:aws:s3:::pail/${test:star}' }, 's3:GetObject', 'arn:aws:s3:::pail/*', true],
  ['variables', { Resource: 'arn:aws:s3:::pail/${test:absent}*' }, 's3:GetObject', 'arn:aws:s3:::pail/x', false],
  ['variables', { Resource: "arn:aws:s3:::pail/${test:absent, 'all'}" }, 's3:GetObject', 'arn:aws:s3:::pail/all', true],
  [
    'variables',
    { Resource: "arn:aws:s3:::pail/${aws:username, 'all'}" },
    's3:GetObject',
    'arn:aws:s3:::pail/all',
    false,
  ],
  ['variables', { Resource: 'arn:aws:s3:::pail/${*}' }, 's3:GetObject', 'arn:aws:s3:::pail/x', false],
  ['variables', { Resource: 'arn:aws:s3:::pail/${*}' }, 's3:GetObject', 'arn:aws:s3:::pail/*', true],
  ['variables', { Resource: 'arn:aws:s3:::pail/${?}' }, 's3:GetObject', 'arn:aws:s3:::pail/?', true],
  ['variables', { Resource: 'arn:aws:s3:::pail/${$}{a}' }, 's3:GetObject', 'arn:aws:s3:::pail/${a}', true],
  [
    'variables',
    { NotResource: 'arn:aws:s3:::pail/${aws:username}/*' },
    's3:GetObject',
    'arn:aws:s3:::pail/eve/x',
    true,
  ],
];

export const elementRows: readonly Row[] = LINES.map(([page, elements, action, resource, isAllowed]) => {
  const named = 'Action' in elements || 'NotAction' in elements ? { Resource: ALL } : { Action: '*' };
  return {
    rule: JSON.stringify(elements),
    page,
    who: 'bob',
    action,
    resource,
    identity: { Effect: 'Allow', ...named, ...elements },
    keys: { 'aws:username': 'bob', 'test:star': '*' },
    outcome: isAllowed ? 'allowed' : 'not allowed by identity',
  };
});
