/** ReplicateKey and UpdatePrimaryRegion: the operations that work in two regions. related.ts says how they keep in step. */
import type { AuditedElsewhere, AuditedScope } from '#platform/audit/record.ts';
import { formatArn } from '#platform/base/arn.ts';
import type { Region } from '#platform/base/ids.ts';
import type * as Model from '#platform/model/generated/kms.ts';
import type { Call, CallScope, Output, Permission } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Transaction } from '#platform/store/store.ts';
import { tagsOf } from '#platform/tags.ts';
import { fail } from '#services/kms/errors.ts';
import { keyOf, ownKey } from '#services/kms/identify.ts';
import { checkState } from '#services/kms/keys/key-states.ts';
import { checkKeyQuota, writeKey } from '#services/kms/keys/keys.ts';
import { metadataOf } from '#services/kms/keys/metadata.ts';
import { findKey, type KeyPolicy, type OpenKey, putKey } from '#services/kms/keys/open-key.ts';
import { addTags, tagList } from '#services/kms/keys/tags.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { checkedPolicy, putPolicy } from '#services/kms/policies/policies.ts';
import {
  forgetReplica,
  noteUntold,
  relatedRegions,
  share,
  tellAll,
  withReplicas,
} from '#services/kms/replicas/related.ts';
import { armRotation } from '#services/kms/rotation/schedule.ts';
import type { KeyRow, Related } from '#services/kms/state.ts';

/** The key's replication, and the making of a key in the other region. */
export function replicatePermissions(input: Model.ReplicateKeyRequest, scope: CallScope): Permission[] {
  const needed = [
    { action: 'kms:ReplicateKey', resource: ownKey.resource(input, scope) },
    { action: 'kms:CreateKey', resource: '*' },
  ];
  return input.Tags?.length ? [...needed, { action: 'kms:TagResource', resource: '*' }] : needed;
}

/** On the old primary key and on the new one. */
export function primaryPermissions(input: Model.UpdatePrimaryRegionRequest, scope: CallScope): Permission[] {
  const here = ownKey.resource(input, scope);
  const there = here.replace(`:${scope.region}:`, `:${input.PrimaryRegion}:`);
  return [here, there].map((resource) => ({ action: 'kms:UpdatePrimaryRegion', resource }));
}

/** "A ReplicateKey request results in a ReplicateKey operation and a CreateKey operation": the one where the replica is. */
export function createdReplica(input: Model.ReplicateKeyRequest, { ReplicaKeyMetadata }: Output): AuditedElsewhere {
  // ReplicateKey's output.
  const made = ReplicaKeyMetadata as Model.KeyMetadata;
  const { ReplicaRegion, KeyId: _, ...given } = input;
  const { KeySpec, KeyUsage, Origin } = made;
  return {
    region: ReplicaRegion as Region, // there is one, or the call would have failed
    operation: 'CreateKey',
    input: { ...given, KeySpec, KeyUsage, Origin, MultiRegion: true },
    output: { KeyMetadata: made },
    resource: made.Arn ?? '',
  };
}

/** "… one in the Region with a multi-Region replica key that is converted to a primary key", which does not name the one before. */
export function newPrimary(
  { PrimaryRegion }: Model.UpdatePrimaryRegionRequest,
  _output: Output,
  { auditedResources: [before] }: AuditedScope,
): AuditedElsewhere {
  const [arn, partition, service, , ...rest] = before?.ARN.split(':') ?? [];
  const resource = [arn, partition, service, PrimaryRegion, ...rest].join(':');
  return {
    region: PrimaryRegion as Region, // there is one, or the call would have failed
    operation: 'UpdatePrimaryRegion',
    input: { KeyId: resource, PrimaryRegion },
    output: {},
    resource,
  };
}

interface Primary extends OpenKey {
  readonly row: KeyRow & { readonly related: Related };
}

function primaryOf(call: Call, keyId: string): Primary {
  const key = call.partition.read((tx) => keyOf(tx, call, keyId));
  const { related } = key.row;
  if (related === undefined || related.primary !== call.region) return fail('NotPrimary', key.arn);
  return { ...key, row: { ...key.row, related } };
}

export async function replicateKey(
  parts: KmsParts,
  input: Model.ReplicateKeyRequest,
  call: Call,
): Promise<Model.ReplicateKeyResponse> {
  const key = primaryOf(call, input.KeyId);
  const region = regionNamed(parts, input.ReplicaRegion);
  if (key.row.origin === 'AWS_KMS') checkState(key, 'rotate');
  else checkState(key, 'change');
  const arn = formatArn('kms', region, call.account, `key/${key.row.id}`);
  if (relatedRegions(key.row.related).includes(region)) fail('ReplicaExists', arn);
  const policy = checkedPolicy(parts, input, arn, call);
  const { id } = key.row;
  // The primary lists the replica before it is there: what is cut short in between is put right when the note is worked off.
  call.transact((tx) => {
    addReplica(tx, id, region);
    noteUntold(tx, id, [region], call.now);
  });
  await call.partition.durable();
  const answer = await writeReplica(parts, input, call, key, region, policy);
  await again(() =>
    call.transact((tx) => {
      const { related } = addReplica(tx, id, region);
      noteUntold(tx, id, related ? relatedRegions(related).filter((each) => each !== call.region) : [], call.now);
    }),
  );
  await Promise.all([parts.partitionOf(call.account, region).durable(), call.partition.durable()]);
  await tellAll(parts, call.partition, id, call.now);
  return answer;
}

function addReplica(tx: Transaction, id: string, region: Region): KeyRow {
  const { row } = findKey(tx, id) ?? fail('KeyNotFound', id);
  if (row.related === undefined || row.related.replicas.includes(region)) return row;
  const changed = { ...row, related: withReplicas(row.related, [...row.related.replicas, region]) };
  putKey(tx, changed);
  return changed;
}

async function writeReplica(
  parts: KmsParts,
  input: Model.ReplicateKeyRequest,
  call: Call,
  key: Primary,
  region: Region,
  policy: KeyPolicy,
): Promise<Model.ReplicateKeyResponse> {
  const { deletionAt: _, pendingWindowDays: __, rotation: ___, currentMaterial: ____, ...shared } = key.row;
  const isImported = key.row.origin === 'EXTERNAL';
  try {
    const write = (tx: Transaction): Model.ReplicateKeyResponse => {
      if (findKey(tx, key.row.id) !== undefined)
        fail('ReplicaExists', formatArn('kms', region, call.account, `key/${key.row.id}`));
      checkKeyQuota(tx, call);
      const row: KeyRow = {
        ...shared,
        createdAt: call.now,
        description: input.Description ?? '',
        state: isImported ? 'PendingImport' : 'Enabled',
        related: withReplicas(key.row.related, [...key.row.related.replicas, region]),
      };
      const { arn } = writeKey(parts, tx, call, row, undefined);
      share(parts, tx, findKey(tx, row.id) ?? fail('KeyNotFound', arn), key, call.partition, call.now);
      putPolicy(tx, row.id, policy);
      addTags(tx, arn, input.Tags);
      return {
        ReplicaKeyMetadata: metadataOf(findKey(tx, row.id) ?? fail('KeyNotFound', arn), call.account, region),
        ReplicaPolicy: policy.text,
        ReplicaTags: tagList(tagsOf(tx, arn)),
      };
    };
    return await again(() => parts.partitionOf(call.account, region).transact(write));
  } catch (error) {
    await again(() =>
      call.transact((tx) => {
        const primary = findKey(tx, key.row.id);
        if (primary) forgetReplica(tx, primary, region, call.now);
      }),
    );
    throw error;
  }
}

export async function updatePrimaryRegion(
  parts: KmsParts,
  input: Model.UpdatePrimaryRegionRequest,
  call: Call,
): Promise<void> {
  const key = primaryOf(call, input.KeyId);
  const region = regionNamed(parts, input.PrimaryRegion);
  checkState(key, 'rotate');
  const { related, id } = key.row;
  const arn = formatArn('kms', region, call.account, `key/${id}`);
  if (region === call.region) fail('Unsupported', `${key.arn} is the primary key already.`);
  if (!related.replicas.includes(region)) fail('KeyNotFound', arn);
  const replica = parts.partitionOf(call.account, region).read((tx) => findKey(tx, id)) ?? fail('KeyNotFound', arn);
  checkState(replica, 'rotate');
  const replicas = related.replicas.map((each) => (each === region ? call.region : each));
  const changed: KeyRow = { ...key.row, related: { ...withReplicas(related, replicas), primary: region } };
  call.transact((tx) => {
    putKey(tx, changed);
    armRotation(tx, id, call.now);
    noteUntold(tx, id, related.replicas, call.now);
  });
  await call.partition.durable();
  await tellAll(parts, call.partition, id, call.now);
  await Promise.all(related.replicas.map((each) => parts.partitionOf(call.account, each).durable()));
}

function regionNamed({ regions }: KmsParts, name: string): Region {
  if (!regions.includes(name)) fail('Validation', `There is no region ${name}.`);
  return name as Region; // just checked
}
