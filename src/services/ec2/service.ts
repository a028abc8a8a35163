/**
 * Amazon EC2. A folder for each resource; what all share stands beside this file: ids and ARNs (resources.ts), filters and pages
 * of describe operations, DryRun, tags (tags/), which the platform keeps under a resource's ARN.
 *
 * Order of reading: resources.ts, filters.ts, then key-pairs/ as an example of a noun.
 */

import type * as Model from '#platform/model/generated/ec2.ts';
import { type CallScope, defineService, type Handlers } from '#platform/service.ts';
import { keepAddresses } from '#services/ec2/addresses/keep.ts';
import { withDryRun } from '#services/ec2/dry-run.ts';
import { facts } from '#services/ec2/facts.ts';
import { inRegion } from '#services/ec2/in-region.ts';
import { LINKED_ROLE_WORK, makeLinkedRole } from '#services/ec2/instance-connect-endpoints/linked-role.ts';
import { instanceOperations } from '#services/ec2/instance-operations.ts';
import { instanceReconciler } from '#services/ec2/instances/reconcile.ts';
import { instanceTimers } from '#services/ec2/instances/transition.ts';
import {
  createKeyPair,
  deletedArn,
  deletedConditions,
  deleteKeyPair,
  describeKeyPairs,
  importKeyPair,
  keyPairArn,
} from '#services/ec2/key-pairs/key-pairs.ts';
import { type IdentityKeys, identityCertificate, openIdentityKeys } from '#services/ec2/metadata/identity-key.ts';
import { metadataService } from '#services/ec2/metadata/metadata-service.ts';
import { networkOperations } from '#services/ec2/network-operations.ts';
import { notImplemented } from '#services/ec2/not-implemented.ts';
import { type Ec2Given, type Ec2Parts, ec2Parts } from '#services/ec2/parts.ts';
import { describeAvailabilityZones, describeRegions } from '#services/ec2/regions/regions.ts';
import { storageReconciler } from '#services/ec2/storage/keeper.ts';
import { storageOperations } from '#services/ec2/storage-operations.ts';
import { permissionToTag, taggedConditions } from '#services/ec2/tags/tag-specifications.ts';
import { createTags, deleteTags, describeTags, tagConditions, taggedArns } from '#services/ec2/tags/tags.ts';

const anything = { resource: () => '*' } as const;

const keyPairOperations = () => {
  const newPair = ({ KeyName }: { readonly KeyName: string }, scope: CallScope) => keyPairArn(KeyName, scope);
  return {
    CreateKeyPair: {
      handler: createKeyPair,
      resource: newPair,
      steps: true,
      conditions: (input: Model.CreateKeyPairRequest, scope: CallScope) => ({
        ...inRegion(input, scope),
        ...taggedConditions(input),
        'ec2:keypairtype': input.KeyType ?? 'rsa',
      }),
      further: (input: Model.CreateKeyPairRequest, scope: CallScope) =>
        permissionToTag('CreateKeyPair', newPair(input, scope), input),
    },
    ImportKeyPair: {
      handler: importKeyPair,
      resource: newPair,
      conditions: (input: Model.ImportKeyPairRequest, scope: CallScope) => ({
        ...inRegion(input, scope),
        ...taggedConditions(input),
      }),
      further: (input: Model.ImportKeyPairRequest, scope: CallScope) =>
        permissionToTag('ImportKeyPair', newPair(input, scope), input),
    },
    DeleteKeyPair: {
      handler: deleteKeyPair,
      resource: deletedArn,
      conditions: (input: Model.DeleteKeyPairRequest, scope: CallScope) => ({
        ...inRegion(input, scope),
        ...deletedConditions(input, scope),
      }),
    },
    DescribeKeyPairs: { handler: describeKeyPairs, ...anything, conditions: inRegion },
  } as const;
};

const tagOperations = (parts: Ec2Parts) => {
  const tagging = {
    resource: taggedArns,
    conditions: (input: Parameters<typeof tagConditions>[0], scope: CallScope) => ({
      ...inRegion(input, scope),
      ...tagConditions(input),
    }),
  } as const;
  return {
    CreateTags: { handler: createTags, ...tagging },
    DeleteTags: { handler: deleteTags, ...tagging },
    DescribeTags: { handler: describeTags(parts), ...anything, conditions: inRegion },
  } as const;
};

export function ec2(given: Ec2Given) {
  const parts = ec2Parts(given);
  const keys = openIdentityKeys(parts);
  attend(parts, keys);
  return declared(parts, keys);
}

/** What guests ask of the network itself. */
function attend(parts: Ec2Parts, keys: IdentityKeys): void {
  parts.host?.networks.attend({
    metadata: metadataService(parts, keys),
    resolve: (vpc, name) => parts.networks?.resolve(vpc, name),
  });
}

const declared = (parts: Ec2Parts, keys: IdentityKeys) =>
  defineService({
    auditTimes: 'milliseconds',
    defaults: { event: 'management', usage: 'Requests' },
    operations: withDryRun({
      DescribeRegions: { handler: describeRegions(parts), ...anything, conditions: inRegion },
      DescribeAvailabilityZones: { handler: describeAvailabilityZones, ...anything, conditions: inRegion },
      ...keyPairOperations(),
      ...tagOperations(parts),
      ...instanceOperations(parts),
      ...networkOperations(parts),
      ...storageOperations(parts),
    } satisfies Handlers<Model.Ec2Operations, typeof notImplemented>),
    notImplemented,
    ...facts,
    encodedRefusals: true,
    documents: identityCertificate(parts, keys),
    timers: instanceTimers(parts),
    work: { [LINKED_ROLE_WORK]: makeLinkedRole(parts) },
    reconcilers: {
      addresses: keepAddresses(parts),
      ...(parts.host && { instances: instanceReconciler(parts, parts.host) }),
      ...(parts.host && { storage: storageReconciler(parts, parts.host) }),
      ...(parts.networks && { networks: parts.networks.reconcile }),
    },
  });
