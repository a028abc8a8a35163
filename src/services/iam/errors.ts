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
export const invalidInput = (message: string): never => fail('InvalidInput', message);
export const invalidMarker = (): never => fail('ValidationError', 'Invalid Marker.');

/** What authentication says of a key that is unknown, inactive or does not belong to its token. */
export const invalidToken = (): never =>
  fail('InvalidClientTokenId', 'The security token included in the request is invalid.');
export const expiredToken = (): never => fail('ExpiredToken', 'The security token included in the request is expired');
