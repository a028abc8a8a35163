/** How people get in, as operations: the sign-in itself, the code for a command line, and the operator's way to a root password. */
import type { AccountId } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/makonis.ts';
import type { Call, CallScope, Handlers } from '#platform/service.ts';
import type { PeopleApi } from '#services/iam/api.ts';
import { accountArn, anyAccount, owner } from '#services/makonis/operator.ts';
import type { SignInApi } from '#services/signin/api.ts';

interface PeopleParts {
  readonly people: PeopleApi;
  readonly signIn: SignInApi;
}

const signIn =
  (parts: PeopleParts) =>
  async (input: Model.SignInRequest, call: Call): Promise<Model.SignInResponse> => {
    const { UserName: userName, MfaCode: mfaCode, NewPassword: newPassword, DurationSeconds: durationSeconds } = input;
    const request = {
      account: input.Account,
      password: input.Password,
      ...(userName !== undefined && { userName }),
      ...(mfaCode !== undefined && { mfaCode }),
      ...(newPassword !== undefined && { newPassword }),
      ...(durationSeconds !== undefined && { durationSeconds }),
    };
    const { credentials, expiresAt, account, arn, isMfaUsed, ...rest } = await parts.signIn.signIn(request, call);
    return {
      Credentials: {
        AccessKeyId: credentials.accessKeyId,
        SecretAccessKey: credentials.secretAccessKey,
        SessionToken: credentials.sessionToken,
        Expiration: expiresAt,
      },
      AccountId: account,
      Arn: arn,
      MfaUsed: isMfaUsed,
      ...(rest.userName !== undefined && { UserName: rest.userName }),
      ...(rest.passwordExpiresAt !== undefined && { PasswordExpiresAt: rest.passwordExpiresAt }),
    };
  };

const authorizeOAuth2Access =
  (parts: PeopleParts) =>
  async (input: Model.AuthorizeOAuth2AccessRequest, call: Call): Promise<Model.AuthorizeOAuth2AccessResponse> => {
    const { location, verificationCode } = await parts.signIn.authorize(
      {
        clientId: input.ClientId,
        redirectUri: input.RedirectUri,
        codeChallenge: input.CodeChallenge,
        state: input.State,
      },
      call,
    );
    return {
      ...(location !== undefined && { Location: location }),
      ...(verificationCode !== undefined && { VerificationCode: verificationCode }),
    };
  };

const setRootPassword =
  ({ people }: PeopleParts) =>
  async (input: Model.SetRootPasswordRequest, call: Call): Promise<Model.SetRootPasswordResponse> => {
    // Twelve digits, by the model.
    const account = input.AccountId as AccountId;
    const isThere = people.account(account) !== undefined;
    const root = isThere ? people.person(account, undefined) : undefined;
    if (!root) return fail('AccountNotFoundException', `There is no account ${account}.`);
    await people.setPassword(root, input.Password, call.now);
    return {};
  };

export const peopleOperations = (parts: PeopleParts) =>
  ({
    SetRootPassword: {
      handler: setRootPassword(parts),
      resource: ({ AccountId }: Model.SetRootPasswordRequest) => accountArn(AccountId),
      owner,
      steps: true,
    },
    // Whoever knows a password. The account's own audit says who signed in (services/signin/events.ts), so this one need not.
    SignIn: {
      handler: signIn(parts),
      resource: anyAccount,
      owner,
      anonymous: true,
      always: true,
      steps: true,
      // A share of what the cloud takes from all (service.ts), so that one stranger does not keep the others out.
      perSource: { perSecond: 5, burst: 100 },
      event: 'data',
    },
    // For the caller itself, in its own account, with AWS's permission.
    AuthorizeOAuth2Access: {
      handler: authorizeOAuth2Access(parts),
      resource: ({ ClientId }: Model.AuthorizeOAuth2AccessRequest, { account }: CallScope) =>
        parts.signIn.clientArn(account, ClientId),
      conditions: ({ ClientId, RedirectUri }: Model.AuthorizeOAuth2AccessRequest) => ({
        'signin:oauthclientid': ClientId,
        'signin:oauthredirecturi': RedirectUri,
      }),
      action: 'signin:AuthorizeOAuth2Access',
      steps: true,
    },
  }) satisfies Partial<Handlers<Model.MakonisOperations, object>>;
