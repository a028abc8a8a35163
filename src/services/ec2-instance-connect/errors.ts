/** What EC2 Instance Connect answers, in the words of its API Reference. */
import { errorsOf } from '#platform/error.ts';

const ERRORS = {
  InvalidParameter: { status: 400, message: 'One of the parameters is not valid.' },
  TooManyConnections: { status: 400, message: 'There are too many connections.' },
  InvalidArgsException: { status: 400, message: 'One of the parameters is not valid.' },
  EC2InstanceNotFoundException: { status: 400, message: 'The specified instance was not found.' },
  EC2InstanceStateInvalidException: {
    status: 400,
    message:
      'Unable to connect because the instance is not in a valid state. Connecting to a stopped or terminated instance is not ' +
      'supported. If the instance is stopped, start your instance, and try to connect again.',
  },
  EC2InstanceUnavailableException: {
    status: 400,
    message: 'The instance is currently unavailable. Wait a few minutes and try again.',
  },
  EC2InstanceTypeInvalidException: {
    status: 400,
    message:
      'The instance type is not supported for connecting via the serial console. Only Nitro instance types are currently supported.',
  },
  SerialConsoleAccessDisabledException: {
    status: 400,
    message:
      'Your account is not authorized to use the EC2 Serial Console. To authorize your account, run the ' +
      'EnableSerialConsoleAccess API.',
  },
  SerialConsoleSessionLimitExceededException: {
    status: 400,
    message: 'The instance currently has 1 active serial console session. Only 1 session is supported at a time.',
  },
  ThrottlingException: {
    status: 400,
    message: 'The requests were made too frequently and have been throttled. Wait a while and try again.',
  },
} as const;

const errorOf = errorsOf(ERRORS);

export function fail(code: keyof typeof ERRORS, message?: string): never {
  throw errorOf(code, message === undefined ? {} : { message });
}
