/** DescribeKey, which also makes the AWS managed key of an alias that has none yet. */
import type * as Model from '#platform/model/generated/kms.ts';
import type { Call } from '#platform/service.ts';
import { checkGrantTokens } from '#services/kms/grants/tokens.ts';
import { keyOf } from '#services/kms/identify.ts';
import { metadataOf } from '#services/kms/keys/metadata.ts';
import { ensureManagedKey } from '#services/kms/managed/managed-keys.ts';
import { managedService } from '#services/kms/managed/services.ts';
import type { KmsParts } from '#services/kms/parts.ts';

export function describeKey(parts: KmsParts, input: Model.DescribeKeyRequest, call: Call): Model.DescribeKeyResponse {
  const { tx, principal } = call;
  checkGrantTokens(parts, input.GrantTokens);
  const service = managedService(input.KeyId);
  const isOwn = 'account' in principal && principal.account === call.account;
  if (service !== undefined && isOwn) ensureManagedKey(parts, tx, call, service);
  return { KeyMetadata: metadataOf(keyOf(tx, call, input.KeyId), call.account, call.region) };
}
