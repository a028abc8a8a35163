import assert from 'node:assert/strict';
import { test } from 'node:test';
import { present } from '#platform/base/assert.ts';
import { modelLoader } from '#platform/model/load.ts';
import { readDocument } from '#platform/policy/document.ts';
import { checkRules } from '#services/s3/buckets/policy-rules.ts';

const BUCKET = 'arn:aws:s3:::books';
const OBJECTS = `${BUCKET}/*`;
const model = present(modelLoader()('s3').authorization, 'S3 has actions');

const check = (statement: object) => {
  const Statement = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: OBJECTS, ...statement };
  checkRules(readDocument(JSON.stringify({ Version: '2012-10-17', Statement }), 'resource'), BUCKET, model);
};
const refused = (statement: object, message: string) =>
  assert.throws(() => check(statement), { code: 'MalformedPolicy', message });

test('actions are S3’s, of buckets and objects', () => {
  for (const Action of ['s3:FetchObject', 'sqs:SendMessage', 's3:ListAllMyBuckets', 's3:CreateJob', 'sqs:*']) {
    refused({ Action }, 'Policy has invalid action');
    refused({ Action: undefined, NotAction: Action }, 'Policy has invalid action');
  }
  for (const Action of ['s3:getobject', 's3:Get*', 's3:*', '*']) check({ Action });
});

test('each action is of a resource of its statement', () => {
  const message = 'Action does not apply to any resource(s) in statement';
  refused({ Action: 's3:ListBucket' }, message);
  refused({ Action: ['s3:GetObject', 's3:ListBucket'] }, message);
  refused({ Resource: BUCKET }, message);
  refused({ Resource: BUCKET, Action: 's3:GetObject*' }, message);
  check({ Action: ['s3:GetObject', 's3:ListBucket'], Resource: [BUCKET, OBJECTS] });
  check({ Action: ['s3:GetObject', 's3:ListBucket'], Resource: `${BUCKET}*` });
  check({ Action: ['s3:GetObject', 's3:ListBucket'], Resource: undefined, NotResource: OBJECTS });
  for (const Resource of [BUCKET, OBJECTS]) check({ Action: 's3:*', Resource });
  check({ Action: undefined, NotAction: 's3:ListBucket' });
});

test('condition keys are those of the actions', () => {
  const on = (key: string) => ({ Condition: { StringEquals: { [key]: 'x' } } });
  refused(on('s3:x-amz-nothing'), 'Policy has an invalid condition key');
  const message = 'Conditions do not apply to combination of actions and resources in statement';
  refused(on('s3:prefix'), message);
  refused({ ...on('s3:x-amz-acl'), Action: ['s3:PutObject', 's3:GetObject'] }, message);
  check({ ...on('s3:x-amz-acl'), Action: ['s3:PutObject', 's3:PutObjectAcl'] });
  check({ ...on('S3:Prefix'), Action: 's3:ListBucket', Resource: BUCKET });
  check({ ...on('s3:prefix'), Action: 's3:*', Resource: BUCKET });
  for (const key of [
    's3:ExistingObjectTag/team',
    's3:DataAccessPointAccount',
    'aws:SourceVpce',
    'aws:PrincipalTag/team',
  ]) {
    check(on(key));
  }
});
