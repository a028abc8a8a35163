/**
 * AWS managed keys: `alias/aws/<service>`, one for a service in an account and region, made when the service first needs it or
 * somebody describes its alias. Its policy lets whoever may use the service use the key, through the service alone; nobody
 * changes it, and it is rotated every year.
 */

import { days } from '#platform/base/clock.ts';
import { uuid } from '#platform/base/ids.ts';
import type { Call } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { writeAlias } from '#services/kms/aliases/aliases.ts';
import { writeKey } from '#services/kms/keys/keys.ts';
import { aliasTarget } from '#services/kms/keys/open-key.ts';
import { MANAGED_SERVICES, type ManagedService } from '#services/kms/managed/services.ts';
import { generateMaterial } from '#services/kms/material/generate.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { putPolicy } from '#services/kms/policies/policies.ts';
import { DEFAULT_PERIOD_DAYS } from '#services/kms/rotation/rotation.ts';
import { recordServiceEvent } from '#services/kms/service-events.ts';
import { SPECS } from '#services/kms/specs.ts';

type Place = Pick<Call, 'account' | 'region' | 'now'>;

/** The key's id. */
export function ensureManagedKey(parts: KmsParts, tx: Transaction, place: Place, service: string): string {
  const alias = `alias/aws/${service}`;
  const existing = aliasTarget(tx, alias);
  if (existing !== undefined) return existing;
  const managed = MANAGED_SERVICES[service];
  if (managed === undefined) throw new Error(`${service} has no key of its own`);
  const secret = generateMaterial(SPECS.SYMMETRIC_DEFAULT.make);
  if (secret instanceof Promise) throw new Error('symmetric material is made at once');
  const { now } = place;
  const key = writeKey(
    parts,
    tx,
    place,
    {
      id: uuid(),
      createdAt: now,
      description: `Default key that protects my ${managed.protects} when no other key is defined`,
      usage: 'ENCRYPT_DECRYPT',
      spec: 'SYMMETRIC_DEFAULT',
      origin: 'AWS_KMS',
      manager: 'AWS',
      state: 'Enabled',
      rotation: { periodDays: DEFAULT_PERIOD_DAYS, nextAt: now + days(DEFAULT_PERIOD_DAYS) },
      onDemandRotations: 0,
    },
    secret,
  );
  const { id } = key.row;
  putPolicy(tx, id, { text: managedPolicy(managed, place), principals: {} });
  writeAlias(tx, alias, id, { createdAt: now, updatedAt: now });
  recordServiceEvent(tx, key, 'CreateKey', now);
  return id;
}

function managedPolicy({ title, used = title, policyId, actions, host }: ManagedService, place: Place): string {
  const { account, region } = place;
  const makesGrants = actions.includes('CreateGrant');
  return JSON.stringify(
    {
      Version: '2012-10-17',
      Id: policyId,
      Statement: [
        {
          Sid: `Allow access through ${title} for all principals in the account that are authorized to use ${used}`,
          Effect: 'Allow',
          Principal: { AWS: '*' },
          Action: actions.map((action) => `kms:${action}`),
          Resource: '*',
          Condition: {
            StringEquals: { 'kms:CallerAccount': account, 'kms:ViaService': `${host}.${region}.amazonaws.com` },
          },
        },
        {
          Sid: 'Allow direct access to key metadata to the account',
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${account}:root` },
          Action: ['kms:Describe*', 'kms:Get*', 'kms:List*', ...(makesGrants ? ['kms:RevokeGrant'] : [])],
          Resource: '*',
        },
      ],
    },
    null,
    2,
  );
}
