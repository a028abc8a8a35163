/** Every error that EC2 answers with, by its code ("Error codes for the Amazon EC2 API"). Texts that are from memory: README.md. */
import { ServiceError } from '#platform/error.ts';
import { INSTANCE_ERRORS } from '#services/ec2/instance-errors.ts';
import { NETWORK_ERRORS } from '#services/ec2/network-errors.ts';
import { STORAGE_ERRORS } from '#services/ec2/storage-errors.ts';

export interface Worded {
  readonly code: string;
  readonly message: string;
  readonly status?: number;
}

const ERRORS = {
  ...INSTANCE_ERRORS,
  ...NETWORK_ERRORS,
  ...STORAGE_ERRORS,
  DryRunOperation: (): Worded => ({
    code: 'DryRunOperation',
    message: 'Request would have succeeded, but DryRun flag is set.',
    status: 412,
  }),
  MissingParameter: (name: string): Worded => ({
    code: 'MissingParameter',
    message: `The request must contain the parameter ${name}`,
  }),
  InvalidParameter: (name: string, value: string, reason = ''): Worded => ({
    code: 'InvalidParameterValue',
    message: `Value (${value}) for parameter ${name} is invalid.${reason && ` ${reason}`}`,
  }),
  InvalidCombination: (message: string): Worded => ({ code: 'InvalidParameterCombination', message }),
  InvalidValue: (message: string): Worded => ({ code: 'InvalidParameterValue', message }),
  InvalidFilter: (name: string): Worded => ({
    code: 'InvalidParameterValue',
    message: `The filter '${name}' is invalid`,
  }),
  FilterLimitExceeded: (limit: number): Worded => ({
    code: 'FilterLimitExceeded',
    message: `The maximum number of filter values specified on a single call is ${limit}`,
  }),
  InvalidNextToken: (): Worded => ({ code: 'InvalidNextToken', message: 'The token is invalid or has expired' }),
  InvalidId: (id: string): Worded => ({ code: 'InvalidID', message: `The ID '${id}' is not valid` }),
  TagLimitExceeded: (limit: number): Worded => ({
    code: 'TagLimitExceeded',
    message: `More than ${limit} tags are not allowed for a resource`,
  }),
  InvalidRegion: (name: string): Worded => ({
    code: 'InvalidParameterValue',
    message: `Invalid region name provided: ${name}`,
  }),
  InvalidZone: (name: string): Worded => ({
    code: 'InvalidParameterValue',
    message: `Invalid availability zone: [${name}]`,
  }),
  KeyPairExists: (name: string): Worded => ({
    code: 'InvalidKeyPair.Duplicate',
    message: `The keypair '${name}' already exists.`,
  }),
  NoSuchKeyPair: (name: string): Worded => ({
    code: 'InvalidKeyPair.NotFound',
    message: `The key pair '${name}' does not exist`,
  }),
  InvalidKeyFormat: (): Worded => ({
    code: 'InvalidKey.Format',
    message: 'Key is not in valid OpenSSH public key format',
  }),
  KeyPairLimitExceeded: (limit: number): Worded => ({
    code: 'KeyPairLimitExceeded',
    message: `The maximum number of key pairs (${limit}) has been reached.`,
  }),
} as const;

type Problem = keyof typeof ERRORS;

export function fail<Name extends Problem>(name: Name, ...args: Parameters<(typeof ERRORS)[Name]>): never {
  // Each entry takes what its own parameters say; the union of all of them can't be called without the cast.
  const { code, message, status } = (ERRORS[name] as (...args: unknown[]) => Worded)(...args);
  throw new ServiceError(code, message, status === undefined ? {} : { status });
}
