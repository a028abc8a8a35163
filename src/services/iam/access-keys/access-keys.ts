/** Access keys of users and, for the root user, of itself. */
import type * as Model from '#platform/model/generated/iam.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { Call, CallScope } from '#platform/service.ts';
import { keysOf, putAccessKey } from '#services/iam/access-keys/keys.ts';
import { invalidInput, limitExceeded, noSuchKey } from '#services/iam/errors.ts';
import type { IamIdentity } from '#services/iam/identity/identity.ts';
import { identitiesChanged } from '#services/iam/identity/memory.ts';
import { userById } from '#services/iam/identity/principals.ts';
import { entityArn } from '#services/iam/names.ts';
import { credentialOwner } from '#services/iam/owners.ts';
import { counted, pageOf } from '#services/iam/paging.ts';
import { type AccessKeyRow, accessKeys, keysOfOwner, lastUses, wholeSecond } from '#services/iam/state.ts';

const KEYS_PER_USER = 'L-8758042E';

function ownKey(call: Call, input: { readonly UserName?: string; readonly AccessKeyId: string }): AccessKeyRow {
  const owner = credentialOwner(call.tx, input, call);
  const row = call.tx.get(accessKeys, accessKeys.key(input.AccessKeyId));
  return row?.owner === owner.id ? row : noSuchKey(input.AccessKeyId);
}

export const createAccessKey =
  (sealer: Sealer) =>
  (input: Model.CreateAccessKeyRequest, call: Call): Model.CreateAccessKeyResponse => {
    const { tx, account, now } = call;
    const { id, name } = credentialOwner(tx, input, call);
    const most = call.quota(KEYS_PER_USER);
    if (keysOf(tx, id).length >= most) limitExceeded('AccessKeysPerUser', most);
    const { accessKeyId, secretAccessKey } = putAccessKey(tx, sealer, { account, owner: id, now });
    identitiesChanged(tx);
    return {
      AccessKey: {
        UserName: name,
        AccessKeyId: accessKeyId,
        Status: 'Active',
        SecretAccessKey: secretAccessKey,
        CreateDate: wholeSecond(now),
      },
    };
  };

export const listAccessKeys =
  (pages: PageTokens) =>
  (input: Model.ListAccessKeysRequest, call: Call): Model.ListAccessKeysResponse => {
    const { id, name } = credentialOwner(call.tx, input, call);
    const { items, end } = pageOf(pages, call, input, id, counted(keysOf(call.tx, id)));
    const views = items.map((row) => ({
      UserName: name,
      AccessKeyId: row.id,
      Status: row.status,
      CreateDate: row.createdAt,
    }));
    return { AccessKeyMetadata: views, ...end };
  };

export function updateAccessKey(input: Model.UpdateAccessKeyRequest, call: Call): void {
  const { Status: status } = input;
  if (status === 'Expired') throw invalidInput('The status of an access key can be Active or Inactive.');
  const row = ownKey(call, input);
  call.tx.put(accessKeys, accessKeys.key(row.id), { ...row, status });
  identitiesChanged(call.tx);
}

export function deleteAccessKey(input: Model.DeleteAccessKeyRequest, call: Call): void {
  const { tx } = call;
  const { id, owner } = ownKey(call, input);
  tx.delete(accessKeys, accessKeys.key(id));
  tx.delete(keysOfOwner, keysOfOwner.key(owner, id));
  tx.delete(lastUses, lastUses.key(id));
  identitiesChanged(tx);
}

/** The user whose key is asked about. */
export function keyOwnerArn({ AccessKeyId }: Model.GetAccessKeyLastUsedRequest, scope: CallScope): string {
  const user = scope.read((tx) => {
    const row = tx.get(accessKeys, accessKeys.key(AccessKeyId));
    return row && userById(tx, row.owner);
  });
  return user ? entityArn(scope.account, 'user', user) : '*';
}

export const getAccessKeyLastUsed =
  (identity: IamIdentity) =>
  ({ AccessKeyId }: Model.GetAccessKeyLastUsedRequest, { tx, account }: Call): Model.GetAccessKeyLastUsedResponse => {
    const row = tx.get(accessKeys, accessKeys.key(AccessKeyId)) ?? noSuchKey(AccessKeyId);
    const use = identity.lastUse(AccessKeyId) ?? tx.get(lastUses, lastUses.key(AccessKeyId));
    return {
      UserName: userById(tx, row.owner)?.name ?? account,
      AccessKeyLastUsed: use
        ? { LastUsedDate: wholeSecond(use.at), ServiceName: use.service, Region: use.region }
        : { ServiceName: 'N/A', Region: 'N/A' },
    };
  };
