/** IAM's errors in AWS's words, as the service and its CLI show them. */
import { fail } from '#platform/error.ts';

export const noSuchUser = (name: string): never => fail('NoSuchEntity', `The user with name ${name} cannot be found.`);
export const noSuchRole = (name: string): never => fail('NoSuchEntity', `The role with name ${name} cannot be found.`);
export const noSuchGroup = (name: string): never =>
  fail('NoSuchEntity', `The group with name ${name} cannot be found.`);
export const noSuchKey = (id: string): never => fail('NoSuchEntity', `The Access Key with id ${id} cannot be found.`);
export const noSuchPolicy = (arn: string): never =>
  fail('NoSuchEntity', `Policy ${arn} does not exist or is not attachable.`);
export const policyNotFound = (arn: string): never => fail('NoSuchEntity', `Policy ${arn} was not found.`);
export const notAttachable = (noun: string): never =>
  fail(
    'PolicyNotAttachable',
    `Cannot attach a Service Role Policy to a Customer ${noun.charAt(0).toUpperCase()}${noun.slice(1)}.`,
  );
export const noSuchVersion = (arn: string, version: string): never =>
  fail('NoSuchEntity', `Policy ${arn} version ${version} does not exist or is not attachable.`);
export const notAttached = (arn: string): never => fail('NoSuchEntity', `Policy ${arn} was not found.`);
export const noSuchInline = (owner: string, name: string): never =>
  fail('NoSuchEntity', `The ${owner} policy with name ${name} cannot be found.`);
export const alreadyExists = (noun: 'User' | 'Role' | 'Group', name: string): never =>
  fail('EntityAlreadyExists', `${noun} with name ${name} already exists.`);
export const deleteConflict = (what: string): never =>
  fail('DeleteConflict', `Cannot delete entity, must ${what} first.`);
export const limitExceeded = (what: string, limit: number): never =>
  fail('LimitExceeded', `Cannot exceed quota for ${what}: ${limit}`);
export const loginProfileExists = (user: string): never =>
  fail('EntityAlreadyExists', `Login Profile for user ${user} already exists.`);
export const noLoginProfile = (user: string): never =>
  fail('NoSuchEntity', `Login Profile for User ${user} cannot be found.`);
export const loginProfileBusy = (user: string): never =>
  fail(
    'EntityTemporarilyUnmodifiable',
    `Login Profile for User ${user} cannot be modified while login profile is being created.`,
  );
export const passwordViolation = (reason: string): never => fail('PasswordPolicyViolation', reason);
export const noPasswordPolicy = (account: string): never =>
  fail('NoSuchEntity', `The Password Policy with domain name ${account} cannot be found.`);
export const noSuchDevice = (serial: string): never =>
  fail('NoSuchEntity', `MFA Device with serial number ${serial} cannot be found.`);
export const noSuchVirtualDevice = (serial: string): never =>
  fail('NoSuchEntity', `VirtualMFADevice with serial number ${serial} doesn't exist.`);
export const deviceExists = (): never =>
  fail('EntityAlreadyExists', 'MFADevice entity at the same path and name already exists.');
export const deviceTaken = (): never => fail('EntityAlreadyExists', 'MFA Device is already in use.');
export const deviceInUse = (): never => fail('DeleteConflict', 'MFA VirtualDevice in use. Must deactivate first.');
export const deviceNotOfUser = (): never => fail('NoSuchEntity', 'MFA Device invalid for user.');
export const invalidCodes = (): never =>
  fail('InvalidAuthenticationCode', 'Authentication code for device is not valid.');
export const invalidInput = (message: string): never => fail('InvalidInput', message);
/** Worded from memory. */
export const invalidArn = (): never => fail('InvalidInput', 'Invalid ARN:  Could not be parsed!');
export const invalidMarker = (): never => fail('ValidationError', 'Invalid Marker.');

/** What authentication says of a key that is unknown, inactive or does not belong to its token. */
export const invalidToken = (): never =>
  fail('InvalidClientTokenId', 'The security token included in the request is invalid.');
export const expiredToken = (): never => fail('ExpiredToken', 'The security token included in the request is expired');
