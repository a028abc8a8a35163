import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceModel } from '#platform/model/schema.ts';
import { summaryOf } from '#platform/model/summary.ts';
import { RegisteredService, Registry } from '#platform/registry.ts';
import type { CallScope } from '#platform/service.ts';
import { notesEntry, notesService, tinyCloud } from '#platform/tiny-cloud.fixture.ts';

const model: ServiceModel = {
  metadata: { serviceId: 'Notes', apiVersion: '1', endpointPrefix: 'notes', protocols: ['json'] },
  operations: Object.fromEntries(['Put', 'Get', 'Remove', 'Stop'].map((name) => [name, { name }])),
  shapes: {},
  authorization: {
    prefix: 'paper',
    actions: {
      Put: { access: 'Write', resources: {}, conditionKeys: [] },
      Get: { access: 'Read', resources: {}, conditionKeys: [] },
      Remove: { access: 'List', resources: {}, conditionKeys: [] },
    },
    resources: {},
    conditionKeys: {},
  },
};

// These actions ask for nothing of it.
const ANY_CALL = {} as CallScope;

const declaration = () => {
  const service = notesService();
  const { access: _, ...put } = service.operations.Put;
  return { ...service, operations: { ...service.operations, Put: put } };
};
const registered = (onLoad: () => void = () => {}): RegisteredService =>
  new RegisteredService(
    notesEntry(declaration()),
    {
      summary: summaryOf(model),
      load: () => {
        onLoad();
        return model;
      },
    },
    () => () => {},
  );

test('an operation is what the model and the declaration say together', async () => {
  const service = registered();
  await service.load();
  const put = service.operation('Put');
  assert.deepEqual(put?.actions({}, ANY_CALL), ['paper:Put']);
  assert.equal(put.isReadOnly, false);
  assert.equal(put.isManagement, true);
  assert.equal(service.operation('Get')?.isReadOnly, true);
  assert.equal(service.operation('Get')?.isManagement, false);
  assert.equal(service.operation('Put'), put);
  // In the model but not handled; handled but not in the model; in neither, however it is named.
  for (const name of ['Stop', 'Twice', 'Nothing', 'constructor', '__proto__', 'toString']) {
    assert.equal(service.operation(name), undefined, name);
  }
});

test('an internal operation is one of the model under permissions of its own, and nobody reaches it by its name', async () => {
  const handler = (): object => ({});
  const own = { as: 'Put', handler, resource: () => '*', action: 'paper:Copy' } as const;
  const service = new RegisteredService(
    notesEntry({ ...declaration(), internal: { Copy: own } }),
    { summary: summaryOf(model), load: () => model },
    () => () => {},
  );
  await service.load();
  const copy = service.internal('Copy');
  assert.equal(copy?.name, 'Put');
  assert.deepEqual(copy.actions({}, ANY_CALL), ['paper:Copy']);
  assert.deepEqual(service.operation('Put')?.actions({}, ANY_CALL), ['paper:Put']);
  assert.equal(service.operation('Copy'), undefined);
  for (const name of ['Put', 'constructor', 'toString']) assert.equal(service.internal(name), undefined, name);
});

test('a token member and declared actions are found', async (t) => {
  const service = tinyCloud(t).cloud.registry.service('notes');
  await service?.load();
  assert.equal(service?.operation('Put')?.tokenMember, 'Token');
  const several = new RegisteredService(
    notesEntry({
      ...notesService(),
      operations: { Put: { handler: () => ({}), resource: () => '*', action: ['a:B', 'c:D'] } },
    }),
    { summary: summaryOf(model), load: () => model },
    () => () => {},
  );
  await several.load();
  assert.deepEqual(several.operation('Put')?.actions({}, ANY_CALL), ['a:B', 'c:D']);
});

test('a service is found by name and by the service of its ARNs without its model, which is read when an operation is asked for', async () => {
  let loads = 0;
  const service = registered(() => loads++);
  const registry = new Registry([service]);
  assert.equal(registry.service('notes'), service);
  assert.equal(loads, 0);
  assert.equal(registry.byArnService('paper'), service);
  assert.equal(registry.byArnService('paper'), service);
  assert.equal(registry.byArnService('notes'), service);
  assert.equal(registry.byArnService('sqs'), undefined);
  assert.equal(service.signingName, 'notes');
  assert.equal(loads, 0);
  await service.load();
  assert.equal(loads, 0);
  assert.ok(service.operation('Put'));
  assert.equal(loads, 1);
  assert.throws(() => new Registry([service, registered()]), /registered twice/);
});
