import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceModel } from '#platform/model/schema.ts';
import { parsePolicy } from '#platform/policy/parse.ts';
import type { Principal } from '#platform/principal.ts';
import { RegisteredService, Registry } from '#platform/registry.ts';
import { setTags } from '#platform/tags.ts';
import {
  noteArn,
  notes,
  notesEntry,
  notesService,
  OTHER,
  OWN,
  type TinyCloud,
  tinyCloud,
} from '#platform/tiny-cloud.fixture.ts';

const policy = (Statement: object) => parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement }), 'identity');
const allowed = async (tiny: TinyCloud, name: string, as?: Principal): Promise<boolean> => {
  try {
    await tiny.call('Get', { Name: name }, as);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'AccessDenied') return false;
    throw error;
  }
};
const put = (tiny: TinyCloud, name: string, resourcePolicy?: object): void =>
  tiny.partition.transact((tx) =>
    tx.put(notes, notes.key(name), { body: '', ...(resourcePolicy && { policy: JSON.stringify(resourcePolicy) }) }),
  );

test('tags of the resource decide where a policy asks for them, as they are at that moment', async (t) => {
  const tiny = tinyCloud(t);
  put(tiny, 'a');
  const Condition = { StringEquals: { 'aws:ResourceTag/team': 'blue' } };
  tiny.policies = { identity: [policy({ Effect: 'Allow', Action: 'notes:*', Resource: '*', Condition })] };
  assert.equal(await allowed(tiny, 'a'), false);
  tiny.partition.transact((tx) => setTags(tx, noteArn('a'), { team: 'blue' }));
  assert.equal(await allowed(tiny, 'a'), true);
  tiny.partition.transact((tx) => setTags(tx, noteArn('a'), { team: 'red' }));
  assert.equal(await allowed(tiny, 'a'), false);
});

test('a service acts only for the resource and account that the resource’s policy names', async (t) => {
  const tiny = tinyCloud(t);
  const topic = `arn:aws:sns:us-east-1:${OTHER}:topic`;
  put(tiny, 'a', {
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'notes:Get',
      Resource: noteArn('a'),
      Condition: { ArnEquals: { 'aws:SourceArn': topic }, StringEquals: { 'aws:SourceAccount': OTHER } },
    },
  });
  // Whose partition it is, the message says: the principal has no account.
  const call = async (service: string, sourceArn?: string, sourceAccount?: typeof OTHER) => {
    const principal: Principal = {
      kind: 'service',
      service,
      ...(sourceArn && { sourceArn }),
      ...(sourceAccount && { sourceAccount }),
    };
    const answer = tiny.call('Get', { Owner: OWN, Name: 'a' }, principal);
    return answer.then(
      () => true,
      () => false,
    );
  };
  assert.equal(await call('sns.amazonaws.com', topic, OTHER), true);
  assert.equal(await call('sns.amazonaws.com', `${topic}-2`, OTHER), false);
  assert.equal(await call('sns.amazonaws.com', topic, OWN as typeof OTHER), false);
  assert.equal(await call('sns.amazonaws.com'), false);
  assert.equal(await call('s3.amazonaws.com', topic, OTHER), false);
});

test('a policy of the resource can deny what the caller’s own allow, from the next call on', async (t) => {
  const tiny = tinyCloud(t);
  put(tiny, 'a');
  assert.equal(await allowed(tiny, 'a'), true);
  put(tiny, 'a', {
    Version: '2012-10-17',
    Statement: { Effect: 'Deny', Principal: '*', Action: 'notes:Get', Resource: noteArn('a') },
  });
  assert.equal(await allowed(tiny, 'a'), false);
  put(tiny, 'a');
  assert.equal(await allowed(tiny, 'a'), true);
});

test('who hands a role on to a service needs iam:PassRole on it, for that service', async (t) => {
  const tiny = tinyCloud(t);
  const Role = `arn:aws:iam::${OWN}:role/writer`;
  const may = async (...statements: object[]): Promise<boolean> => {
    tiny.policies = { identity: [policy([{ Effect: 'Allow', Action: 'notes:*', Resource: '*' }, ...statements])] };
    return tiny.call('Assign', { Name: 'a', Role }).then(
      () => true,
      (error: Error) => {
        assert.match(error.message, /not authorized to perform: iam:PassRole on resource: .*:role\/writer/);
        return false;
      },
    );
  };
  const pass = { Effect: 'Allow', Action: 'iam:PassRole', Resource: Role };
  const to = (service: string) => ({ StringEquals: { 'iam:PassedToService': service } });
  assert.equal(await may(), false);
  assert.equal(await may(pass), true);
  assert.equal(await may({ ...pass, Resource: `${Role}-2` }), false);
  assert.equal(await may({ ...pass, Condition: to('notes.amazonaws.com') }), true);
  assert.equal(await may({ ...pass, Condition: to('lambda.amazonaws.com') }), false);
  const associated = (name: string) => ({ ArnEquals: { 'iam:AssociatedResourceARN': noteArn(name) } });
  assert.equal(await may({ ...pass, Condition: associated('a') }), true);
  assert.equal(await may({ ...pass, Condition: associated('b') }), false);
  assert.equal(await may(pass, { ...pass, Effect: 'Deny', Condition: to('notes.amazonaws.com') }), false);
  // Without a role there is nothing to pass; another account's can't be passed.
  tiny.policies = { identity: [policy({ Effect: 'Allow', Action: 'notes:*', Resource: '*' })] };
  await tiny.call('Assign', { Name: 'a' });
  tiny.policies = { identity: [policy({ Effect: 'Allow', Action: '*', Resource: '*' })] };
  const foreign = { Name: 'a', Role: `arn:aws:iam::${OTHER}:role/writer` };
  await assert.rejects(tiny.call('Assign', foreign), { code: 'AccessDenied' });
});

test('a resource of a service that is not loaded is judged when it is', async (t) => {
  const tiny = tinyCloud(t);
  tiny.policies = { identity: [policy({ Effect: 'Allow', Action: '*', Resource: '*' })] };
  let loads = 0;
  let failure: Error | undefined = new Error('the file is gone');
  const roles = new RegisteredService(
    {
      ...notesEntry(),
      name: 'iam',
      scope: 'global',
      load: async () => {
        loads++;
        if (failure !== undefined) throw failure;
        return notesService();
      },
    },
    { summary: { metadata: MODEL.metadata }, load: () => MODEL },
    () => () => {},
  );
  const notesAlone = tiny.cloud.registry.services;
  Object.assign(tiny.cloud, { registry: new Registry([...notesAlone, roles]) });
  const assign = () => tiny.call('Assign', { Name: 'a', Role: `arn:aws:iam::${OWN}:role/writer` });
  await assert.rejects(assign(), { code: 'InternalFailure' });
  failure = undefined;
  await Promise.all([assign(), assign(), assign()]);
  await assign();
  assert.equal(loads, 2);
  // An account that does not exist makes nobody load anything.
  const unknown = { Name: 'a', Role: 'arn:aws:iam::999999999999:role/writer' };
  await assert.rejects(tiny.call('Assign', unknown), { code: 'AccessDenied' });
});

const MODEL: ServiceModel = {
  metadata: { serviceId: 'IAM', apiVersion: '1', endpointPrefix: 'iam', protocols: ['query'] },
  operations: {},
  shapes: {},
};
