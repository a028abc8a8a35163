/**
 * Who is signed in. Credentials live in this page's memory alone: they are gone when the tab closes or loads anew, and no other page can
 * read them. All calls are signed with them, like any client's.
 */
import { call } from './makonis.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface Session {
  readonly credentials: Credentials;
  /** As people read it: `anna @ 123456789012`. */
  readonly name: string;
  readonly expiresAt?: Date;
}

export interface PasswordSignIn {
  readonly account: string;
  /** Empty: the root user. */
  readonly userName: string;
  readonly password: string;
  readonly mfaCode: string;
  /** Where the old one must be changed. */
  readonly newPassword: string;
}

interface SignInResponse {
  readonly Credentials: {
    readonly AccessKeyId: string;
    readonly SecretAccessKey: string;
    readonly SessionToken: string;
    readonly Expiration: number;
  };
  readonly AccountId: string;
}

export async function signInByPassword(given: PasswordSignIn): Promise<Session> {
  const { account, userName, password, mfaCode, newPassword } = given;
  const { Credentials, AccountId } = await call<SignInResponse>('SignIn', {
    Account: account,
    Password: password,
    ...(userName !== '' && { UserName: userName }),
    ...(mfaCode !== '' && { MfaCode: mfaCode }),
    ...(newPassword !== '' && { NewPassword: newPassword }),
  });
  return {
    credentials: {
      accessKeyId: Credentials.AccessKeyId,
      secretAccessKey: Credentials.SecretAccessKey,
      sessionToken: Credentials.SessionToken,
    },
    name: `${userName || 'root'} @ ${AccountId}`,
    expiresAt: new Date(Credentials.Expiration * 1000),
  };
}
