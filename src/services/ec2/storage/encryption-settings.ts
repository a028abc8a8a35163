/** Encryption by default, and the key that is used where none is named. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { changeStorageSettings, storageSettings } from '#services/ec2/storage/state.ts';

const MANAGED_KEY = 'alias/aws/ebs';

export const getEncryptionByDefault = (_: unknown, { tx }: Call): Model.GetEbsEncryptionByDefaultResult => ({
  EbsEncryptionByDefault: storageSettings(tx).encryptsByDefault ?? false,
  SseType: 'sse-ebs',
});

export function enableEncryptionByDefault(_: unknown, { tx }: Call): Model.EnableEbsEncryptionByDefaultResult {
  changeStorageSettings(tx, { encryptsByDefault: true });
  return { EbsEncryptionByDefault: true };
}

export function disableEncryptionByDefault(_: unknown, { tx }: Call): Model.DisableEbsEncryptionByDefaultResult {
  changeStorageSettings(tx, { encryptsByDefault: false });
  return { EbsEncryptionByDefault: false };
}

export const getDefaultKey = (_: unknown, { tx }: Call): Model.GetEbsDefaultKmsKeyIdResult => ({
  KmsKeyId: storageSettings(tx).defaultKey ?? MANAGED_KEY,
});

/** The key has to be there; who names it needs kms:DescribeKey. */
export const modifyDefaultKey =
  ({ envelopes }: Ec2Parts) =>
  async ({ KmsKeyId: given }: Model.ModifyEbsDefaultKmsKeyIdRequest, call: Call) => {
    const key = await envelopes.keyArn(call, given);
    await again(() => call.transact((tx) => changeStorageSettings(tx, { defaultKey: key })));
    return { KmsKeyId: key };
  };

export function resetDefaultKey(_: unknown, { tx }: Call): Model.ResetEbsDefaultKmsKeyIdResult {
  changeStorageSettings(tx, { defaultKey: MANAGED_KEY });
  return { KmsKeyId: MANAGED_KEY };
}
