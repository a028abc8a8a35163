/** What an operation's model documents, our code has elsewhere, and the operation itself can't answer with: each with its reason. */
import type { NotMet } from './met-errors.ts';

/** The services that are held to it. */
export const NOT_MET: Readonly<Record<string, NotMet>> = {
  kms: {
    InvalidArnException: { in: ['CreateKey'], why: 'it is given no ARN; one in its policy makes the policy malformed' },
    InvalidKeyUsageException: { in: ['GetPublicKey'], why: 'a key of any usage that has a public key shows it' },
    KMSInvalidStateException: {
      in: [
        'DeleteAlias',
        'DeleteImportedKeyMaterial',
        'GetKeyPolicy',
        'GetKeyRotationStatus',
        'ListGrants',
        'ListKeyPolicies',
        'ListKeyRotations',
        'PutKeyPolicy',
        'RetireGrant',
        'RevokeGrant',
      ],
      why: 'allowed in every state that a key can be in here; AWS has states of custom key stores besides',
    },
    LimitExceededException: { in: ['EnableKey'], why: 'the quota counts keys, enabled or not' },
    NotFoundException: { in: ['ListRetirableGrants'], why: 'it names no key' },
    TagException: { in: ['UntagResource'], why: 'a tag key of the right length is removed, or was never there' },
    UnsupportedOperationException: {
      in: ['GenerateRandom', 'PutKeyPolicy'],
      why: 'of custom key stores; nobody is allowed to change the policy of an AWS managed key in the first place',
    },
  },
};
