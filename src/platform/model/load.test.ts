import assert from 'node:assert/strict';
import { test } from 'node:test';
import { actionCatalogue } from '#platform/model/actions.ts';
import { modelLoader, packagedModelFile } from '#platform/model/load.ts';
import { loadPartition } from '#platform/model/partitions.ts';

test('a model is read when it is first asked for, and kept', () => {
  const read: string[] = [];
  const load = modelLoader((name) => {
    read.push(name);
    return packagedModelFile(name);
  });
  assert.deepEqual(read, []);
  const sqs = load('sqs');
  assert.equal(load('sqs'), sqs);
  load('sts');
  assert.deepEqual(read, ['sqs', 'sts']);
  assert.deepEqual(sqs.metadata.protocols, ['json', 'query']);
  assert.equal(sqs.shapes['QueueDoesNotExist']?.error?.code, 'AWS.SimpleQueueService.NonExistentQueue');
  assert.throws(() => load('no-such-service'), { code: 'ENOENT' });
});

test('all actions of all services', () => {
  const catalogue = actionCatalogue();
  assert.ok(catalogue.prefixes.length > 400);
  assert.ok(catalogue.has('sqs', 'SendMessage'));
  assert.ok(catalogue.has('SQS', 'sendmessage'), 'names are compared without regard to case');
  assert.ok(catalogue.has('iam', 'PassRole'), 'actions that are no operations');
  assert.ok(!catalogue.has('sqs', 'SendMesage'));
  assert.equal(catalogue.nameOf('sqs'), 'Amazon SQS');
  assert.ok(!catalogue.has('no-such-service', 'SendMessage'));
  assert.equal(catalogue.actions('no-such-service'), undefined);
  for (const prefix of ['__proto__', 'constructor', 'toString']) assert.equal(catalogue.actions(prefix), undefined);
  const load = modelLoader();
  assert.deepEqual(catalogue.actions('sqs'), Object.keys(load('sqs').authorization?.actions ?? {}).sort());
});

test('regions and their names', () => {
  const { regions, regionRegex, dnsSuffix } = loadPartition();
  assert.equal(regions['us-east-1'], 'US East (N. Virginia)');
  assert.equal(dnsSuffix, 'amazonaws.com');
  assert.ok(!('aws-global' in regions));
  for (const region of Object.keys(regions)) assert.match(region, new RegExp(regionRegex));
});
