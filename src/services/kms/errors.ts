/** Every error that KMS answers with, in AWS's words where we know them (README.md lists the others). */
import { problemsOf } from '#platform/error.ts';

type Worded = readonly [code: string, message: string];

const ERRORS = {
  KeyNotFound: (arn: string): Worded => ['NotFoundException', `Key '${arn}' does not exist`],
  InvalidKeyId: (id: string): Worded => ['NotFoundException', `Invalid keyId '${id}'`],
  InvalidRegion: (region: string): Worded => ['NotFoundException', `Invalid arn ${region}`],
  AliasNotFound: (arn: string): Worded => ['NotFoundException', `Alias ${arn} is not found.`],
  GrantNotFound: (id: string): Worded => ['NotFoundException', `Grant ID ${id} not found`],
  PolicyNotFound: (): Worded => ['NotFoundException', 'No such policy exists'],
  MaterialNotFound: (id: string): Worded => ['NotFoundException', `Key material ${id} does not exist`],
  CustomKeyStoreNotFound: (): Worded => ['CustomKeyStoreNotFoundException', 'There are no custom key stores here.'],
  InvalidArn: (arn: string): Worded => ['InvalidArnException', `Invalid arn ${arn}`],
  NoAliases: (): Worded => ['InvalidArnException', 'Key Aliases are not supported for this operation.'],
  ArnInPolicy: (): Worded => ['InvalidArnException', 'An ARN in the specified key policy is invalid.'],
  NoSuchPrincipal: (arn: string): Worded => ['InvalidArnException', `ARN does not refer to a valid principal: ${arn}`],
  /** What a ciphertext itself names may be anybody's: it is not told whether there is such a key. */
  NoKeyOfCiphertext: (caller: string, action: string): Worded => [
    'AccessDenied',
    `User: ${caller} is not authorized to perform: ${action} on the resource associated with this ciphertext because the resource ` +
      'does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access',
  ],
  OtherAccount: (arn: string): Worded => [
    'AccessDenied',
    `This operation can't be performed on a KMS key in another account: ${arn}`,
  ],
  Disabled: (arn: string): Worded => ['DisabledException', `${arn} is disabled.`],
  PendingDeletion: (arn: string): Worded => ['KMSInvalidStateException', `${arn} is pending deletion.`],
  PendingReplicaDeletion: (arn: string): Worded => ['KMSInvalidStateException', `${arn} is pending replica deletion.`],
  PendingImport: (arn: string): Worded => ['KMSInvalidStateException', `${arn} is pending import.`],
  NotPendingDeletion: (arn: string): Worded => ['KMSInvalidStateException', `${arn} is not pending deletion.`],
  NotPendingRotation: (arn: string): Worded => [
    'KMSInvalidStateException',
    `${arn} has no key material in the state PENDING_ROTATION.`,
  ],
  WrongOrigin: (arn: string, origin: string): Worded => [
    'UnsupportedOperationException',
    `${arn} origin is ${origin} which is not valid for this operation.`,
  ],
  WrongSpec: (arn: string, spec: string): Worded => [
    'UnsupportedOperationException',
    `${arn} key spec is ${spec} which is not valid for this operation.`,
  ],
  AwsManaged: (arn: string): Worded => [
    'UnsupportedOperationException',
    `${arn} is an AWS managed key, which is not valid for this operation.`,
  ],
  NotPrimary: (arn: string): Worded => ['UnsupportedOperationException', `${arn} is not a multi-Region primary key.`],
  Unsupported: (message: string): Worded => ['UnsupportedOperationException', message],
  WrongUsage: (arn: string, usage: string, operation: string): Worded => [
    'InvalidKeyUsageException',
    `${arn} key usage is ${usage} which is not valid for ${operation}.`,
  ],
  Incompatible: (algorithm: string, spec: string): Worded => [
    'InvalidKeyUsageException',
    `Algorithm ${algorithm} and key spec ${spec} are incompatible.`,
  ],
  InvalidCiphertext: (): Worded => ['InvalidCiphertextException', ''],
  IncorrectKey: (): Worded => [
    'IncorrectKeyException',
    'The key ID in the request does not identify a CMK that can perform this operation.',
  ],
  InvalidSignature: (): Worded => ['KMSInvalidSignatureException', ''],
  InvalidMac: (): Worded => ['KMSInvalidMacException', ''],
  DryRun: (): Worded => ['DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.'],
  AliasExists: (arn: string): Worded => ['AlreadyExistsException', `An alias with the name ${arn} already exists`],
  ReplicaExists: (arn: string): Worded => ['AlreadyExistsException', `${arn} already exists`],
  AliasPrefix: (): Worded => [
    'ValidationException',
    'Invalid identifier: Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
  ],
  ReservedAlias: (): Worded => ['InvalidAliasNameException', 'Alias names with the prefix alias/aws/ are reserved.'],
  InvalidAlias: (name: string): Worded => ['InvalidAliasNameException', `${name} is not a valid alias name.`],
  PolicyLockout: (): Worded => [
    'MalformedPolicyDocumentException',
    'The new key policy will not allow you to update the key policy in the future.',
  ],
  MalformedPolicy: (message: string): Worded => ['MalformedPolicyDocumentException', message],
  QuotaExceeded: (quota: string, limit: number, usage: number): Worded => [
    'LimitExceededException',
    `${quota} quota for this account in this region is ${limit}, current usage is ${usage}.`,
  ],
  PolicyTooLong: (most: number): Worded => [
    'LimitExceededException',
    `The key policy document must not exceed ${most} bytes.`,
  ],
  Tag: (message: string): Worded => ['TagException', message],
  InvalidGrantToken: (): Worded => ['InvalidGrantTokenException', 'Invalid grant token.'],
  InvalidGrantId: (id: string): Worded => ['InvalidGrantIdException', `Invalid grant id ${id}`],
  InvalidMarker: (): Worded => ['InvalidMarkerException', 'Invalid marker.'],
  InvalidImportToken: (): Worded => ['InvalidImportTokenException', ''],
  ExpiredImportToken: (): Worded => ['ExpiredImportTokenException', ''],
  IncorrectKeyMaterial: (message: string): Worded => ['IncorrectKeyMaterialException', message],
  RotationSoon: (): Worded => [
    'ConflictException',
    'An automatic rotation of this key is in progress or scheduled to begin within the next 20 minutes.',
  ],
  Attestation: (): Worded => [
    'ValidationException',
    'The attestation document is invalid: this cloud has no attested environments.',
  ],
  Validation: (message: string): Worded => ['ValidationException', message],
} as const;

type Problem = keyof typeof ERRORS;

const problem = problemsOf(ERRORS);

export function fail<Name extends Problem>(name: Name, ...args: Parameters<(typeof ERRORS)[Name]>): never {
  throw problem(name, ...args);
}
